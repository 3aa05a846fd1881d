import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Which files a run loads. They are loaded late because they call mocha's globals. */
const suites: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
  main: [
    () => import('./network.test.ts'),
    () => import('./activation.test.ts'),
    () => import('./contributions.test.ts'),
    () => import('./git.test.ts'),
    () => import('./initialise.test.ts'),
  ],
  activation: [() => import('./activationTime.test.ts')],
  responsiveness: [() => import('./responsiveness.test.ts')],
};

/**
 * What VS Code calls in its extension host (`extensionTestsPath`), in the harness and in desktop VS Code alike.
 * Results go to the file named by `ENGRAM_HOST_RESULTS`, because the window's log also carries the workbench's noise.
 */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, reporter: QuietReporter });
  mocha.suite.emit('pre-require', globalThis, 'host', mocha);
  for (const load of suites[process.env['ENGRAM_HOST_SUITE'] ?? 'main'] ?? []) await load();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  await new Promise<void>((resolve) => {
    mocha
      .run(() => resolve())
      .on('pass', () => counts.passed++)
      .on('fail', () => counts.failed++)
      .on('pending', () => counts.skipped++);
  });
  const results = process.env['ENGRAM_HOST_RESULTS'];
  if (results) writeFileSync(results, JSON.stringify(counts));
  if (counts.failed > 0) throw new Error(`${counts.failed} tests failed in the host`);
}

/** Prints with the mark that the runner looks for. */
class QuietReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on('pass', (test) => console.log(`[suite]  ✓ ${test.fullTitle()} (${test.duration} ms)`));
    runner.on('pending', (test) => console.log(`[suite]  - ${test.fullTitle()} (skipped)`));
    runner.on('fail', (test, error) => console.log(`[suite]  ✗ ${test.fullTitle()}\n${error.stack ?? error.message}`));
  }
}
