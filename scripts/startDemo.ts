import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runJourneys } from '../test/journeys/runner.ts';
import { layOutTeam, shareDemoMemories, type Team } from './demoTeam.ts';
import { exec, mustExec } from './exec.ts';
import { addressOf } from './harness/browser.ts';
import { installHarness } from './harness/install.ts';
import { shortTemporaryFolder, startServer } from './harness/server.ts';
import { packageVsix } from './packageVsix.ts';
import { vsix } from './paths.ts';

await packageVsix();
if (process.argv.includes('--smoke')) {
  const { passed, failed } = await runJourneys({ only: 'The story' });
  process.exit(passed > 0 && failed === 0 ? 0 : 1);
}

const folder = shortTemporaryFolder();
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
});
try {
  const team = await layOutTeam(path.join(folder, 'team'));
  await shareDemoMemories(team);
  const hasDesktop = (await exec('code', ['--version'])).code === 0;
  const close = hasDesktop ? await openDesktop(team) : await openServer(team);
  console.log(explanation(team));
  await stopped;
  await close();
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);

/** A profile of its own, so that neither settings nor extensions of the person mix with the demo. */
async function openDesktop(team: Team): Promise<() => Promise<void>> {
  const profile = ['--user-data-dir', path.join(folder, 'user'), '--extensions-dir', path.join(folder, 'extensions')];
  mkdirSync(path.join(folder, 'extensions'));
  await mustExec('code', [...profile, '--install-extension', vsix]);
  const child = spawn('code', [...profile, '--new-window', '--wait', team.bob], { stdio: 'ignore' });
  child.on('exit', () => process.kill(process.pid, 'SIGTERM'));
  return async () => void child.kill();
}

async function openServer(team: Team): Promise<() => Promise<void>> {
  const server = await startServer(await installHarness(), {
    name: 'demo',
    install: [vsix],
    settings: { 'security.workspace.trust.enabled': false },
  });
  console.log(`\nBob's window:   ${addressOf(server, { folder: team.bob })}\nAlice's window: ${addressOf(server, { folder: team.alice })}`);
  return server.stop;
}

function explanation(team: Team): string {
  return [
    '',
    'A team of two shares its memories through git:',
    `  bob    ${team.bob}     (open now; run "git pull" in its terminal: a chunk of alice arrives)`,
    `  alice  ${team.alice}`,
    `  remote ${team.remote}`,
    'Ctrl+C ends the demo and removes everything.',
  ].join('\n');
}
