import type { SqlDatabase } from '../engine/ports.ts';
import { numberOf, textOf } from './columns.ts';

/**
 * Whose database it is. `foreign`: read-only here, because the Go program opened it (WAL header, FTS5 tables, triggers) or because it holds
 * tables and none of them is of Engram. `newer`: read-only, a newer release counted its version up (`user_version`, 0 in the Go program
 * and in ours). An empty database is `ours`; columns that we do not know make it neither.
 *
 * @throws {EngramError} store-corrupt
 */
export function inspectMemoryDatabase(database: SqlDatabase): 'ours' | 'foreign' | 'newer' {
  if (numberOf(database.all('PRAGMA user_version')[0], 'user_version') > 0) return 'newer';
  const mode = database.all('PRAGMA journal_mode')[0];
  if (mode && textOf(mode, 'journal_mode') === 'wal') return 'foreign';
  const objects = database.all(`SELECT type, name, ifnull(sql, '') AS sql FROM sqlite_master`);
  if (objects.some((row) => row['type'] === 'trigger' || /^\s*CREATE\s+VIRTUAL/i.test(textOf(row, 'sql')))) return 'foreign';
  const tables = objects.filter((row) => row['type'] === 'table' && !textOf(row, 'name').startsWith('sqlite_'));
  const known = tables.some((row) => ['sessions', 'observations', 'user_prompts', 'sync_chunks'].includes(textOf(row, 'name')));
  return tables.length > 0 && !known ? 'foreign' : 'ours';
}
