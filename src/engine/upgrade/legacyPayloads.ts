import { PAYLOAD_RULES, unmarshalPayload } from '../cloud/canonicalPayload.ts';
import { stringifyGo } from '../goJson.ts';
import { type GoField, goStruct } from '../goStruct.ts';
import type { MemoryStore } from '../ports.ts';
import { observationToJson, promptToJson, relationToJson, sessionToJson } from '../recordCodec.ts';
import type { JsonObject, JsonValue } from '../records.ts';

/** Properties in camelCase. */
export type LegacyPayload = Readonly<Record<string, JsonValue | undefined>>;

interface Source {
  readonly ops: readonly string[];
  /** What is said of a payload that lacks something which can be filled in. */
  readonly message: string;
  /** The stored row of an identity, keys as in the payload; a hidden one counts. */
  readonly row: (store: MemoryStore, key: string) => JsonObject | undefined;
}

/** What a journal payload of one entity holds, and must hold. */
export interface LegacyRules extends Source {
  /** In the order of the Go program's struct. */
  readonly fields: readonly GoField[];
  readonly identity: 'id' | 'syncId';
  /** Of an upsert: not blank. */
  readonly required: readonly string[];
  /** Left out where they are empty. */
  readonly omitEmpty: readonly string[];
}

const BOTH = ['upsert', 'delete'] as const;

const SOURCES: ReadonlyMap<string, Source> = new Map<string, Source>([
  [
    'session',
    {
      ops: BOTH,
      message: 'session payload is missing required fields',
      row: (store, key) => jsonOf(store.session(key), sessionToJson),
    },
  ],
  [
    'observation',
    {
      ops: BOTH,
      message: 'observation payload is missing required fields for canonical bootstrap',
      row: (store, key) => jsonOf(store.observation(key), observationToJson),
    },
  ],
  [
    'prompt',
    {
      ops: BOTH,
      message: 'prompt payload is missing required fields for canonical bootstrap',
      row: (store, key) => jsonOf(store.prompt(key), promptToJson),
    },
  ],
  [
    'relation',
    {
      ops: ['upsert'],
      message: 'relation payload is missing required fields for canonical bootstrap',
      row: (store, key) => jsonOf(store.relation(key), relationToJson),
    },
  ],
]);

/** The journal's payloads have the fields of the cloud's, and always write their counts. */
const COUNTS: readonly string[] = ['revisionCount', 'duplicateCount'];

/** `undefined` for an entity that no journal has. */
export function legacyRules(entity: string): LegacyRules | undefined {
  const rules = PAYLOAD_RULES.get(entity);
  const source = SOURCES.get(entity);
  if (rules === undefined || source === undefined) return undefined;
  const { struct, identity, required } = rules;
  const omitEmpty = rules.omitEmpty.filter((property) => !COUNTS.includes(property));
  return { ...source, fields: [...struct.fields.values()], identity, required, omitEmpty };
}

/** @param payload not blank. @throws {EngramError} chunk-corrupt, in Go's words */
export function readLegacyPayload(entity: string, payload: string): LegacyPayload {
  const fields = (legacyRules(entity)?.fields ?? []).map(({ property, type }) => [property, type] as const);
  const name = `store.sync${entity.charAt(0).toUpperCase()}${entity.slice(1)}Payload`;
  return unmarshalPayload(payload, goStruct<LegacyPayload>(name, Object.fromEntries(fields)));
}

/** The payload as the Go program's repair writes it: fields in the order of its struct, no unknown ones. */
export function writeLegacyPayload({ fields, omitEmpty }: LegacyRules, payload: LegacyPayload): string {
  const json = new Map<string, JsonValue>();
  for (const { key, property } of fields) {
    const value = payload[property];
    const isEmpty = value === '' || value === 0 || value === false;
    if (value !== undefined && !(isEmpty && omitEmpty.includes(property))) json.set(key, value);
  }
  return stringifyGo(json);
}

/** The payload's key of a property. */
export function keyOf({ fields }: LegacyRules, property: string): string {
  return fields.find((field) => field.property === property)?.key ?? property;
}

function jsonOf<T>(record: T | undefined, toJson: (record: T) => JsonObject): JsonObject | undefined {
  return record && toJson(record);
}
