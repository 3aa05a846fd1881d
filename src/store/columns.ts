import type { SqlRow, SqlValue } from '../engine/ports.ts';
import type { Int } from '../engine/records.ts';

/** A value that should be a text. A column of SQLite may hold anything: a number is written out, NULL is `''`. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column] ?? '';
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(value) : String(value);
}

/** As an object to spread: `{}` for NULL, so that the property is absent. */
export function optionalText<Key extends string>(row: SqlRow, column: string, key: Key): { readonly [K in Key]?: string } {
  if (row[column] === null || row[column] === undefined) return {};
  return { [key]: textOf(row, column) } as { readonly [K in Key]?: string };
}

/** A whole number; anything else counts as `otherwise`. */
export function intOf(row: SqlRow, column: string, otherwise: number): Int {
  const value = row[column];
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) ? value : otherwise;
}

/** For counts and sizes that are small by nature. */
export function numberOf(row: SqlRow | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}

/** The value of an optional property: absent is NULL. */
export function nullable(value: string | undefined): SqlValue {
  return value ?? null;
}

/** Rows as they are asked for; ending early ends the query. (Node 20 has no iterator helpers.) */
export function* mapRows<T>(rows: Iterable<SqlRow>, read: (row: SqlRow) => T): IterableIterator<T> {
  for (const row of rows) yield read(row);
}
