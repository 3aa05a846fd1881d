import type { SqlDatabase } from '../engine/ports.ts';
import { numberOf, textOf } from './columns.ts';

/**
 * Whose database it is. `foreign`: read-only here, because the Go program opened it (WAL header, FTS5 tables, triggers) and sql.js cannot keep
 * them up to date, or because it holds tables and none of them is of Engram. `newer`: read-only, a newer release counted its version up (`user_version`, 0 in the Go program
 * and in ours). An empty database is `ours`; columns that we do not know make it neither.
 *
 * @throws {EngramError} store-corrupt
 */
export function inspectMemoryDatabase(database: SqlDatabase, driver: 'sql.js' | 'native' = 'sql.js'): 'ours' | 'foreign' | 'newer' {
  if (numberOf(database.all('PRAGMA user_version')[0], 'user_version') > 0) return 'newer';
  if (driver === 'sql.js' && isOfProgram(database)) return 'foreign';
  const tables = database.all(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`);
  const known = tables.some((row) => ['sessions', 'observations', 'user_prompts', 'sync_chunks'].includes(textOf(row, 'name')));
  return tables.length > 0 && !known ? 'foreign' : 'ours';
}

/**
 * Whether the Go program has opened it: it has a write-ahead log, or triggers and search tables that sql.js does not have.
 *
 * @throws {EngramError} store-corrupt
 */
export function isOfProgram(database: SqlDatabase): boolean {
  const mode = database.all('PRAGMA journal_mode')[0];
  if (mode && textOf(mode, 'journal_mode') === 'wal') return true;
  const objects = database.all(`SELECT type, ifnull(sql, '') AS sql FROM sqlite_master`);
  return objects.some((row) => row['type'] === 'trigger' || /^\s*CREATE\s+VIRTUAL/i.test(textOf(row, 'sql')));
}
