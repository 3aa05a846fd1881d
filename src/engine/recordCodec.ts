import { EngramError } from './errors.ts';
import { compareUtf8, foldKey, isJsonObject, parseGoJson, shapeOf, stringifyGo } from './goJson.ts';
import { goTrim } from './goText.ts';
import type {
  Int,
  JsonNumber,
  JsonObject,
  JsonValue,
  ObservationRecord,
  PromptRecord,
  RelationRecord,
  SessionRecord,
  SyncMutation,
} from './records.ts';

/**
 * How a field is read, and when it is left out. `text` and `count` are always written; `optional` (a Go pointer) is left out where it
 * is absent; `nonEmpty` (a value with `omitempty`) also where it is `''`; `rowId` numbers a row of the writer's database and is never
 * an identity, so one that is no whole number is 0 and costs nothing; `float` is a Go float64, kept as written; `payload` is JSON as text.
 */
type Kind = 'text' | 'optional' | 'nonEmpty' | 'count' | 'rowId' | 'float' | 'payload';

interface Field<Property extends string = string> {
  /** The key in the file. */
  readonly name: string;
  readonly property: Property;
  readonly kind: Kind;
}

/** The fields of one entity, in the order of the Go program's struct. */
interface Table<T> {
  readonly fields: readonly Field<keyof T & string>[];
  /** Index into `fields` by name. */
  readonly places: ReadonlyMap<string, number>;
}

type Row<T> = readonly [property: keyof T & string, kind: Kind];

function table<T>(...rows: readonly Row<T>[]): Table<T> {
  const fields = rows.map(([property, kind]) => ({ name: snakeCase(property), property, kind }));
  return { fields, places: new Map(fields.map((field, index) => [field.name, index])) };
}

function snakeCase(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Go `store.Session`. */
const SESSION = table<SessionRecord>(
  ['id', 'text'],
  ['project', 'text'],
  ['directory', 'text'],
  ['startedAt', 'text'],
  ['endedAt', 'optional'],
  ['summary', 'optional'],
);

/** Go `store.Observation`. */
const OBSERVATION = table<ObservationRecord>(
  ['id', 'rowId'],
  ['syncId', 'text'],
  ['sessionId', 'text'],
  ['type', 'text'],
  ['title', 'text'],
  ['content', 'text'],
  ['toolName', 'optional'],
  ['project', 'optional'],
  ['scope', 'text'],
  ['topicKey', 'optional'],
  ['revisionCount', 'count'],
  ['duplicateCount', 'count'],
  ['lastSeenAt', 'optional'],
  ['createdAt', 'text'],
  ['updatedAt', 'text'],
  ['deletedAt', 'optional'],
);

/** Go `store.Prompt`. */
const PROMPT = table<PromptRecord>(
  ['id', 'rowId'],
  ['syncId', 'text'],
  ['sessionId', 'text'],
  ['content', 'text'],
  ['project', 'nonEmpty'],
  ['createdAt', 'text'],
);

/** Go `store.syncRelationPayload` (v1.16.1). */
const RELATION = table<RelationRecord>(
  ['syncId', 'text'],
  ['sourceId', 'text'],
  ['targetId', 'text'],
  ['relation', 'text'],
  ['reason', 'optional'],
  ['evidence', 'optional'],
  ['confidence', 'float'],
  ['judgmentStatus', 'text'],
  ['markedByActor', 'optional'],
  ['markedByKind', 'optional'],
  ['markedByModel', 'optional'],
  ['sessionId', 'optional'],
  ['project', 'text'],
  ['createdAt', 'text'],
  ['updatedAt', 'text'],
);

/** Go `store.SyncMutation`. */
const MUTATION = table<SyncMutation>(
  ['seq', 'rowId'],
  ['targetKey', 'text'],
  ['entity', 'text'],
  ['entityKey', 'text'],
  ['op', 'text'],
  ['payload', 'payload'],
  ['source', 'text'],
  ['project', 'text'],
  ['occurredAt', 'text'],
  ['ackedAt', 'optional'],
);

/**
 * Reads a session as Go would: names match whatever their case, a missing or null field is empty (absent where it may be).
 *
 * @returns the record; unknown keys in `extra`.
 * @throws {EngramError} chunk-corrupt, naming the field of the wrong type and nothing else. So do the four below.
 */
export function sessionFromJson(json: JsonObject): SessionRecord {
  return fromJson(SESSION, json);
}

export function observationFromJson(json: JsonObject): ObservationRecord {
  return fromJson(OBSERVATION, json);
}

export function promptFromJson(json: JsonObject): PromptRecord {
  return fromJson(PROMPT, json);
}

export function relationFromJson(json: JsonObject): RelationRecord {
  return fromJson(RELATION, json);
}

/** A payload that is an object instead of text, which Go refuses, is taken as its text: the edit in it would be lost otherwise. */
export function mutationFromJson(json: JsonObject): SyncMutation {
  return fromJson(MUTATION, json);
}

/** The keys in the order of the Go struct, left out where Go leaves them out; unknown ones behind them, sorted. So do the four below. */
export function sessionToJson(record: SessionRecord): JsonObject {
  return toJson(SESSION, record);
}

export function observationToJson(record: ObservationRecord): JsonObject {
  return toJson(OBSERVATION, record);
}

export function promptToJson(record: PromptRecord): JsonObject {
  return toJson(PROMPT, record);
}

export function relationToJson(record: RelationRecord): JsonObject {
  return toJson(RELATION, record);
}

export function mutationToJson(record: SyncMutation): JsonObject {
  return toJson(MUTATION, record);
}

/**
 * The object in a mutation's payload: JSON text, or JSON text of JSON text (Go `store.decodeSyncPayload`).
 *
 * @throws {EngramError} chunk-corrupt: blank, not JSON, not an object
 */
export function decodeMutationPayload(payload: string): JsonObject {
  if (goTrim(payload) === '') throw new EngramError('chunk-corrupt', 'The payload is empty.');
  const outer = parseGoJson(goTrim(payload));
  const inner = typeof outer === 'string' ? parseGoJson(outer) : outer;
  if (isJsonObject(inner)) return inner;
  throw new EngramError('chunk-corrupt', `The payload is ${shapeOf(inner)}, not an object.`);
}

function fromJson<T>(of: Table<T>, json: JsonObject): T {
  const values: JsonValue[] = of.fields.map(() => null);
  const extra = new Map<string, JsonValue>();
  for (const [name, value] of json) {
    const place = of.places.get(name) ?? of.places.get(foldKey(name));
    if (place === undefined) extra.set(name, value);
    else values[place] = value;
  }
  const record: Record<string, unknown> = {};
  for (const [place, field] of of.fields.entries()) {
    const value = decode(field, values[place] ?? null);
    if (value !== undefined) record[field.property] = value;
  }
  if (extra.size > 0) record['extra'] = extra;
  // The table names each property of T with its kind, which is what the compiler cannot follow.
  return record as T;
}

/**
 * What Go's decoder refuses in a record that this release takes all the same (a row number or a payload of the wrong type), or rejects.
 * One such value stops every Go program at the whole chunk (golden `type-*`, `mutations-payload-object`).
 *
 * @returns the field of the wrong type, never its value; `undefined` where Go reads the record
 */
export function refusedByGo(list: 'sessions' | 'observations' | 'prompts' | 'mutations', json: JsonObject): string | undefined {
  const of = STRICT[list];
  for (const [name, value] of json) {
    const field = of.fields[of.places.get(name) ?? of.places.get(foldKey(name)) ?? -1];
    const isRefused = field !== undefined && value !== null && !isGoType(field, value);
    if (isRefused) return `${field.name} is ${shapeOf(value)}`;
  }
  return undefined;
}

const STRICT = { sessions: SESSION, observations: OBSERVATION, prompts: PROMPT, mutations: MUTATION } as const;

function isGoType({ kind }: Field, value: JsonValue): boolean {
  if (kind === 'rowId' || kind === 'count') return wholeNumber(value) !== undefined;
  return kind === 'float' ? isFloat(value) : typeof value === 'string';
}

function decode(field: Field, value: JsonValue): JsonValue | undefined {
  switch (field.kind) {
    case 'text':
      return value === null ? '' : text(field, value);
    case 'optional':
    case 'nonEmpty':
      return value === null ? undefined : text(field, value);
    case 'payload':
      return value === null ? '' : isJsonObject(value) ? stringifyGo(value) : text(field, value);
    case 'count':
      return value === null ? 0 : (wholeNumber(value) ?? wrongType(field, 'a whole number of 64 bits', value));
    case 'rowId':
      return wholeNumber(value) ?? 0;
    case 'float':
      return value === null ? undefined : isFloat(value) ? value : wrongType(field, 'a number of 64 bits', value);
  }
}

function text(field: Field, value: JsonValue): string {
  return typeof value === 'string' ? value : wrongType(field, 'text', value);
}

/** What fits into Go's int64; `1.0` and `1e3` do not. */
function wholeNumber(value: JsonValue): Int | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? value : undefined;
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined;
  return isRaw(value) && value.raw === '-0' ? 0 : undefined;
}

function isFloat(value: JsonValue): boolean {
  if (isRaw(value)) return Number.isFinite(Number(value.raw));
  return typeof value === 'number' || typeof value === 'bigint';
}

function isRaw(value: JsonValue): value is JsonNumber {
  return value !== null && typeof value === 'object' && 'raw' in value;
}

function wrongType(field: Field, wanted: string, value: JsonValue): never {
  throw new EngramError('chunk-corrupt', `${field.name} is ${shapeOf(value)}, not ${wanted}`);
}

function toJson<T extends { readonly extra?: JsonObject }>(of: Table<T>, record: T): JsonObject {
  const json = new Map<string, JsonValue>();
  for (const { name, property, kind } of of.fields) {
    const value = record[property] as JsonValue | undefined;
    if (value !== undefined && !(kind === 'nonEmpty' && value === '')) json.set(name, value);
  }
  for (const [name, value] of sortedExtra(record.extra)) json.set(name, value);
  return json;
}

/** Unknown keys in one order, so that equal records have equal bytes. */
export function sortedExtra(extra: JsonObject | undefined): readonly (readonly [name: string, value: JsonValue])[] {
  return [...(extra ?? [])].sort(([a], [b]) => compareUtf8(a, b));
}
