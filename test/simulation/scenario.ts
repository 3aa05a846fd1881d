import type { AgentActionName } from './agentActions.ts';
import type { FolderAction } from './folderActions.ts';
import * as folder from './folderActions.ts';
import type { MemoryActionName } from './memoryActions.ts';
import { Random } from './random.ts';
import type { Program } from './teammate.ts';

export const FOLDER_ACTIONS = {
  sync: folder.sync,
  repair: folder.repair,
  importOnly: folder.importOnly,
  settle: folder.settle,
  exportOnly: folder.exportOnly,
  commit: folder.commit,
  pull: folder.pull,
  push: folder.push,
  publish: folder.publish,
  share: folder.share,
  branchOff: folder.branchOff,
  switchBranch: folder.switchBranch,
  mergeBranch: folder.mergeBranch,
  deleteBranch: folder.deleteBranch,
  discard: folder.discard,
  restoreManifest: folder.restoreManifest,
  dropEntry: folder.dropEntry,
  loseIndex: folder.loseIndex,
  crash: folder.crash,
} satisfies Record<string, FolderAction>;

export type StepName = MemoryActionName | AgentActionName | keyof typeof FOLDER_ACTIONS | 'clockJump';

/** How often each happens, in parts of the whole. */
const WEIGHTS: Readonly<Record<StepName, number>> = {
  save: 24,
  edit: 7,
  remove: 3,
  prompt: 3,
  removePrompt: 1,
  startSession: 1,
  endSession: 3,
  relate: 2,
  judge: 1,
  agentSave: 3,
  agentEdit: 8,
  agentRemove: 2,
  agentRemovePrompt: 1,
  agentEndSession: 2,
  agentJudge: 1,
  sync: 8,
  repair: 1,
  importOnly: 1,
  settle: 3,
  exportOnly: 3,
  commit: 6,
  pull: 6,
  push: 6,
  publish: 14,
  share: 14,
  branchOff: 1.5,
  switchBranch: 3,
  mergeBranch: 3,
  deleteBranch: 1,
  discard: 0.7,
  restoreManifest: 0.7,
  dropEntry: 0.7,
  loseIndex: 0.7,
  crash: 4,
  clockJump: 1.5,
};

/** One step has its own seed, so that leaving another out does not change it. */
export interface Step {
  readonly who: number;
  readonly name: StepName;
  readonly seed: number;
}

export interface Scenario {
  readonly seed: number;
  readonly people: readonly Program[];
  readonly steps: readonly Step[];
}

/** How large scenarios become; the real git is slow. */
export interface Size {
  readonly people: number;
  readonly steps: number;
}

export const LARGE: Size = { people: 8, steps: 120 };
export const SMALL: Size = { people: 3, steps: 20 };

export function scenarioOf(seed: number, size: Size): Scenario {
  const random = new Random(seed);
  const people = peopleOf(random).slice(0, size.people);
  const weights = habits(random);
  const steps = Array.from({ length: random.int(Math.min(15, size.steps / 2), size.steps) }, (): Step => {
    return { who: random.int(0, people.length - 1), name: stepName(weights, random), seed: random.int(0, 2 ** 31) };
  });
  return { seed, people, steps };
}

/** Of two to eight people; in four teams of ten some have older programs, but never all. */
function peopleOf(random: Random): Program[] {
  const count = random.oneOf(2, 2, 3, 3, 4, 5, 6, 8);
  const isMixed = random.chance(0.4);
  const others = Array.from({ length: count - 1 }, () => (isMixed ? random.oneOf<Program>('ours', 'v1.14.0', 'v1.16.1') : 'ours'));
  return ['ours', ...others];
}

/** Teams differ: one never uses branches, the next lives on them. Without this rare things would hardly ever meet. */
function habits(random: Random): readonly (readonly [StepName, number])[] {
  const entries = Object.entries(WEIGHTS) as [StepName, number][];
  return entries.map(([name, weight]) => [name, name === 'save' ? weight : weight * random.oneOf(0, 0.3, 1, 1, 1, 3)]);
}

function stepName(weights: readonly (readonly [StepName, number])[], random: Random): StepName {
  let left = random.next() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  const found = weights.find(([, weight]) => {
    left -= weight;
    return left < 0;
  });
  return found?.[0] ?? 'save';
}
