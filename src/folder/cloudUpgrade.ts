import type { CloudUpgradeReport, CloudUpgradeStep } from '../engine/cloud/cloudState.ts';
import type { CallContext } from '../engine/folderRequests.ts';
import { type BootstrapParts, type BootstrapSync, bootstrapProject } from '../engine/upgrade/bootstrap.ts';
import { examineUpgrade } from '../engine/upgrade/diagnose.ts';
import { repairCloudUpgrade } from '../engine/upgrade/repair.ts';
import { rollbackProject, type UpgradeLifecycleHooks } from '../engine/upgrade/rollback.ts';

/** What one step of an upgrade works with, under the lock of the databases. */
export interface UpgradeStepParts extends Omit<BootstrapParts, 'sync'> {
  /** Normalised. */
  readonly project: string;
  /** A server is configured, and its address is sound. */
  readonly isConfigured: boolean;
  /** A repair only says what it would do. */
  readonly planOnly: boolean;
  readonly createdBy: string;
  /** Made when it is needed: a diagnosis needs no server. @throws {EngramError} cloud-config */
  readonly sync: () => BootstrapSync;
  readonly hooks?: UpgradeLifecycleHooks;
  readonly context: CallContext;
}

/** One step from git to the cloud, or back, and how the project stands afterwards. @throws {EngramError} those of the step */
export async function runUpgradeStep(step: CloudUpgradeStep, parts: UpgradeStepParts): Promise<CloudUpgradeReport> {
  const did = await STEPS[step](parts);
  const state = parts.cloud.upgradeState(parts.project);
  return { step, project: parts.project, stage: state?.stage ?? 'planned', ...did };
}

type Did = Omit<CloudUpgradeReport, 'step' | 'project' | 'stage'>;

const NO_WORDS = { class: '', reasonCode: '', message: '' } as const;

const STEPS: Readonly<Record<CloudUpgradeStep, (parts: UpgradeStepParts) => Promise<Did>>> = {
  doctor: async (parts) => {
    const {
      status,
      class: reasonClass,
      code,
      message,
    } = examineUpgrade(parts, { project: parts.project, cloudConfigured: parts.isConfigured });
    return { status, class: reasonClass, reasonCode: code, message, applied: false };
  },
  repair: async (parts) => {
    const report = await repairCloudUpgrade(parts, parts.project, { apply: !parts.planOnly });
    const isFine = report.class === 'ready' || (report.class === 'repairable' && (report.applied || parts.planOnly));
    return {
      status: isFine ? 'done' : 'blocked',
      class: report.class,
      reasonCode: report.code,
      message: report.message,
      applied: report.applied,
    };
  },
  bootstrap: async (parts) => {
    const { project, createdBy, context } = parts;
    const { noOp } = await bootstrapProject({ ...parts, sync: parts.sync() }, { project, createdBy }, context);
    return { status: 'done', ...NO_WORDS, applied: !noOp };
  },
  rollback: async (parts) => {
    const before = parts.cloud.upgradeState(parts.project)?.stage;
    await rollbackProject(parts, { project: parts.project, ...(parts.hooks && { hooks: parts.hooks }) });
    return { status: 'done', ...NO_WORDS, applied: before !== 'rolled_back' };
  },
};
