import type { CloudStore } from '../cloud/cloudPorts.ts';
import { cloudTargetKey } from '../cloud/pendingFilter.ts';
import { normalizeProject } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import type { DoctorParts } from './diagnose.ts';
import { applyLegacyRepairs, blockedMessage, diagnoseLegacyMutations } from './legacyMutations.ts';
import { saveStage } from './stages.ts';
import { UpgradeReasonClass, UpgradeRepairReason } from './upgradeCodes.ts';

export interface UpgradeRepairReport {
  readonly class: UpgradeReasonClass;
  readonly code: UpgradeRepairReason;
  /** In the Go program's words. May quote the server and the journal: hostile text. */
  readonly message: string;
  readonly applied: boolean;
  /** What a repair does, or would do: `repair_legacy_mutation_payloads`. */
  readonly plannedActions: readonly string[];
}

/** States that a repair of the database cannot end, by the reason in `sync_state`. */
const POLICIES: ReadonlyMap<string, UpgradeRepairReason> = new Map([
  ['auth_required', UpgradeRepairReason.PolicyAuthRequired],
  ['policy_forbidden', UpgradeRepairReason.PolicyForbidden],
  ['cloud_config_error', UpgradeRepairReason.PolicyConfig],
]);

const PAYLOADS = ['repair_legacy_mutation_payloads'] as const;

/**
 * Completes the journal's payloads from the rows that they are about (Go `store.RepairCloudUpgrade`). As v1.16.1 does, and unlike v1.14.0, it
 * completes what it can where another row stays hopeless.
 *
 * @param project in any form
 * @param options `apply`: false only says what would be done
 * @throws {EngramError} store-corrupt; nothing is changed then
 */
export function repairCloudUpgrade(
  parts: DoctorParts,
  project: string,
  { apply }: { readonly apply: boolean },
): Promise<UpgradeRepairReport> {
  return parts.cloud.transaction(async () => repair(parts, normalizeProject(project).normalized, apply));
}

function repair(parts: DoctorParts, project: string, apply: boolean): UpgradeRepairReport {
  const refused = refusal(parts.cloud, project);
  if (refused) return refused;
  const report = diagnoseLegacyMutations(parts, project);
  const { repairable } = report;
  const [hopeless] = report.blocked;
  const applied = apply && repairable.length > 0;
  if (applied) {
    applyLegacyRepairs(parts.cloud, report);
    if (!hopeless) noteRepair(parts, project);
  }
  if (hopeless) return { ...result('Blocked', 'BlockedLegacy', blockedMessage(hopeless)), applied, plannedActions: planned(repairable) };
  if (repairable.length === 0) {
    return result('Ready', 'Noop', `project "${project}" has no deterministic local repairs to apply`);
  }
  const message = applied
    ? `applied deterministic legacy mutation payload repairs for project "${project}"`
    : `project "${project}" has ${repairable.length} repairable legacy mutation payload issue(s)`;
  return { ...result('Repairable', 'RepairableLegacy', message), applied, plannedActions: PAYLOADS };
}

function refusal(cloud: CloudStore, project: string): UpgradeRepairReport | undefined {
  if (project === '') return result('Blocked', 'BlockedProjectMissing', 'project is required');
  const state = cloud.syncState(cloudTargetKey(project));
  const policy = POLICIES.get(state?.reasonCode ?? '');
  if (policy) return { ...result('Policy', 'Noop', `manual-action-required: ${state?.reasonMessage ?? ''}`), code: policy };
  if (cloud.isEnrolled(project)) return undefined;
  return result('Blocked', 'BlockedUnenrolled', `project "${project}" is not enrolled; run doctor/bootstrap guidance first`);
}

function noteRepair({ cloud, clock }: DoctorParts, project: string): void {
  saveStage(cloud, project, formatInstant(clock.now()), { stage: 'repair_applied', repairClass: 'repairable' });
}

function planned(repairable: readonly unknown[]): readonly string[] {
  return repairable.length > 0 ? PAYLOADS : [];
}

function result(
  reasonClass: keyof typeof UpgradeReasonClass,
  code: keyof typeof UpgradeRepairReason,
  message: string,
): UpgradeRepairReport {
  return { class: UpgradeReasonClass[reasonClass], code: UpgradeRepairReason[code], message, applied: false, plannedActions: [] };
}
