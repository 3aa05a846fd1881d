import { stringifyGo } from '../goJson.ts';
import { type GoType, goStruct, unmarshalGo } from '../goStruct.ts';
import type { MemoryStore } from '../ports.ts';
import { observationToJson, promptToJson, relationToJson, sessionToJson } from '../recordCodec.ts';
import type { JsonObject, JsonValue } from '../records.ts';

export type LegacyPayload = Readonly<Record<string, JsonValue | undefined>>;

/** What a journal payload of one entity holds, and must hold. Properties are named in camelCase. */
export interface LegacyRules {
  readonly ops: readonly string[];
  readonly fields: Readonly<Record<string, GoType>>;
  readonly identity: 'id' | 'syncId';
  /** Of an upsert: not blank. */
  readonly required: readonly string[];
  /** What is said of a payload that lacks something which can be filled in. */
  readonly message: string;
  /** The stored row of an identity, keys as in the payload; a hidden one counts. */
  readonly row: (store: MemoryStore, key: string) => JsonObject | undefined;
  /** What stands where the row says nothing, either. */
  readonly otherwise?: (payload: LegacyPayload, project: string) => Readonly<Record<string, string>>;
}

const DELETION = { deleted: 'bool', deletedAt: '*string', hardDelete: 'bool' } as const;
const BOTH = ['upsert', 'delete'] as const;

const RULES: Readonly<Record<string, LegacyRules>> = {
  session: {
    ops: BOTH,
    fields: {
      id: 'string',
      project: 'string',
      directory: 'string',
      startedAt: 'string',
      endedAt: '*string',
      summary: '*string',
      ...DELETION,
    },
    identity: 'id',
    required: ['directory'],
    message: 'session payload is missing required fields',
    row: (store, key) => jsonOf(store.session(key), sessionToJson),
    // The Go program can only ask a person here, and there is nothing that a person could do.
    otherwise: (payload, project) => ({ directory: String(payload['project'] ?? '') || project || '(unknown)' }),
  },
  observation: {
    ops: BOTH,
    fields: {
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
    },
    identity: 'syncId',
    required: ['sessionId', 'type', 'title', 'content', 'scope'],
    message: 'observation payload is missing required fields for canonical bootstrap',
    row: (store, key) => jsonOf(store.observation(key), observationToJson),
  },
  prompt: {
    ops: BOTH,
    fields: { syncId: 'string', sessionId: 'string', content: 'string', project: '*string', createdAt: 'string', ...DELETION },
    identity: 'syncId',
    required: ['sessionId', 'content'],
    message: 'prompt payload is missing required fields for canonical bootstrap',
    row: (store, key) => jsonOf(store.prompt(key), promptToJson),
  },
  relation: {
    ops: ['upsert'],
    fields: {
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
    },
    identity: 'syncId',
    required: ['sourceId', 'targetId', 'relation', 'judgmentStatus', 'markedByActor', 'markedByKind'],
    message: 'relation payload is missing required fields for canonical bootstrap',
    row: (store, key) => jsonOf(store.relation(key), relationToJson),
  },
};

/** `undefined` for an entity that no journal has. */
export function legacyRules(entity: string): LegacyRules | undefined {
  return Object.hasOwn(RULES, entity) ? RULES[entity] : undefined;
}

/** JSON text of an object, or JSON text of such a text, not blank (Go `store.decodeSyncPayload`). @throws {EngramError} chunk-corrupt, in Go's words */
export function readLegacyPayload(entity: string, payload: string): LegacyPayload {
  const struct = goStruct<LegacyPayload>(
    `store.sync${entity.charAt(0).toUpperCase()}${entity.slice(1)}Payload`,
    legacyRules(entity)?.fields ?? {},
  );
  return unmarshalGo(payload.startsWith('"') ? unmarshalGo(`{"text":${payload}}`, BOX).text : payload, struct);
}

const BOX = goStruct<{ readonly text: string }>('store.text', { text: 'string' });

/** Always written, also where they are empty; of the others an empty one is left out (tags of Go `store.syncSessionPayload` and its like). */
const ALWAYS: ReadonlySet<string> = new Set([
  ...['id', 'syncId', 'sessionId', 'type', 'title', 'content', 'scope', 'revisionCount', 'duplicateCount'],
  ...['sourceId', 'targetId', 'relation', 'judgmentStatus'],
]);

/** The payload as the Go program's repair writes it: fields in the order of its struct, no unknown ones. */
export function writeLegacyPayload({ fields }: LegacyRules, payload: LegacyPayload): string {
  const json = new Map<string, JsonValue>();
  for (const [property, type] of Object.entries(fields)) {
    const value = payload[property];
    const isEmpty = value === '' || value === 0 || value === false;
    const isKept = typeof type === 'string' && (type.startsWith('*') || property === 'project' || ALWAYS.has(property));
    if (value !== undefined && (isKept || !isEmpty)) json.set(snakeCase(property), value);
  }
  return stringifyGo(json);
}

export function snakeCase(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function jsonOf<T>(record: T | undefined, toJson: (record: T) => JsonObject): JsonObject | undefined {
  return record && toJson(record);
}
