// `npm run test:electron`: the suite of the harness in a desktop VS Code, which has to be downloaded.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { layOutTeam, shareDemoMemories } from '../../scripts/demoTeam.ts';
import { shortTemporaryFolder } from '../../scripts/harness/server.ts';
import { packageVsix } from '../../scripts/packageVsix.ts';
import { dist, root } from '../../scripts/paths.ts';

const vscode = await downloadAndUnzipVSCode('stable').catch((error: unknown) => {
  console.log(`skipped: no desktop VS Code could be downloaded (${error instanceof Error ? error.message : String(error)})`);
  process.exit(0);
});
await packageVsix();
const folder = shortTemporaryFolder();
const results = path.join(folder, 'results.json');
try {
  const team = await layOutTeam(path.join(folder, 'team'));
  await shareDemoMemories(team);
  await runTests({
    vscodeExecutablePath: vscode,
    extensionDevelopmentPath: root,
    extensionTestsPath: path.join(dist, 'test/index.js'),
    launchArgs: [team.bob, '--disable-workspace-trust', '--disable-extensions', '--user-data-dir', path.join(folder, 'user')],
    extensionTestsEnv: { ENGRAM_HOST_TEAM: JSON.stringify(team), ENGRAM_HOST_RESULTS: results },
  });
} catch {
  process.exitCode = 1;
} finally {
  if (existsSync(results)) console.log(readFileSync(results, 'utf8'));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
