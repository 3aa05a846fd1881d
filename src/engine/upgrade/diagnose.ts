import type { CloudStore, CloudUpgradeState, UpgradeStage } from '../cloud/cloudPorts.ts';
import { cloudTargetKey } from '../cloud/pendingFilter.ts';
import { EngramError } from '../errors.ts';
import { normalizeProject } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import type { Clock, MemoryStore } from '../ports.ts';
import { blockedMessage, diagnoseLegacyMutations, type LegacyReport } from './legacyMutations.ts';
import { saveStage, stepsDone } from './stages.ts';
import { UpgradeReason, UpgradeReasonClass, UpgradeStatus } from './upgradeCodes.ts';

export interface UpgradeDiagnosisInput {
  /** In any form. */
  readonly project: string;
  /** A server is configured, and its address is sound. */
  readonly cloudConfigured: boolean;
  readonly projectEnrolled: boolean;
  /** The server has refused this project. */
  readonly policyDenied: boolean;
}

export interface UpgradeDiagnosisReport {
  readonly status: UpgradeStatus;
  readonly class: UpgradeReasonClass;
  readonly code: UpgradeReason;
  /** In the Go program's words. Names the project: hostile text. */
  readonly message: string;
}

/**
 * Whether a project can be taken to the cloud, and if not, why (Go `sync.DiagnoseCloudUpgrade`); the first reason that holds.
 *
 * @throws {EngramError} invalid-input: a blank project
 */
export function diagnoseCloudUpgrade(input: UpgradeDiagnosisInput): UpgradeDiagnosisReport {
  const { normalized: project } = normalizeProject(input.project);
  if (project === '') throw new EngramError('invalid-input', 'cloud upgrade project is required');
  if (input.policyDenied) return blocked('Policy', 'PolicyForbidden', `project "${project}" is blocked by organization policy`);
  if (!input.cloudConfigured) return blocked('Policy', 'PolicyConfig', 'cloud configuration is required before upgrade bootstrap');
  if (!input.projectEnrolled) {
    return blocked('Repairable', 'RepairableUnenrolled', `project "${project}" is not enrolled for cloud sync yet`);
  }
  const message = `project "${project}" is ready for cloud bootstrap`;
  return { status: UpgradeStatus.Ready, class: UpgradeReasonClass.Ready, code: UpgradeReason.Ready, message };
}

export interface DoctorParts {
  readonly cloud: CloudStore;
  readonly store: MemoryStore;
  readonly clock: Clock;
}

/**
 * The diagnosis from what the database knows, the journal's findings before all else, and noted in it (Go `engram cloud upgrade doctor`).
 * Unlike there, a doctor takes no later stage back and leaves the snapshot alone.
 *
 * @throws {EngramError} invalid-input: a blank project; store-corrupt
 */
export function examineUpgrade(
  { cloud, store, clock }: DoctorParts,
  input: Pick<UpgradeDiagnosisInput, 'project' | 'cloudConfigured'>,
): UpgradeDiagnosisReport {
  const { normalized: project } = normalizeProject(input.project);
  const policyDenied = [cloudTargetKey(project), cloudTargetKey('')].some(
    (target) => cloud.syncState(target)?.reasonCode === UpgradeReason.PolicyForbidden,
  );
  const base = diagnoseCloudUpgrade({ ...input, projectEnrolled: cloud.isEnrolled(project), policyDenied });
  const report = withLegacy(base, project, diagnoseLegacyMutations({ cloud, store }, project));
  saveStage(cloud, project, formatInstant(clock.now()), noteOf(report, cloud.upgradeState(project)?.stage ?? 'planned'));
  return report;
}

/** Of a bootstrap that is under way, or done, a doctor only notes what stands in its way. */
function noteOf(
  report: UpgradeDiagnosisReport,
  stage: UpgradeStage,
): Pick<CloudUpgradeState, 'stage' | 'repairClass'> & Partial<CloudUpgradeState> {
  const isReady = report.status === UpgradeStatus.Ready;
  if (isReady && stepsDone(stage) > 0) return { stage, repairClass: stage === 'bootstrap_verified' ? 'ready' : 'repairable' };
  const texts = { lastErrorCode: report.code, lastErrorMessage: report.message };
  return { stage: isReady ? 'doctor_ready' : 'doctor_blocked', repairClass: report.class, ...texts };
}

function withLegacy(
  base: UpgradeDiagnosisReport,
  project: string,
  { blocked: hopeless, repairable }: LegacyReport,
): UpgradeDiagnosisReport {
  const [first] = hopeless;
  if (first) return blocked('Blocked', 'BlockedLegacy', blockedMessage(first));
  if (repairable.length === 0) return base;
  const advice = `run \`engram cloud upgrade repair --project ${project} --apply\``;
  return blocked(
    'Repairable',
    'RepairableLegacy',
    `project "${project}" has ${repairable.length} repairable legacy mutation payload issue(s); ${advice}`,
  );
}

function blocked(reasonClass: keyof typeof UpgradeReasonClass, code: keyof typeof UpgradeReason, message: string): UpgradeDiagnosisReport {
  return { status: UpgradeStatus.Blocked, class: UpgradeReasonClass[reasonClass], code: UpgradeReason[code], message };
}
