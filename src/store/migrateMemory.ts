import { EngramError } from '../engine/errors.ts';
import { derivedSyncId } from '../engine/identity.ts';
import type { SqlDatabase, Turn } from '../engine/ports.ts';
import { numberOf, textOf } from './columns.ts';
import {
  createMemoryIndexes,
  createMemoryTables,
  createTable,
  MEMORY_TABLES,
  type MemoryTable,
  standInForSearchTable,
} from './memorySchema.ts';
import { observationOf, promptOf } from './recordRows.ts';
import { atomically, inTransaction } from './transaction.ts';

/** Columns that a release added later and whose first definition has a default that no ALTER may have. Source: `migrate` of v1.14.0. */
const ALTERED_DEFINITIONS: ReadonlyMap<string, string> = new Map([['observations.updated_at', "TEXT NOT NULL DEFAULT ''"]]);

/** Brings the rows to what v1.14.0 makes of them at every opening; `json_valid` because one bad payload stops that program altogether. */
const REPAIRS = `
UPDATE sync_mutations SET project = COALESCE(json_extract(payload, '$.project'), '') WHERE project = '' AND json_valid(payload);
UPDATE sync_mutations SET project = COALESCE((SELECT s.project FROM sessions s WHERE s.id = json_extract(sync_mutations.payload, '$.session_id')), '')
  WHERE project = '' AND json_valid(payload) AND ifnull(json_extract(payload, '$.session_id'), '') <> '';
UPDATE observations SET scope = 'project' WHERE scope IS NULL OR scope = '';
UPDATE observations SET topic_key = NULL WHERE topic_key = '';
UPDATE observations SET revision_count = 1 WHERE revision_count IS NULL OR revision_count < 1;
UPDATE observations SET duplicate_count = 1 WHERE duplicate_count IS NULL OR duplicate_count < 1;
UPDATE observations SET updated_at = created_at WHERE updated_at IS NULL OR updated_at = '';
UPDATE user_prompts SET project = '' WHERE project IS NULL;
UPDATE prompt_tombstones SET project = '' WHERE project IS NULL;
`;

/** What an observation without a usable value becomes when its table is rebuilt. Source: `migrateLegacyObservationsTable` of v1.14.0. */
const LEGACY_VALUES: ReadonlyMap<string, string> = new Map([
  [
    'id',
    'CASE WHEN row_number() OVER (PARTITION BY CAST(id AS INTEGER) ORDER BY rowid) = 1 AND id IS NOT NULL THEN CAST(id AS INTEGER) END',
  ],
  ['session_id', "COALESCE(session_id, '')"],
  ['type', "COALESCE(NULLIF(type, ''), 'manual')"],
  ['title', "COALESCE(NULLIF(title, ''), 'Untitled observation')"],
  ['content', "COALESCE(content, '')"],
  ['scope', "COALESCE(NULLIF(scope, ''), 'project')"],
  ['revision_count', 'max(COALESCE(revision_count, 1), 1)'],
  ['duplicate_count', 'max(COALESCE(duplicate_count, 1), 1)'],
  ['created_at', "COALESCE(NULLIF(created_at, ''), datetime('now'))"],
  ['updated_at', "COALESCE(NULLIF(updated_at, ''), NULLIF(created_at, ''), datetime('now'))"],
]);

/**
 * Brings a database of any older release to the shape of v1.14.0, in one transaction; one of that shape stays as it is. No row, and no column
 * that we do not know, is lost. Rows without `sync_id` get the derived one, the same on every machine (the Go program: a random one).
 *
 * @throws {EngramError} store-corrupt
 */
export function migrateMemorySchema(database: SqlDatabase): void {
  atomically(database, () => {
    createMemoryTables(database);
    standInForSearchTable(database);
    for (const table of MEMORY_TABLES) addMissingColumns(database, table);
    rebuildObservations(database);
    rebuildChunkRecord(database);
    database.run(REPAIRS);
    deriveSyncIds(database);
    createMemoryIndexes(database);
  });
}

/**
 * As {@link migrateMemorySchema}, of a database that the Go program keeps and may be writing now: nothing is written where nothing is missing,
 * its search tables and triggers stay as they are, and what is added is what that program's own next release adds.
 *
 * @param turn asked while another program's transaction is waited for
 * @throws {EngramError} store-foreign: of a release so old that its tables would have to be made anew; store-locked, store-corrupt
 */
export async function migrateLiveMemory(database: SqlDatabase, turn?: Turn): Promise<void> {
  if (isUpToDate(database)) return;
  const id = columnsOf(database, 'observations').find((column) => column.name === 'id');
  if (id && id.key !== 1) {
    const message =
      'engram.db was made by a very old release of the Engram program. Nothing was changed: run that program once, it renews the file.';
    throw new EngramError('store-foreign', message, { subject: 'engram.db' });
  }
  const add = async (): Promise<void> => {
    createMemoryTables(database);
    for (const table of MEMORY_TABLES) addMissingColumns(database, table);
    rebuildChunkRecord(database);
    database.run(REPAIRS);
    deriveSyncIds(database);
    createMemoryIndexes(database);
  };
  await inTransaction(database, add, turn);
}

/** Reads only. An older Engram program may be adding rows without `sync_id` at any time; an index makes that a short look. */
function isUpToDate(database: SqlDatabase): boolean {
  const isWhole = MEMORY_TABLES.every((table) => {
    const present = new Set(columnsOf(database, table.name).map((column) => column.name));
    return table.columns.every(({ name }) => present.has(name));
  });
  if (!isWhole || !hasChunkKey(database)) return false;
  const without = ['observations', 'user_prompts'].map((table) => `EXISTS(SELECT 1 FROM ${table} WHERE sync_id IS NULL OR sync_id = '')`);
  return numberOf(database.all(`SELECT ${without.join(' OR ')} AS lacking`)[0], 'lacking') === 0;
}

/**
 * Makes a database readable that belongs to the Go program, of whatever release: in memory only, its triggers are dropped (they write to FTS5
 * tables, which sql.js has not) and the tables brought to today's shape. The result must never be saved.
 *
 * @throws {EngramError} store-corrupt
 */
export function migrateForReading(database: SqlDatabase): void {
  for (const row of database.all(`SELECT name FROM sqlite_master WHERE type = 'trigger'`)) {
    database.run(`DROP TRIGGER ${quoted(textOf(row, 'name'))}`);
  }
  migrateMemorySchema(database);
}

interface TableColumn {
  readonly name: string;
  readonly type: string;
  /** Place in the primary key, 0: none. */
  readonly key: number;
}

function columnsOf(database: SqlDatabase, table: string): readonly TableColumn[] {
  const rows = database.all(`PRAGMA table_info(${table})`);
  return rows.map((row) => ({ name: textOf(row, 'name'), type: textOf(row, 'type'), key: numberOf(row, 'pk') }));
}

function addMissingColumns(database: SqlDatabase, table: MemoryTable): void {
  const present = new Set(columnsOf(database, table.name).map((column) => column.name));
  for (const { name, definition } of table.columns) {
    const altered = ALTERED_DEFINITIONS.get(`${table.name}.${name}`) ?? definition;
    if (!present.has(name)) database.run(`ALTER TABLE ${table.name} ADD COLUMN ${name} ${altered}`);
  }
}

/** Early releases had observations whose `id` is no primary key: NULL and repeated ids get new ones. */
function rebuildObservations(database: SqlDatabase): void {
  const columns = columnsOf(database, 'observations');
  const id = columns.find((column) => column.name === 'id');
  if (id && id.key !== 1) rebuild(database, 'observations', LEGACY_VALUES, 'ABORT');
}

/** Early releases knew no target; a later one did not make it part of the key. */
function rebuildChunkRecord(database: SqlDatabase): void {
  if (hasChunkKey(database)) return;
  const target = "CASE WHEN trim(ifnull(target_key, '')) = '' THEN 'local' ELSE trim(target_key) END";
  rebuild(database, 'sync_chunks', new Map([['target_key', target]]), 'IGNORE');
}

function hasChunkKey(database: SqlDatabase): boolean {
  const keys = columnsOf(database, 'sync_chunks').filter((column) => column.key > 0);
  return keys.length === 2 && keys[0]?.name === 'target_key';
}

/** Copies a table into one of today's shape, unknown columns included, and takes its place. */
function rebuild(database: SqlDatabase, name: string, values: ReadonlyMap<string, string>, onConflict: 'ABORT' | 'IGNORE'): void {
  const table = MEMORY_TABLES.find((each) => each.name === name);
  if (!table) return;
  const old = columnsOf(database, name);
  const rebuilt = `${name}_migrated`;
  database.run(createTable(table, rebuilt));
  const known = new Set(table.columns.map((column) => column.name));
  for (const column of old) {
    if (!known.has(column.name)) database.run(`ALTER TABLE ${rebuilt} ADD COLUMN ${quoted(column.name)} ${quoted(column.type)}`);
  }
  const names = old.map((column) => quoted(column.name)).join(', ');
  const copied = old.map((column) => values.get(column.name) ?? quoted(column.name)).join(', ');
  // Rows that need a new id come last, or they would take one that another row brings along.
  const order = `${values.get('id') ?? 'rowid'} NULLS LAST, rowid`;
  database.run(`INSERT OR ${onConflict} INTO ${rebuilt}(${names}) SELECT ${copied} FROM ${name} ORDER BY ${order}`);
  database.run(`DROP TABLE ${name}`);
  database.run(`ALTER TABLE ${rebuilt} RENAME TO ${name}`);
}

function deriveSyncIds(database: SqlDatabase): void {
  for (const row of database.all(`SELECT * FROM observations WHERE sync_id IS NULL OR sync_id = ''`)) {
    database.run('UPDATE observations SET sync_id = ? WHERE id = ?', [derivedSyncId(observationOf(row)), row['id'] ?? null]);
  }
  for (const row of database.all(`SELECT * FROM user_prompts WHERE sync_id IS NULL OR sync_id = ''`)) {
    database.run('UPDATE user_prompts SET sync_id = ? WHERE id = ?', [derivedSyncId(promptOf(row)), row['id'] ?? null]);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
