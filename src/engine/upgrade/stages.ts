import type { CloudStore, CloudUpgradeState, UpgradeStage } from '../cloud/cloudPorts.ts';

const BOOTSTRAP_STEPS: readonly UpgradeStage[] = ['bootstrap_enrolled', 'bootstrap_pushed', 'bootstrap_verified'];

/** How many steps of a bootstrap a stage has behind it: 0 to 3 (Go `upgradeStageOrder`). */
export function stepsDone(stage: UpgradeStage): number {
  return BOOTSTRAP_STEPS.indexOf(stage) + 1;
}

const NO_TEXTS = { lastErrorCode: '', lastErrorMessage: '', findingsJson: '', appliedActions: '' } as const;

/** Saves where an upgrade stands; texts that are not given are cleared, and the store keeps the snapshot. @param at `YYYY-MM-DD HH:MM:SS` */
export function saveStage(
  cloud: CloudStore,
  project: string,
  at: string,
  state: Pick<CloudUpgradeState, 'stage' | 'repairClass'> & Partial<CloudUpgradeState>,
): void {
  cloud.saveUpgradeState({ project, snapshot: undefined, ...NO_TEXTS, ...state, updatedAt: at });
}
