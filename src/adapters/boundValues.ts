import type { SqlValue } from '../engine/ports.ts';
import { encodeLooseUtf8 } from './looseUtf8.ts';

/** A question mark that is a parameter, or a literal, name or comment that may hold one. */
const PARAMETER_OR_QUOTED = /'[^']*'|"[^"]*"|--[^\n]*|\?/g;

/** What every driver can bind. */
export type PlainValue = null | number | string | Uint8Array;

/**
 * What a driver cannot bind as it is goes through a CAST: a text with bad bytes as a BLOB, and a 64-bit integer as its digits.
 * Only such statements are changed, so a cache of prepared statements stays small.
 */
export function bindable(sql: string, parameters: readonly SqlValue[]): { readonly sql: string; readonly values: readonly PlainValue[] } {
  const casts = new Map<number, string>();
  const values = parameters.map((value, index): PlainValue => {
    if (typeof value === 'bigint') {
      casts.set(index, 'CAST(? AS INTEGER)');
      return value.toString();
    }
    if (typeof value !== 'string' || value.isWellFormed()) return value;
    casts.set(index, 'CAST(? AS TEXT)');
    return encodeLooseUtf8(value);
  });
  if (casts.size === 0) return { sql, values };
  let index = 0;
  return { sql: sql.replace(PARAMETER_OR_QUOTED, (token) => (token === '?' ? (casts.get(index++) ?? token) : token)), values };
}
