import type { JsonObject, RelationRecord } from '../engine/records.ts';

/** How what JSON cannot say is marked; no record has such a property. */
type Marked = { readonly $int: string } | { readonly $map: readonly (readonly [string, unknown])[] };

/** A relation as text for the index, exact in every field: 64-bit integers, and unknown fields in their order. */
export function encodeRelation(record: RelationRecord): string {
  return JSON.stringify(record, (_key, value: unknown): unknown => {
    if (typeof value === 'bigint') return { $int: value.toString() } satisfies Marked;
    if (value instanceof Map) return { $map: [...(value as JsonObject)] } satisfies Marked;
    return value;
  });
}

/** The inverse of {@link encodeRelation}. */
export function decodeRelation(text: string): RelationRecord {
  return JSON.parse(text, (_key, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$int' in value && typeof value.$int === 'string') return BigInt(value.$int);
    if ('$map' in value && Array.isArray(value.$map)) return new Map(value.$map as [string, unknown][]);
    return value;
  }) as RelationRecord;
}
