import { parseGoJson } from '../engine/goJson.ts';
import type { HardDelete, Journal, JournalLine } from '../engine/journal.ts';
import type { SqlDatabase, SqlRow } from '../engine/ports.ts';
import type { Int, JsonValue, SyncMutation } from '../engine/records.ts';
import { MUTATION_COLUMNS, mutationOf } from './cloudRows.ts';
import { intOf, mapRows, textOf } from './columns.ts';

const LINE = 'seq, entity, entity_key, op, occurred_at';
const NEWEST = `SELECT ${LINE} FROM sync_mutations ORDER BY seq DESC LIMIT 1`;
const ONE = `SELECT ${MUTATION_COLUMNS} FROM sync_mutations WHERE seq = ?`;
/** When a change says of itself that it was made. */
const CHANGED_AT = `coalesce(json_extract(payload, '$.deleted_at'), json_extract(payload, '$.ended_at'), json_extract(payload, '$.updated_at'))`;
/**
 * Lines that are hours younger than the change they tell of make the journal complete after an enrolment; there may be 100,000 of them.
 * Of sessions only what ended them: each save of a memory journals its session, too. Of prompts only deletions: nobody
 * edits one.
 */
const LOCAL_CHANGES = `SELECT ${LINE} FROM sync_mutations WHERE seq > ? AND target_key = 'cloud' AND source = 'local' AND (entity = 'observation'
  OR (entity = 'prompt' AND op = 'delete') OR (entity = 'session' AND op = 'upsert' AND instr(payload, '"ended_at"') > 0))
  AND CASE WHEN json_valid(payload) THEN coalesce(abs(julianday(${CHANGED_AT}) - julianday(occurred_at)) < 1.0 / 24, 1) ELSE 1 END ORDER BY seq`;
const LATEST_BEFORE = `SELECT max(occurred_at) AS latest FROM sync_mutations
  WHERE target_key = 'cloud' AND entity = ? AND entity_key = ? AND source = 'local' AND seq < ?`;
/** The last line of the journal for each observation, where it is a deletion and the row is gone. Source: `enqueueSyncMutationTx`, v1.14.0. */
const HARD_DELETES = `SELECT m.seq, m.entity_key, m.payload, m.occurred_at FROM sync_mutations m WHERE m.entity = 'observation' AND m.op = 'delete'
  AND NOT EXISTS (SELECT 1 FROM sync_mutations n WHERE n.entity = 'observation' AND n.entity_key = m.entity_key AND n.target_key = m.target_key AND n.seq > m.seq)
  AND NOT EXISTS (SELECT 1 FROM observations o WHERE o.sync_id = m.entity_key)`;
const ONE_HARD_DELETE = `${HARD_DELETES} AND m.target_key = 'cloud' AND m.entity_key = ?`;
const RESTAMP = `UPDATE sync_mutations SET payload = json_set(payload, '$.deleted_at', ?) WHERE seq = ?`;

/** The Go program's journal `sync_mutations`, as far as it tells what became of the memories. */
export class SqlJournal implements Journal {
  readonly #db: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#db = database;
  }

  newest(): JournalLine | undefined {
    const row = this.#db.all(NEWEST)[0];
    return row && lineOf(row);
  }

  line(seq: Int): SyncMutation | undefined {
    const row = this.#db.all(ONE, [seq])[0];
    return row && mutationOf(row);
  }

  localChanges(after: Int): Iterable<JournalLine> {
    return mapRows(this.#db.iterate(LOCAL_CHANGES, [after]), lineOf);
  }

  latestBefore({ seq, entity, entityKey }: JournalLine): string {
    return textOf(this.#db.all(LATEST_BEFORE, [entity, entityKey, seq])[0] ?? {}, 'latest');
  }

  hardDelete(syncId: string): HardDelete | undefined {
    const row = this.#db.all(ONE_HARD_DELETE, [syncId])[0];
    return row && hardDeleteOf(row);
  }

  hardDeletes(): readonly HardDelete[] {
    return this.#db.all(HARD_DELETES).map(hardDeleteOf);
  }

  restampHardDelete({ syncId, deletedAt }: HardDelete): void {
    const row = this.#db.all(ONE_HARD_DELETE, [syncId])[0];
    if (row) this.#db.run(RESTAMP, [deletedAt, intOf(row, 'seq', 0)]);
  }

  hasCloud(): boolean {
    return this.#db.all('SELECT 1 FROM sync_enrolled_projects LIMIT 1').length > 0;
  }
}

function lineOf(row: SqlRow): JournalLine {
  return {
    seq: intOf(row, 'seq', 0),
    entity: textOf(row, 'entity'),
    entityKey: textOf(row, 'entity_key'),
    op: textOf(row, 'op'),
    occurredAt: textOf(row, 'occurred_at'),
  };
}

/** A payload that does not parse says nothing but that the row was deleted. */
function hardDeleteOf(row: SqlRow): HardDelete {
  const payload = parsedPayload(textOf(row, 'payload'));
  const field = (name: string): string => {
    const value = payload instanceof Map ? payload.get(name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return {
    syncId: textOf(row, 'entity_key'),
    sessionId: field('session_id'),
    project: field('project'),
    deletedAt: field('deleted_at') || textOf(row, 'occurred_at'),
  };
}

function parsedPayload(text: string): JsonValue | undefined {
  try {
    return parseGoJson(text);
  } catch {
    return undefined;
  }
}
