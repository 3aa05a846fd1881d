import type { DatabaseKit } from './memberDatabases.ts';
import { verdict } from './finish.ts';
import { ModelRemote } from './gitModel.ts';
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

/** The scenarios of a range of seeds, both ends included; the shortest scenarios that still fail come back. */
export async function simulateSeeds(from: number, to: number, kit: DatabaseKit, progress: (seed: number) => void = () => undefined): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (let seed = from; seed <= to; seed += 1) {
    const scenario = scenarioOf(seed);
    if (await runScenario(scenario, kit)) {
      const failure = await runScenario(await shortest(scenario, kit), kit);
      if (failure) failures.push(failure);
    }
    progress(seed);
  }
  return failures;
}

/** Leaves out steps, in halves, then quarters, down to single ones, as long as it still fails. */
async function shortest(scenario: Scenario, kit: DatabaseKit): Promise<Scenario> {
  let best = scenario;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      const shorter = { ...best, steps: best.steps.toSpliced(at, size) };
      if (await runScenario(shorter, kit)) best = shorter;
      else at += size;
    }
  }
  return best;
}

export function modelHosting(now: () => number): Hosting {
  const remote = new ModelRemote(now());
  return { clone: (_name, clock) => new ModelClone(remote, clock), dispose: () => undefined };
}
