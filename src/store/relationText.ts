import { parseGoJson, stringifyGo } from '../engine/goJson.ts';
import type { JsonObject, RelationRecord } from '../engine/records.ts';

/** How what JSON cannot say is marked; no record has such a property. */
interface Marked {
  readonly $int: string;
}

/**
 * A relation as text for the index, exact in every field: 64-bit integers, and unknown fields in their order. Those are a text of their own,
 * because they may be nested more deeply than `JSON.stringify` can follow.
 */
export function encodeRelation({ extra, ...record }: RelationRecord): string {
  const plain = extra === undefined ? record : { ...record, extra: stringifyGo(extra) };
  return JSON.stringify(plain, (_key, value: unknown): unknown =>
    typeof value === 'bigint' ? ({ $int: value.toString() } satisfies Marked) : value,
  );
}

/** The inverse of {@link encodeRelation}. */
export function decodeRelation(text: string): RelationRecord {
  const { extra, ...record } = JSON.parse(text, (_key, value: unknown): unknown => {
    const isInt = typeof value === 'object' && value !== null && '$int' in value && typeof value.$int === 'string';
    return isInt ? BigInt((value as Marked).$int) : value;
  }) as Omit<RelationRecord, 'extra'> & { readonly extra?: string };
  return extra === undefined ? record : { ...record, extra: parseGoJson(extra) as JsonObject };
}
