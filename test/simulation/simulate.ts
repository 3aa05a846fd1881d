import { verdict } from './finish.ts';
import { ModelRemote } from './gitModel.ts';
import type { DatabaseKit } from './memberDatabases.ts';
import { ModelClone } from './modelClone.ts';
import { Random } from './random.ts';
import { realHosting } from './realClone.ts';
import { LARGE, type Scenario, type Size, SMALL, scenarioOf } from './scenario.ts';
import { type Hosting, Team } from './team.ts';

interface Failure {
  readonly seed: number;
  readonly findings: readonly string[];
  readonly trace: readonly string[];
}

/** What scenarios are run with. */
export interface Simulation {
  readonly kit: DatabaseKit;
  readonly size: Size;
  readonly hosting: (now: () => number) => Hosting;
}

/** A model of git in memory, with which a scenario takes about 50 ms. */
export function inMemory(kit: DatabaseKit): Simulation {
  const hosting = (now: () => number): Hosting => {
    const remote = new ModelRemote(now());
    return { clone: (_name, clock) => new ModelClone(remote, clock), dispose: () => undefined };
  };
  return { kit, size: LARGE, hosting };
}

/** The real git on disk, with which even a small scenario takes seconds. */
export function withGit(kit: DatabaseKit): Simulation {
  return { kit, size: SMALL, hosting: realHosting };
}

/**
 * Runs the scenario of one seed; the same seed gives the same scenario again.
 *
 * @returns `undefined` where everything holds; else what a person needs, of the shortest scenario that still fails.
 */
export async function simulateSeed(seed: number, simulation: Simulation): Promise<string | undefined> {
  const scenario = scenarioOf(seed, simulation.size);
  const failure = await runScenario(scenario, simulation, false);
  return failure && describeFailure((await runScenario(await shortest(scenario, simulation), simulation, true)) ?? failure);
}

/** @returns `undefined` where everything holds. An error of the engine is a finding, too. */
async function runScenario(scenario: Scenario, { kit, hosting }: Simulation, isTraced: boolean): Promise<Failure | undefined> {
  const team = new Team(scenario, { kit, hosting, isTraced });
  try {
    const findings = await findingsOf(scenario, team);
    return findings.length === 0 ? undefined : { seed: scenario.seed, findings, trace: team.trace };
  } finally {
    team.dispose();
  }
}

async function findingsOf(scenario: Scenario, team: Team): Promise<readonly string[]> {
  try {
    for (const step of scenario.steps) await team.take(step);
    return await verdict(team, new Random(scenario.seed ^ 0xf1a1));
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

/** Leaves out steps, in halves, then quarters, down to single ones, as long as it still fails. */
async function shortest(scenario: Scenario, simulation: Simulation): Promise<Scenario> {
  let best = scenario;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      const shorter = { ...best, steps: best.steps.toSpliced(at, size) };
      if (await runScenario(shorter, simulation, false)) best = shorter;
      else at += size;
    }
  }
  return best;
}

function describeFailure({ seed, findings, trace }: Failure): string {
  return [`seed ${seed}`, ...trace, ...findings].join('\n');
}
