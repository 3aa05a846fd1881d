import { DatabaseSync } from 'node:sqlite';
import { PLACEHOLDER_DIRECTORY } from '../../src/engine/versions.ts';

/** A row by column: texts, numbers, `null`; bytes that are no UTF-8 as `hex:…`. */
export type Row = Readonly<Record<string, string | number | bigint | null>>;

/** What both programs hold of a team's memories; local numbers, and what each derives for itself, left out. Sorted by identity. */
export interface Rows {
  readonly sessions: readonly Row[];
  readonly observations: readonly Row[];
  readonly prompts: readonly Row[];
  readonly relations: readonly Row[];
}

const COLUMNS = {
  sessions: ['id', 'project', 'directory', 'started_at', 'ended_at', 'summary'],
  observations: [
    ...['sync_id', 'session_id', 'type', 'title', 'content', 'tool_name', 'project', 'scope', 'topic_key', 'normalized_hash'],
    ...['revision_count', 'duplicate_count', 'last_seen_at', 'created_at', 'updated_at', 'deleted_at'],
  ],
  prompts: ['sync_id', 'session_id', 'content', 'project', 'created_at'],
  relations: [
    ...['sync_id', 'source_id', 'target_id', 'relation', 'reason', 'evidence', 'confidence', 'judgment_status'],
    ...['marked_by_actor', 'marked_by_kind', 'marked_by_model', 'session_id', 'created_at', 'updated_at'],
  ],
} as const;

const TABLES = { sessions: 'sessions', observations: 'observations', prompts: 'user_prompts', relations: 'memory_relations' } as const;

/** A row with these values as {@link readRows} gives it; what is not named is what the tables put there by themselves. */
export function rowOf(table: keyof Rows, values: Row): Row {
  const defaults: Row = { revision_count: 1, duplicate_count: 1 };
  return Object.fromEntries(COLUMNS[table].map((name) => [name, values[name] ?? defaults[name] ?? null]));
}

/** Reads a database file with Node's SQLite: an independent witness of what either program wrote. */
export function readRows(databasePath: string): Rows {
  return withDatabase(databasePath, (database) => {
    const read = (table: keyof typeof TABLES): readonly Row[] => {
      const columns = COLUMNS[table];
      // As bytes: a text may hold NULs, and bytes that are no UTF-8.
      const list = columns.map((name) => `CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END AS ${name}`);
      const statement = database.prepare(`SELECT ${list.join(', ')} FROM ${TABLES[table]} ORDER BY ${columns[0]}, rowid`);
      statement.setReadBigInts(true);
      return statement.all().map((row) => Object.fromEntries(columns.map((name) => [name, plain(row[name])])));
    };
    return { sessions: read('sessions'), observations: read('observations'), prompts: read('prompts'), relations: read('relations') };
  });
}

/** Values that mean the same are written as one: no directory, and no project of a prompt. */
export function oneForm(rows: Rows): Rows {
  return {
    ...rows,
    sessions: rows.sessions.map((row) => ({ ...row, directory: row['directory'] || PLACEHOLDER_DIRECTORY })),
    prompts: rows.prompts.map((row) => ({ ...row, project: row['project'] || null })),
  };
}

/** The rows that a person sees. */
export function live(rows: readonly Row[]): readonly Row[] {
  return rows.filter((row) => row['deleted_at'] === null || row['deleted_at'] === undefined);
}

export function withDatabase<T>(databasePath: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(databasePath);
  try {
    // No test loses its power in the middle.
    database.exec('PRAGMA synchronous = OFF');
    return work(database);
  } finally {
    database.close();
  }
}

/** A value to write; bytes become a text of exactly these bytes. */
export type Value = string | number | bigint | null | Uint8Array;

/** Adds a row, as an agent or another program would. */
export function insert(database: DatabaseSync, table: string, row: Readonly<Record<string, Value>>): void {
  const names = Object.keys(row);
  const marks = Object.values(row).map((value) => (value instanceof Uint8Array ? 'CAST(? AS TEXT)' : '?'));
  database.prepare(`INSERT INTO ${table}(${names.join(', ')}) VALUES(${marks.join(', ')})`).run(...Object.values(row));
}

function plain(value: unknown): string | number | bigint | null {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString('utf8');
    return Buffer.from(text, 'utf8').equals(value) ? text : `hex:${Buffer.from(value).toString('hex')}`;
  }
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return typeof value === 'number' ? value : null;
}
