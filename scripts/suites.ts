import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runHostSuites } from '../test/host/runner.ts';
import { runJourneys } from '../test/journeys/runner.ts';
import { exec } from './exec.ts';
import { packageVsix } from './packageVsix.ts';
import { results, tool } from './paths.ts';

/** How many of a suite's tests came out how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Suite {
  readonly name: string;
  /** Prints its own results. Throwing counts as one failure. */
  run(): Promise<Counts>;
}

/** Biome colours whatever it writes to under CI. */
const plain = process.stdout.isTTY ? [] : ['--colors=off'];

/** In the order of a full run: what fails fast comes first; from `package` on each needs the packed extension. */
export const suites: readonly Suite[] = [
  { name: 'types', run: () => check(tool('tsc'), ['-p', '.']) },
  { name: 'lint', run: () => check(tool('biome'), ['ci', '--error-on-warnings', '--diagnostic-level=warn', ...plain, '.']) },
  { name: 'unused', run: () => check(tool('knip'), []) },
  { name: 'unit', run: () => vitest('test/unit') },
  { name: 'interop', run: () => vitest('test/interop') },
  { name: 'package', run: runPackage },
  { name: 'host', run: runHostSuites },
  { name: 'journeys', run: runJourneys },
];

/** A tool without tests of its own counts as one test. */
async function check(program: string, args: readonly string[]): Promise<Counts> {
  const { code } = await exec(program, args, { echo: true });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** Builds and packs first: these tests read what came out. */
async function runPackage(): Promise<Counts> {
  await packageVsix();
  return vitest('test/package');
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

/** A file that cannot even be loaded has no tests that could fail, so the exit code counts too. */
async function vitest(folder: string): Promise<Counts> {
  const report = path.join(results, `${path.basename(folder)}.json`);
  mkdirSync(results, { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await exec(tool('vitest'), ['run', folder, ...reporters], { echo: true });
  const counts = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  const failed = code !== 0 && counts.numFailedTests === 0 ? 1 : counts.numFailedTests;
  return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests + counts.numTodoTests };
}
