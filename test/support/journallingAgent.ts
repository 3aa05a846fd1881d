import { formatInstant } from '../../src/engine/goTime.ts';
import type { Clock, SqlDatabase, SqlRow, SqlValue } from '../../src/engine/ports.ts';

/** Columns that a journal line's payload has where the row has a value. Source: `observationPayloadFromObservation`, v1.14.0. */
const PAYLOAD =
  'sync_id, session_id, type, title, content, tool_name, project, scope, topic_key, revision_count, duplicate_count, last_seen_at, created_at, updated_at';

/** An agent of the Go program at work in its database: each change is stamped with the agent's own clock and has a line in the journal (v1.14.0 `store.go`). */
export class JournallingAgent {
  readonly #database: () => SqlDatabase;
  readonly #clock: Clock;

  /** @param database asked each time: it may have been opened anew */
  constructor(database: () => SqlDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  get #now(): string {
    return formatInstant(this.#clock.now());
  }

  /** Go `AddObservation` of a new memory. */
  save(
    syncId: string,
    row: { readonly sessionId: string; readonly title: string; readonly content: string; readonly project?: string },
  ): void {
    const now = this.#now;
    const project = row.project ?? 'demo';
    this.#run('INSERT OR IGNORE INTO sessions(id, project, directory, started_at) VALUES(?, ?, ?, ?)', [
      row.sessionId,
      project,
      project,
      now,
    ]);
    this.#run(
      `INSERT INTO observations(sync_id, session_id, type, title, content, project, scope, last_seen_at, created_at, updated_at)
       VALUES(?, ?, 'manual', ?, ?, ?, 'project', ?, ?, ?)`,
      [syncId, row.sessionId, row.title, row.content, project, now, now, now],
    );
    this.#journalRow(syncId);
  }

  /** Go `UpdateObservation`. */
  edit(syncId: string, content: string): void {
    this.#run('UPDATE observations SET content = ?, revision_count = revision_count + 1, updated_at = ? WHERE id = ?', [
      content,
      this.#now,
      this.#lastId(syncId),
    ]);
    this.#journalRow(syncId);
  }

  /** Go `DeleteObservation`. */
  remove(syncId: string, isHard: boolean): void {
    const row = this.#row('SELECT session_id, project FROM observations WHERE sync_id = ?', syncId);
    const now = this.#now;
    if (isHard) this.#run('DELETE FROM observations WHERE sync_id = ?', [syncId]);
    else this.#run('UPDATE observations SET deleted_at = ?, updated_at = ? WHERE id = ?', [now, now, this.#lastId(syncId)]);
    const payload = { sync_id: syncId, ...row, type: '', title: '', content: '', scope: '', revision_count: 0, duplicate_count: 0 };
    this.#journal('observation', syncId, 'delete', { ...payload, deleted: true, deleted_at: now, ...(isHard && { hard_delete: true }) });
  }

  /** Go `DeletePrompt`. */
  removePrompt(syncId: string): void {
    const row = this.#row('SELECT session_id, project FROM user_prompts WHERE sync_id = ?', syncId);
    const now = this.#now;
    this.#run('DELETE FROM user_prompts WHERE sync_id = ?', [syncId]);
    const sql = 'INSERT OR REPLACE INTO prompt_tombstones(sync_id, session_id, project, deleted_at) VALUES(?, ?, ?, ?)';
    this.#run(sql, [syncId, row['session_id'] ?? null, row['project'] ?? null, now]);
    this.#journal('prompt', syncId, 'delete', { sync_id: syncId, ...row, content: '', deleted: true, deleted_at: now, hard_delete: true });
  }

  /** Go `EndSession`. */
  endSession(id: string, summary: string): void {
    this.#run('UPDATE sessions SET ended_at = ?, summary = ? WHERE id = ?', [this.#now, summary === '' ? null : summary, id]);
    this.#journal(
      'session',
      id,
      'upsert',
      this.#row('SELECT id, project, directory, started_at, ended_at, summary FROM sessions WHERE id = ?', id),
    );
  }

  /** Go `JudgeRelation`: no line where there is no cloud. */
  judge(syncId: string, reason: string): void {
    this.#run(`UPDATE memory_relations SET judgment_status = 'judged', reason = ?, updated_at = ? WHERE sync_id = ?`, [
      reason,
      this.#now,
      syncId,
    ]);
  }

  /** What makes the journal complete at the start of the program (Go `backfillObservationSyncMutationsTx`): rows as they are, lines of now. */
  backfill(): void {
    const sql = `SELECT sync_id FROM observations o WHERE deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM sync_mutations m
      WHERE m.target_key = 'cloud' AND m.entity = 'observation' AND m.entity_key = o.sync_id AND m.source = 'local')`;
    for (const row of this.#database().all(sql)) this.#journalRow(String(row['sync_id']));
  }

  /** What that program imports or pulls goes into its tables as it is, without a line, whatever is there (Go `applyObservationUpsertTx`). */
  pull(syncId: string, row: { readonly content: string; readonly updatedAt: string; readonly revisionCount?: number }): void {
    this.#run('UPDATE observations SET content = ?, revision_count = ?, updated_at = ?, deleted_at = NULL WHERE id = ?', [
      row.content,
      row.revisionCount ?? 1,
      row.updatedAt,
      this.#lastId(syncId),
    ]);
  }

  #journalRow(syncId: string): void {
    const row = this.#row(`SELECT ${PAYLOAD} FROM observations WHERE sync_id = ? ORDER BY id DESC LIMIT 1`, syncId);
    this.#journal('observation', syncId, 'upsert', row);
  }

  #journal(entity: string, key: string, op: string, payload: object): void {
    const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== null));
    this.#run(
      `INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload, source, project, occurred_at) VALUES('cloud', ?, ?, ?, ?, 'local', 'demo', ?)`,
      [entity, key, op, JSON.stringify(present), this.#now],
    );
  }

  #lastId(syncId: string): SqlValue {
    return this.#row('SELECT max(id) AS id FROM observations WHERE sync_id = ?', syncId)['id'] ?? null;
  }

  #row(sql: string, key: string): SqlRow {
    return this.#database().all(sql, [key])[0] ?? {};
  }

  #run(sql: string, values: readonly SqlValue[]): void {
    this.#database().run(sql, values);
  }
}
