import { verdict } from './finish.ts';
import { ModelRemote } from './gitModel.ts';
import type { DatabaseKit } from './memberDatabases.ts';
import { ModelClone } from './modelClone.ts';
import { Random } from './random.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { type Hosting, Team } from './team.ts';

export interface Failure {
  readonly seed: number;
  readonly findings: readonly string[];
  readonly trace: readonly string[];
}

/** Runs one scenario. @returns `undefined` where everything holds. An error of the engine is a finding, too. */
export async function runScenario(scenario: Scenario, kit: DatabaseKit, hosting = modelHosting): Promise<Failure | undefined> {
  const team = new Team(scenario, kit, hosting);
  try {
    const findings: string[] = [];
    try {
      for (const step of scenario.steps) await team.take(step);
      findings.push(...(await verdict(team, new Random(scenario.seed ^ 0xf1a1))));
    } catch (error) {
      findings.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    return findings.length === 0 ? undefined : { seed: scenario.seed, findings, trace: team.trace };
  } finally {
    team.dispose();
  }
}

export interface SimulationOptions {
  /** Default: a model of git in memory, about fifty times as fast as the real one. */
  readonly hosting?: (now: () => number) => Hosting;
  readonly progress?: (seed: number) => void;
}

/**
 * Runs the scenarios of a range of seeds, both ends included; the seed of a failure runs it again. A failing scenario comes back
 * without the steps that it does not need.
 */
export async function simulateSeeds(from: number, to: number, kit: DatabaseKit, options: SimulationOptions = {}): Promise<Failure[]> {
  const { hosting = modelHosting, progress } = options;
  const failures: Failure[] = [];
  for (let seed = from; seed <= to; seed += 1) {
    const scenario = scenarioOf(seed);
    const failure = await runScenario(scenario, kit, hosting);
    if (failure) failures.push((await runScenario(await shortest(scenario, kit, hosting), kit, hosting)) ?? failure);
    progress?.(seed);
  }
  return failures;
}

/** Leaves out steps, in halves, then quarters, down to single ones, as long as it still fails. */
async function shortest(scenario: Scenario, kit: DatabaseKit, hosting: (now: () => number) => Hosting): Promise<Scenario> {
  let best = scenario;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      const shorter = { ...best, steps: best.steps.toSpliced(at, size) };
      if (await runScenario(shorter, kit, hosting)) best = shorter;
      else at += size;
    }
  }
  return best;
}

function modelHosting(now: () => number): Hosting {
  const remote = new ModelRemote(now());
  return { clone: (_name, clock) => new ModelClone(remote, clock), dispose: () => undefined };
}
