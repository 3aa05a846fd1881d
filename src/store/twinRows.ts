import type { SqlDatabase } from '../engine/ports.ts';
import { textOf } from './columns.ts';

const TABLES = ['observations', 'user_prompts'] as const;

const REFERRING = `SELECT 1 FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND lower(f."table") = ? LIMIT 1`;

/** Reads only; an index makes it a short look. */
export function hasTwinRows(database: SqlDatabase): boolean {
  const twice = (table: string): string => `SELECT 1 FROM ${table} WHERE sync_id IS NOT NULL GROUP BY sync_id HAVING count(*) > 1 LIMIT 1`;
  return TABLES.some((table) => database.all(twice(table)).length > 0);
}

/**
 * Takes away rows that stand a second time, alike in every column but the row id, whatever columns there are; the first one stays. v1.14
 * inserts blindly what it imports, so a chunk that two programs import at the same moment stands twice. What differs in anything stays, and
 * so does what a table that we do not know may refer to by its row id.
 *
 * @returns how many
 */
export function removeTwinRows(database: SqlDatabase): number {
  const tables = TABLES.filter((table) => database.all(REFERRING, [table]).length === 0);
  return tables.reduce((sum, table) => sum + database.run(removal(database, table), []), 0);
}

function removal(database: SqlDatabase, table: string): string {
  const columns = database.all(`PRAGMA table_info(${table})`).map((row) => `"${textOf(row, 'name').replaceAll('"', '""')}"`);
  const alike = columns.filter((name) => name !== '"id"').map((name) => `b.${name} IS a.${name}`);
  return `DELETE FROM ${table} WHERE id IN (SELECT b.id FROM ${table} b JOIN ${table} a ON b.sync_id = a.sync_id AND a.id < b.id WHERE ${alike.join(' AND ')})`;
}
