import fc from 'fast-check';
import { loadSqlJs } from '../src/adapters/sqlJs.ts';
import { checkFuzzSeed } from '../test/fuzz/checkSeed.ts';
import { checkKill } from '../test/kills/checkKill.ts';
import { checkLiveKill } from '../test/kills/checkLiveKill.ts';
import { buildCommandLine } from '../test/kills/commandLine.ts';
import { loadDatabaseKit } from '../test/simulation/memberDatabases.ts';
import { inMemory, simulateSeed, withGit } from '../test/simulation/simulate.ts';
import { FolderChecker } from '../test/support/checkFolder.ts';
import { cloudTeamProperty } from '../test/support/cloudTeam.ts';
import { BlankDatabases } from '../test/support/ourMember.ts';
import { slowClockProperty } from '../test/support/slowTeam.ts';
import { checkTwoWindows } from '../test/support/twoWindows.ts';
import { undoProperties } from '../test/support/undoProperties.ts';
import { walProperties } from '../test/support/walProperties.ts';
import { WASM_PATH } from '../test/support/wasm.ts';
import { checkSeed } from '../test/writerRules/checkHistory.ts';

/** A property that is checked for one seed after another; each seed stands alone, so that a run can be cut into ranges. */
export interface SoakSuite {
  readonly name: string;
  /** Seeds of a full run: 1 to this. */
  readonly seeds: number;
  /** Prepares what all seeds share. @returns the check of one seed, which throws with a message that tells all. */
  prepare(): Promise<(seed: number) => Promise<void>>;
}

export const soakSuites: readonly SoakSuite[] = [
  { name: 'writer-rules', seeds: 20_000, prepare: prepareWriterRules },
  { name: 'undo', seeds: 2000, prepare: prepareUndo },
  { name: 'team', seeds: 10_000, prepare: () => prepareTeam(inMemory) },
  { name: 'team-with-git', seeds: 300, prepare: () => prepareTeam(withGit) },
  { name: 'fuzz', seeds: 1000, prepare: async () => checkFuzzSeed },
  { name: 'kills', seeds: 500, prepare: prepareKills },
  { name: 'live-view', seeds: 500, prepare: prepareLiveView },
  { name: 'live-kills', seeds: 100, prepare: prepareLiveKills },
  { name: 'cloud', seeds: 1000, prepare: prepareCloud },
  { name: 'slow-clocks', seeds: 1000, prepare: prepareSlowClocks },
  { name: 'two-windows', seeds: 5, prepare: prepareTwoWindows },
];

async function prepareWriterRules(): Promise<(seed: number) => Promise<void>> {
  const blank = new BlankDatabases(await loadSqlJs(WASM_PATH));
  return (seed) => checkSeed(blank, seed);
}

/** Ten runs of each rule for a seed. */
async function prepareUndo(): Promise<(seed: number) => Promise<void>> {
  const properties = undoProperties(await loadSqlJs(WASM_PATH));
  return async (seed) => {
    for (const [, property] of properties) await fc.assert(property, { seed, numRuns: 10 });
  };
}

/** Ten histories of another program's database for a seed, and ten readings while it goes on. */
async function prepareLiveView(): Promise<(seed: number) => Promise<void>> {
  const properties = walProperties(await loadSqlJs(WASM_PATH), { read: 0, busy: 0 });
  return async (seed) => {
    for (const { check } of properties) await check({ seed, numRuns: 10 });
  };
}

async function prepareTeam(simulationOf: typeof inMemory): Promise<(seed: number) => Promise<void>> {
  const simulation = simulationOf(await loadDatabaseKit(WASM_PATH));
  return async (seed) => {
    const failure = await simulateSeed(seed, simulation);
    if (failure !== undefined) throw new Error(failure);
  };
}

async function prepareKills(): Promise<(seed: number) => Promise<void>> {
  const [cli, checker] = [await buildCommandLine(), await FolderChecker.load()];
  return (seed) => checkKill(cli, checker, seed);
}

async function prepareLiveKills(): Promise<(seed: number) => Promise<void>> {
  const cli = await buildCommandLine();
  return (seed) => checkLiveKill(cli, seed);
}

/** Ten runs over each kind of server for a seed. */
async function prepareCloud(): Promise<(seed: number) => Promise<void>> {
  const kit = await loadDatabaseKit(WASM_PATH);
  return async (seed) => {
    for (const isNewer of [false, true]) await fc.assert(cloudTeamProperty(kit, isNewer), { seed, numRuns: 10 });
  };
}

/** Ten teams for a seed. */
async function prepareSlowClocks(): Promise<(seed: number) => Promise<void>> {
  const property = slowClockProperty(new BlankDatabases(await loadSqlJs(WASM_PATH)));
  return (seed) => fc.assert(property, { seed, numRuns: 10 });
}

/** Nothing is random in it but what the two processes do to each other. */
async function prepareTwoWindows(): Promise<(seed: number) => Promise<void>> {
  const checker = await FolderChecker.load();
  return () => checkTwoWindows(checker, 200);
}
