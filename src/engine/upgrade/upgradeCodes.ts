/** What the Go program calls the states and reasons of an upgrade to the cloud (v1.14.0 `sync`, `constants`). Texts are stored and compared: never change one. */
export const UpgradeStatus = { Ready: 'ready', Blocked: 'blocked' } as const;
export type UpgradeStatus = (typeof UpgradeStatus)[keyof typeof UpgradeStatus];

export const UpgradeReasonClass = { Ready: 'ready', Repairable: 'repairable', Blocked: 'blocked', Policy: 'policy' } as const;
export type UpgradeReasonClass = (typeof UpgradeReasonClass)[keyof typeof UpgradeReasonClass];

export const UpgradeReason = {
  Ready: 'upgrade_ready',
  RepairableUnenrolled: 'upgrade_repairable_unenrolled',
  BlockedProjectMissing: 'upgrade_blocked_project_required',
  PolicyConfig: 'cloud_config_error',
  PolicyForbidden: 'policy_forbidden',
  /** Of a doctor that looks into the journal, too; so is the next. */
  RepairableLegacy: 'upgrade_repairable_legacy_mutation_payload',
  BlockedLegacy: 'upgrade_blocked_legacy_mutation_manual',
} as const;
export type UpgradeReason = (typeof UpgradeReason)[keyof typeof UpgradeReason];

/**
 * What a repair says. The Go program has one more, `upgrade_repair_backfill_sync_journal`: rows that its journal lacks. Here none can lack,
 * because what is news for the cloud is found by content.
 */
export const UpgradeRepairReason = {
  Noop: 'upgrade_repair_noop',
  RepairableLegacy: 'upgrade_repairable_legacy_mutation_payload',
  BlockedLegacy: 'upgrade_blocked_legacy_mutation_manual',
  BlockedProjectMissing: 'upgrade_blocked_project_required',
  BlockedUnenrolled: 'upgrade_blocked_manual',
  PolicyAuthRequired: 'upgrade_policy_auth_required',
  PolicyForbidden: 'upgrade_policy_forbidden',
  PolicyConfig: 'upgrade_policy_cloud_config_error',
} as const;
export type UpgradeRepairReason = (typeof UpgradeRepairReason)[keyof typeof UpgradeRepairReason];
