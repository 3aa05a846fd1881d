import { genericJson, parseGoJson, stringifyGo } from '../goJson.ts';
import { type GoStruct, type GoType, goStruct, unmarshalGo } from '../goStruct.ts';
import { goTrim } from '../goText.ts';
import type { JsonValue } from '../records.ts';
import { CanonicalError, within } from './canonicalError.ts';

type Payload = Readonly<Record<string, unknown>>;

/** What one entity's payload may hold and must hold. */
interface Rules {
  readonly struct: GoStruct<Payload>;
  readonly identity: 'id' | 'syncId';
  /** Trimmed, whatever the operation. */
  readonly trimmed: readonly string[];
  /** Of an upsert; trimmed as well. */
  readonly required: readonly string[];
  /** Left out where they are empty; of the others, those that may be absent are left out where they are absent. */
  readonly omitEmpty: readonly string[];
}

const DELETION = { deleted: 'bool', deletedAt: '*string', hardDelete: 'bool' } as const;
const OMIT_EMPTY = ['startedAt', 'revisionCount', 'duplicateCount', 'createdAt', 'updatedAt', 'deleted', 'hardDelete'];

function struct(goType: string, fields: Readonly<Record<string, GoType>>): GoStruct<Payload> {
  return goStruct<Payload>(`chunkcodec.${goType}`, fields);
}

const SESSION: Rules = {
  struct: struct('mutationSessionPayload', {
    id: 'string',
    project: 'string',
    directory: 'string',
    startedAt: 'string',
    endedAt: '*string',
    summary: '*string',
    ...DELETION,
  }),
  identity: 'id',
  trimmed: ['id', 'directory'],
  required: ['directory'],
  omitEmpty: [...OMIT_EMPTY, 'directory'],
};

const OBSERVATION: Rules = {
  struct: struct('mutationObservationPayload', {
    syncId: 'string',
    sessionId: 'string',
    type: 'string',
    title: 'string',
    content: 'string',
    toolName: '*string',
    project: '*string',
    scope: 'string',
    topicKey: '*string',
    revisionCount: 'int',
    duplicateCount: 'int',
    lastSeenAt: '*string',
    createdAt: 'string',
    updatedAt: 'string',
    ...DELETION,
  }),
  identity: 'syncId',
  trimmed: ['syncId', 'sessionId'],
  required: ['sessionId', 'type', 'title', 'content', 'scope'],
  omitEmpty: OMIT_EMPTY,
};

const PROMPT: Rules = {
  struct: struct('mutationPromptPayload', {
    syncId: 'string',
    sessionId: 'string',
    content: 'string',
    project: '*string',
    createdAt: 'string',
    ...DELETION,
  }),
  identity: 'syncId',
  trimmed: ['syncId', 'sessionId'],
  required: ['sessionId', 'content'],
  omitEmpty: OMIT_EMPTY,
};

const RELATION: Rules = {
  struct: struct('mutationRelationPayload', {
    syncId: 'string',
    sourceId: 'string',
    targetId: 'string',
    relation: 'string',
    reason: '*string',
    evidence: '*string',
    confidence: '*float64',
    judgmentStatus: 'string',
    markedByActor: '*string',
    markedByKind: '*string',
    markedByModel: '*string',
    sessionId: '*string',
    project: 'string',
    createdAt: 'string',
    updatedAt: 'string',
  }),
  identity: 'syncId',
  trimmed: ['syncId'],
  // Among these here, and said so: relations are only ever written.
  required: ['syncId', 'sourceId', 'targetId', 'relation', 'judgmentStatus', 'markedByActor', 'markedByKind'],
  omitEmpty: OMIT_EMPTY,
};

/** The entities of {@link canonicalPayload}. Relations are v1.16.1's; they cannot be deleted. */
export const PAYLOAD_RULES: ReadonlyMap<string, Rules> = new Map([
  ['session', SESSION],
  ['observation', OBSERVATION],
  ['prompt', PROMPT],
  ['relation', RELATION],
]);

export interface CanonicalPayload {
  /** The identity that the payload itself names, trimmed. */
  readonly key: string;
  /** JSON text, compact, fields in the order of the Go program's structs. */
  readonly text: string;
}

/**
 * A mutation's payload as the cloud keeps it: the fields that the Go program knows and no others, the project replaced, what must not be blank
 * checked. Source: Engram v1.14.0 `chunkcodec`, v1.16.1 for relations.
 *
 * @param of `entity` is one of {@link PAYLOAD_RULES}, `op` is `upsert` or `delete`; `payload` is JSON text of an object, or JSON text of such a
 * text, and not blank
 * @throws {CanonicalError}
 */
export function canonicalPayload(
  of: { readonly entity: string; readonly op: string; readonly payload: string },
  project: string,
): CanonicalPayload {
  const rules = PAYLOAD_RULES.get(of.entity) ?? SESSION;
  const isUpsert = of.op === 'upsert';
  const decoded = { ...within('decode mutation payload', () => unmarshalPayload(of.payload, rules.struct)), project };
  const payload = trimAll(decoded, isUpsert ? [...rules.trimmed, ...rules.required] : rules.trimmed);
  const key = textOf(payload, rules.identity);
  const missing = isUpsert ? rules.required.find((property) => textOf(payload, property) === '') : undefined;
  if (key === '' && missing !== rules.identity)
    throw new CanonicalError(`${of.entity} payload ${keyOf(rules, rules.identity)} is required`);
  if (missing !== undefined) throw new CanonicalError(`${of.entity} payload ${keyOf(rules, missing)} is required for upsert`);
  return { key, text: encode(rules, of.entity === 'session' && !isUpsert ? clearedSession(payload) : payload) };
}

/** JSON text of an object, or JSON text of such a text; not blank. @throws {EngramError} chunk-corrupt, in Go's words */
export function unmarshalPayload<T>(payload: string, into: GoStruct<T>): T {
  return unmarshalGo(payload.startsWith('"') ? innerText(payload) : payload, into);
}

const BOX = goStruct<{ readonly text: string }>('string', { text: 'string' });

function innerText(payload: string): string {
  return unmarshalGo(`{"text":${payload}}`, BOX).text;
}

function trimAll(payload: Payload, properties: readonly string[]): Payload {
  const present = properties.filter((property) => payload[property] !== undefined);
  return { ...payload, ...Object.fromEntries(present.map((property) => [property, goTrim(textOf(payload, property))])) };
}

function textOf(payload: Payload, property: string): string {
  const value = payload[property];
  return typeof value === 'string' ? value : '';
}

function keyOf(rules: Rules, property: string): string {
  return [...rules.struct.fields.values()].find((field) => field.property === property)?.key ?? property;
}

/** The deletion of a session says nothing about what it was. */
function clearedSession(payload: Payload): Payload {
  const deletedAt = goTrim(textOf(payload, 'deletedAt'));
  return {
    ...payload,
    directory: '',
    startedAt: '',
    endedAt: undefined,
    summary: undefined,
    deletedAt: deletedAt === '' ? undefined : deletedAt,
  };
}

function encode(rules: Rules, payload: Payload): string {
  const json = new Map<string, JsonValue>();
  for (const { key, property, type } of rules.struct.fields.values()) {
    // The struct's decoder has made each of them JSON's type.
    const found = payload[property] as JsonValue | undefined;
    const value = type === '*float64' && found !== undefined ? floatOf(found) : found;
    const isEmpty = value === '' || value === 0 || value === false;
    if (value !== undefined && !(isEmpty && rules.omitEmpty.includes(property))) json.set(key, value);
  }
  return stringifyGo(json);
}

function floatOf(value: JsonValue): JsonValue {
  return parseGoJson(genericJson(value));
}
