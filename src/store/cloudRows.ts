import type { CloudUpgradeState, SyncState, UpgradeRepairClass, UpgradeSnapshot, UpgradeStage } from '../engine/cloud/cloudPorts.ts';
import { goTrim } from '../engine/goText.ts';
import { instantOf } from '../engine/goTime.ts';
import type { SqlRow } from '../engine/ports.ts';
import type { SyncMutation } from '../engine/records.ts';
import { intOf, optionalText, textOf } from './columns.ts';

/** The cloud's tables as the engine knows them. Source: docs/formats.md, Cloud. */
export const MUTATION_COLUMNS = 'seq, target_key, entity, entity_key, op, payload, source, project, occurred_at, acked_at';

const LIFECYCLES: ReadonlySet<string> = new Set<SyncState['lifecycle']>(['idle', 'pending', 'running', 'healthy', 'degraded']);
const REPAIR_CLASSES: ReadonlySet<string> = new Set<UpgradeRepairClass>(['none', 'ready', 'repairable', 'blocked', 'policy']);

/** How far each stage is on the way; those of one rank may follow each other in any order (Go `upgradeStageOrder`). */
const STAGE_RANKS: Readonly<Record<UpgradeStage, number>> = {
  planned: 0,
  doctor_ready: 0,
  doctor_blocked: 0,
  repair_applied: 0,
  rolled_back: 0,
  bootstrap_enrolled: 1,
  bootstrap_pushed: 2,
  bootstrap_verified: 3,
};

/** Reasons that hold until a sync succeeds, whatever else is acknowledged meanwhile. */
const LASTING_REASONS: ReadonlySet<string> = new Set([
  'blocked_unenrolled',
  'paused',
  'auth_required',
  'policy_forbidden',
  'cloud_config_error',
]);

export function mutationOf(row: SqlRow): SyncMutation {
  return {
    seq: intOf(row, 'seq', 0),
    targetKey: textOf(row, 'target_key'),
    entity: textOf(row, 'entity'),
    entityKey: textOf(row, 'entity_key'),
    op: textOf(row, 'op'),
    payload: textOf(row, 'payload'),
    source: textOf(row, 'source'),
    project: textOf(row, 'project'),
    occurredAt: textOf(row, 'occurred_at'),
    ...optionalText(row, 'acked_at', 'ackedAt'),
  };
}

export function syncStateOf(row: SqlRow): SyncState {
  const lifecycle = textOf(row, 'lifecycle');
  return {
    targetKey: textOf(row, 'target_key'),
    lifecycle: isLifecycle(lifecycle) ? lifecycle : 'idle',
    lastEnqueuedSeq: intOf(row, 'last_enqueued_seq', 0),
    lastAckedSeq: intOf(row, 'last_acked_seq', 0),
    lastPulledSeq: intOf(row, 'last_pulled_seq', 0),
    consecutiveFailures: Number(intOf(row, 'consecutive_failures', 0)),
    backoffUntil: textOf(row, 'backoff_until'),
    leaseOwner: textOf(row, 'lease_owner'),
    leaseUntil: textOf(row, 'lease_until'),
    lastError: textOf(row, 'last_error'),
    updatedAt: textOf(row, 'updated_at'),
    reasonCode: textOf(row, 'reason_code'),
    reasonMessage: textOf(row, 'reason_message'),
  };
}

/** Whether an acknowledgement must leave the state as it is (Go `isActivelyDegradedState`). @param at now, `YYYY-MM-DD HH:MM:SS` */
export function isActivelyDegraded(state: SyncState, at: string): boolean {
  if (state.lifecycle !== 'degraded') return false;
  return LASTING_REASONS.has(state.reasonCode) || isLaterThan(state.backoffUntil, at);
}

/** Whether an RFC 3339 text lies behind a point in time; a text that is none does not. */
export function isLaterThan(rfc3339: string, at: string): boolean {
  return rfc3339.includes('T') && instantOf(rfc3339) > instantOf(at);
}

export function upgradeStateOf(row: SqlRow): CloudUpgradeState {
  return {
    project: textOf(row, 'project'),
    stage: toStage(textOf(row, 'stage')),
    repairClass: toRepairClass(textOf(row, 'repair_class')),
    snapshot: snapshotOf(textOf(row, 'snapshot_json')),
    lastErrorCode: textOf(row, 'last_error_code'),
    lastErrorMessage: textOf(row, 'last_error_message'),
    findingsJson: textOf(row, 'findings_json'),
    appliedActions: textOf(row, 'applied_actions'),
    updatedAt: textOf(row, 'updated_at'),
  };
}

/**
 * What stands in the table after a save. A stage never goes back but by `rolled_back`, and a snapshot, once taken, is what was configured
 * before this upgrade: it stays until a new upgrade begins after a rollback, which takes its own. (The Go program replaces both.)
 */
export function mergeUpgrade(stored: CloudUpgradeState | undefined, next: CloudUpgradeState): CloudUpgradeState {
  const normalized = { ...next, stage: toStage(next.stage), repairClass: toRepairClass(next.repairClass) };
  if (stored === undefined) return normalized;
  const goesOn = normalized.stage === 'rolled_back' || STAGE_RANKS[normalized.stage] >= STAGE_RANKS[stored.stage];
  const beginsAnew = stored.stage === 'rolled_back' && normalized.stage !== 'rolled_back';
  return {
    ...normalized,
    stage: goesOn ? normalized.stage : stored.stage,
    snapshot: beginsAnew ? next.snapshot : (stored.snapshot ?? next.snapshot),
  };
}

/**
 * Column `snapshot_json`, keys in the Go program's order. Its doctor writes a snapshot of nothing without having looked, so ours of nothing
 * says that it was captured, or that the configuration is unknown; the Go program passes over these keys.
 */
export function encodeSnapshot(snapshot: UpgradeSnapshot | undefined): string {
  if (snapshot === undefined) return '{}';
  const { cloudConfigPresent, cloudConfigJson, projectEnrolled, configUnknown } = snapshot;
  return JSON.stringify({
    cloud_config_present: cloudConfigPresent,
    ...(cloudConfigJson !== '' && { cloud_config_json: cloudConfigJson }),
    project_enrolled: projectEnrolled,
    ...(configUnknown ? { config_unknown: true } : saysNothing(snapshot) && { captured: true }),
  });
}

/** `undefined` also for a snapshot that says nothing and was not captured: nobody has looked. */
function snapshotOf(json: string): UpgradeSnapshot | undefined {
  const parsed = parseObject(json);
  if (parsed === undefined) return undefined;
  const text = parsed['cloud_config_json'];
  const snapshot: UpgradeSnapshot = {
    cloudConfigPresent: parsed['cloud_config_present'] === true,
    cloudConfigJson: typeof text === 'string' ? text : '',
    projectEnrolled: parsed['project_enrolled'] === true,
    ...(parsed['config_unknown'] === true && { configUnknown: true }),
  };
  return saysNothing(snapshot) && parsed['captured'] !== true ? undefined : snapshot;
}

function saysNothing(snapshot: UpgradeSnapshot): boolean {
  const { cloudConfigPresent, cloudConfigJson, projectEnrolled, configUnknown } = snapshot;
  return !(cloudConfigPresent || cloudConfigJson !== '' || projectEnrolled || configUnknown);
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function toStage(text: string): UpgradeStage {
  const stage = goTrim(text).toLowerCase();
  return isStage(stage) ? stage : 'planned';
}

function toRepairClass(text: string): UpgradeRepairClass {
  const repairClass = goTrim(text).toLowerCase();
  return isRepairClass(repairClass) ? repairClass : 'none';
}

function isLifecycle(text: string): text is SyncState['lifecycle'] {
  return LIFECYCLES.has(text);
}

function isStage(text: string): text is UpgradeStage {
  return Object.hasOwn(STAGE_RANKS, text);
}

function isRepairClass(text: string): text is UpgradeRepairClass {
  return REPAIR_CLASSES.has(text);
}
