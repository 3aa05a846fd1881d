import type { CloudStore, CloudUpgradeState, NewMutation, SyncState } from '../engine/cloud/cloudPorts.ts';
import { formatInstant, formatRfc3339 } from '../engine/goTime.ts';
import type { SqlDatabase, SqlValue, Turn } from '../engine/ports.ts';
import type { Int, SyncMutation } from '../engine/records.ts';
import {
  encodeSnapshot,
  isActivelyDegraded,
  isLaterThan,
  MUTATION_COLUMNS,
  mergeUpgrade,
  mutationOf,
  syncStateOf,
  upgradeStateOf,
} from './cloudRows.ts';
import { numberOf, textOf } from './columns.ts';
import { atomically, inTransaction } from './transaction.ts';

const CLOUD = 'cloud';
const DEFAULT_LEASE_MS = 60_000;

const PENDING = `SELECT ${MUTATION_COLUMNS} FROM sync_mutations
  WHERE target_key = 'cloud' AND acked_at IS NULL AND seq > ? ORDER BY seq LIMIT ?`;
const NEWEST = `SELECT ${MUTATION_COLUMNS} FROM sync_mutations
  WHERE target_key = 'cloud' AND entity = ? AND entity_key = ? ORDER BY seq DESC LIMIT 1`;
const APPEND = `INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload, source, project, occurred_at)
  VALUES('cloud', ?, ?, ?, ?, 'local', ?, ?) RETURNING seq`;
const NOTE_ENQUEUED = `UPDATE sync_state SET lifecycle = 'pending', last_enqueued_seq = ?, updated_at = ? WHERE target_key = ?`;
const ACKNOWLEDGE = `UPDATE sync_mutations SET acked_at = ? WHERE target_key = 'cloud' AND seq = ? AND acked_at IS NULL RETURNING project`;
const REPLACE_PAYLOAD = `UPDATE sync_mutations SET payload = ? WHERE target_key = 'cloud' AND seq = ? AND acked_at IS NULL`;
const OF_ALL = `SELECT count(*) - count(acked_at) AS pending, max(seq) AS last, max(CASE WHEN acked_at IS NOT NULL THEN seq END) AS acked
  FROM sync_mutations WHERE target_key = 'cloud'`;
const NOTE_ACKED = `UPDATE sync_state SET last_acked_seq = max(last_acked_seq, ?), last_enqueued_seq = max(last_enqueued_seq, ?), updated_at = ?
  WHERE target_key = ?`;
const SET_MARK = `UPDATE sync_state SET lifecycle = ?, consecutive_failures = ?, backoff_until = ?, reason_code = ?, reason_message = ?,
  last_error = ?, updated_at = ? WHERE target_key = ?`;
const SAVE_UPGRADE = `INSERT INTO cloud_upgrade_state(project, stage, repair_class, snapshot_json, last_error_code, last_error_message,
  findings_json, applied_actions, updated_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(project) DO UPDATE SET stage = excluded.stage,
  repair_class = excluded.repair_class, snapshot_json = excluded.snapshot_json, last_error_code = excluded.last_error_code,
  last_error_message = excluded.last_error_message, findings_json = excluded.findings_json, applied_actions = excluded.applied_actions,
  updated_at = excluded.updated_at`;

/** What a mark writes; a missing text is NULL. */
interface Mark {
  readonly lifecycle: SyncState['lifecycle'];
  readonly failures?: number;
  readonly backoffUntil?: string;
  readonly reasonCode?: string;
  readonly message?: string;
}

/** The cloud's tables of the Go program's database. Unlike there nothing is acknowledged unsent, and a question writes nothing. */
export class SqlCloudStore implements CloudStore {
  readonly #db: SqlDatabase;

  readonly #turn: Turn | undefined;

  /** @param turn asked while another program's transaction is waited for */
  constructor(database: SqlDatabase, turn?: Turn) {
    this.#db = database;
    this.#turn = turn;
  }

  transaction<T>(work: () => Promise<T>): Promise<T> {
    return inTransaction(this.#db, work, this.#turn);
  }

  isEnrolled(project: string): boolean {
    return project !== '' && this.#db.all('SELECT 1 FROM sync_enrolled_projects WHERE project = ?', [project]).length > 0;
  }

  enrolledProjects(): readonly string[] {
    return this.#db.all('SELECT project FROM sync_enrolled_projects ORDER BY project').map((row) => textOf(row, 'project'));
  }

  enroll(project: string, at: string): boolean {
    return this.#db.run('INSERT OR IGNORE INTO sync_enrolled_projects(project, enrolled_at) VALUES(?, ?)', [project, at]) > 0;
  }

  unenroll(project: string): void {
    this.#db.run('DELETE FROM sync_enrolled_projects WHERE project = ?', [project]);
  }

  pendingMutations(afterSeq: Int, limit: number): readonly SyncMutation[] {
    return this.#db.all(PENDING, [afterSeq, limit]).map(mutationOf);
  }

  enqueue(mutation: NewMutation, at: string): Int {
    const { entity, entityKey, op, payload, project } = mutation;
    return atomically(this.#db, () => {
      this.#ensureState(CLOUD, at);
      const seq = this.#db.all(APPEND, [entity, entityKey, op, payload, project, at])[0]?.['seq'] ?? 0;
      for (const target of targetsOf([project])) {
        this.#ensureState(target, at);
        this.#db.run(NOTE_ENQUEUED, [seq, at, target]);
      }
      return typeof seq === 'bigint' ? seq : Number(seq);
    });
  }

  acknowledge(seqs: readonly Int[], at: string): void {
    if (seqs.length === 0) return;
    atomically(this.#db, () => {
      const projects = seqs.flatMap((seq) => this.#db.all(ACKNOWLEDGE, [at, seq]).map((row) => textOf(row, 'project')));
      for (const target of targetsOf(projects)) this.#noteAcknowledged(target, at);
    });
  }

  lastMutation(entity: string, entityKey: string): SyncMutation | undefined {
    const row = this.#db.all(NEWEST, [entity, entityKey])[0];
    return row && mutationOf(row);
  }

  replacePayload(seq: Int, payload: string): void {
    this.#db.run(REPLACE_PAYLOAD, [payload, seq]);
  }

  syncState(targetKey: string): SyncState | undefined {
    const row = this.#db.all('SELECT * FROM sync_state WHERE target_key = ?', [targetKey])[0];
    return row && syncStateOf(row);
  }

  markBlocked(targetKey: string, reasonCode: string, message: string, at: string): void {
    this.#mark(targetKey, { lifecycle: 'degraded', reasonCode, message }, at);
  }

  markFailure(targetKey: string, message: string, until: string, at: string): void {
    const failures = (this.syncState(targetKey)?.consecutiveFailures ?? 0) + 1;
    this.#mark(targetKey, { lifecycle: 'degraded', failures, backoffUntil: until, reasonCode: 'transport_failed', message }, at);
  }

  markHealthy(targetKey: string, at: string): void {
    this.#mark(targetKey, { lifecycle: 'healthy' }, at);
  }

  markPending(targetKey: string, at: string): void {
    this.#mark(targetKey, { lifecycle: 'pending' }, at);
  }

  /** Moves the cursor forward, never back: a server answers 0 past its end. */
  setPulled(targetKey: string, seq: Int, at: string): void {
    this.#ensureState(targetKey, at);
    this.#db.run('UPDATE sync_state SET last_pulled_seq = ?, updated_at = ? WHERE target_key = ? AND last_pulled_seq < ?', [
      seq,
      at,
      targetKey,
      seq,
    ]);
  }

  acquireLease(targetKey: string, owner: string, ttlMs: number, nowMs: number): boolean {
    const now = formatInstant(nowMs);
    const held = this.syncState(targetKey);
    if (held && held.leaseOwner !== '' && held.leaseOwner !== owner && isLaterThan(held.leaseUntil, now)) return false;
    const until = formatRfc3339(nowMs + (ttlMs > 0 ? ttlMs : DEFAULT_LEASE_MS));
    this.#ensureState(targetKey, now);
    this.#db.run('UPDATE sync_state SET lease_owner = ?, lease_until = ?, updated_at = ? WHERE target_key = ?', [
      owner,
      until,
      now,
      targetKey,
    ]);
    return true;
  }

  releaseLease(targetKey: string, owner: string): void {
    this.#db.run(
      `UPDATE sync_state SET lease_owner = NULL, lease_until = NULL WHERE target_key = ? AND ifnull(lease_owner, '') IN ('', ?)`,
      [targetKey, owner],
    );
  }

  importedChunks(targetKey: string): ReadonlySet<string> {
    const rows = this.#db.all('SELECT chunk_id FROM sync_chunks WHERE target_key = ?', [targetKey]);
    return new Set(rows.map((row) => textOf(row, 'chunk_id')));
  }

  recordChunk(targetKey: string, id: string, at: string): void {
    this.#db.run('INSERT OR IGNORE INTO sync_chunks(target_key, chunk_id, imported_at) VALUES(?, ?, ?)', [targetKey, id, at]);
  }

  upgradeState(project: string): CloudUpgradeState | undefined {
    const row = this.#db.all('SELECT * FROM cloud_upgrade_state WHERE project = ?', [project])[0];
    return row && upgradeStateOf(row);
  }

  saveUpgradeState(state: CloudUpgradeState): void {
    const merged = mergeUpgrade(this.upgradeState(state.project), state);
    const texts = [merged.lastErrorCode, merged.lastErrorMessage, merged.findingsJson, merged.appliedActions].map(orNull);
    const first = [merged.project, merged.stage, merged.repairClass, encodeSnapshot(merged.snapshot)];
    this.#db.run(SAVE_UPGRADE, [...first, ...texts, merged.updatedAt]);
  }

  #ensureState(targetKey: string, at: string): void {
    this.#db.run(`INSERT OR IGNORE INTO sync_state(target_key, lifecycle, updated_at) VALUES(?, 'idle', ?)`, [targetKey, at]);
  }

  #mark(targetKey: string, { lifecycle, failures = 0, backoffUntil = '', reasonCode = '', message = '' }: Mark, at: string): void {
    const texts = [backoffUntil, reasonCode, message, message].map(orNull);
    this.#ensureState(targetKey, at);
    this.#db.run(SET_MARK, [lifecycle, failures, ...texts, at, targetKey]);
  }

  #noteAcknowledged(targetKey: string, at: string): void {
    const project = targetKey.slice(CLOUD.length + 1);
    const row = this.#db.all(project === '' ? OF_ALL : `${OF_ALL} AND project = ?`, project === '' ? [] : [project])[0];
    this.#ensureState(targetKey, at);
    this.#db.run(NOTE_ACKED, [row?.['acked'] ?? 0, row?.['last'] ?? 0, at, targetKey]);
    const state = this.syncState(targetKey);
    if (state === undefined || isActivelyDegraded(state, at)) return;
    this.#mark(targetKey, { lifecycle: numberOf(row, 'pending') > 0 ? 'pending' : 'healthy' }, at);
  }
}

/** The states that rows of these projects concern: `cloud`, and one of each named project. */
function targetsOf(projects: readonly string[]): readonly string[] {
  const named = new Set(projects.filter((project) => project !== ''));
  return [CLOUD, ...Array.from(named, (project) => `${CLOUD}:${project}`)];
}

function orNull(text: string): SqlValue {
  return text === '' ? null : text;
}
