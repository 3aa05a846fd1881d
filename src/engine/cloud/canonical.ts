import { EngramError } from '../errors.ts';
import { genericJson, isJsonArray, isJsonObject, parseGoJson } from '../goJson.ts';
import { type GoStruct, goStruct, kindOf, mismatch, unmarshalGoValue } from '../goStruct.ts';
import { goQuote, goTrim } from '../goText.ts';
import { decodeMutationPayload } from '../recordCodec.ts';
import type { Int, JsonObject, JsonValue } from '../records.ts';
import { CanonicalError, within } from './canonicalError.ts';
import { canonicalPayload, PAYLOAD_RULES } from './canonicalPayload.ts';

/**
 * The form in which the cloud's server keeps a chunk of a project, and whose hash is the chunk's id: keys sorted, numbers as float64, the
 * project written into every row and mutation (as it is given: normalise it first), payloads in one form. Doing it twice changes nothing
 * for what a program has written. Source: Engram v1.14.0 `chunkcodec.CanonicalizeForProject`; of v1.16.1 that `relation` is a known entity,
 * which a v1.14.0 server refuses. Of a key that an object has twice, Go refuses a first value of the wrong type; here only the last one counts.
 *
 * @param bytes JSON of a chunk
 * @throws {CanonicalError} in Go's words: no chunk, or a mutation that the server would refuse
 */
export function canonicalizeForProject(bytes: Uint8Array, project: string): Uint8Array {
  const document = within('decode chunk data', () => decodeDocument(bytes));
  return new TextEncoder().encode(document === null ? 'null' : genericJson(canonicalDocument(document, project)));
}

function decodeDocument(bytes: Uint8Array): JsonObject | null {
  const root = parseGoJson(bytes);
  if (root !== null && !isJsonObject(root)) throw mismatch(kindOf(root), 'value', 'map[string]interface {}');
  const tooLarge = firstInfinite(root);
  if (tooLarge !== undefined) throw mismatch(`number ${tooLarge}`, 'value', 'float64');
  return root;
}

/** Keeps its own stack: a document of 10,000 nested arrays is valid. */
function firstInfinite(root: JsonValue): string | undefined {
  const open: JsonValue[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (isJsonArray(value)) for (let at = value.length - 1; at >= 0; at -= 1) open.push(value[at] ?? null);
    else if (isJsonObject(value)) open.push(...[...value.values()].reverse());
    else if (value !== null && typeof value === 'object' && !Number.isFinite(Number(value.raw))) return value.raw;
  }
  return undefined;
}

function canonicalDocument(document: JsonObject, project: string): JsonObject {
  const renamed = document.has('mutations') ? renamedSessions(document) : undefined;
  const canonical = new Map(document);
  for (const key of ['sessions', 'observations', 'prompts']) {
    if (!document.has(key)) continue;
    const isRenamed = (row: JsonObject): boolean => key !== 'sessions' || renamed === undefined || renamed.has(trimmedText(row, 'id'));
    canonical.set(
      key,
      rowsOf(document, key).map((row) => (isRenamed(row) ? new Map([...row, ['project', project]]) : row)),
    );
  }
  if (renamed === undefined) return canonical;
  const mutations = rowsOf(document, 'mutations');
  return canonical.set(
    'mutations',
    mutations.map((row, index) => within(`mutations[${index}]`, () => canonicalMutation(row, project))),
  );
}

/**
 * Beside a list of mutations only those sessions change their project that the list changes or that a row of the chunk needs; a session
 * without id as well.
 */
function renamedSessions(document: JsonObject): ReadonlySet<string> {
  const mutations = rowsOf(document, 'mutations');
  const rows = [...rowsOf(document, 'observations'), ...rowsOf(document, 'prompts')];
  return new Set(['', ...mutations.flatMap(sessionsOf), ...rows.map((row) => trimmedText(row, 'session_id'))]);
}

/** The names of the mutation itself are compared exactly here, unlike where it is decoded. */
function sessionsOf(mutation: JsonObject): readonly string[] {
  const entity = trimmedText(mutation, 'entity');
  const op = trimmedText(mutation, 'op');
  if (entity === 'session' && (op === 'upsert' || op === 'delete')) {
    return [trimmedText(mutation, 'entity_key'), goTrim(payloadOf(mutation, OWNED).id)];
  }
  return (entity === 'observation' || entity === 'prompt') && op === 'upsert' ? [goTrim(payloadOf(mutation, REQUIRED).sessionId)] : [];
}

const OWNED = goStruct<{ readonly id: string }>('struct', { id: 'string' });
const REQUIRED = goStruct<{ readonly sessionId: string }>('struct', { sessionId: 'string' });

/** A payload that cannot be read names nothing here; decoding its mutation fails later. */
function payloadOf<T>(mutation: JsonObject, into: GoStruct<T>): T {
  const payload = mutation.get('payload');
  try {
    return unmarshalGoValue(typeof payload === 'string' ? decodeMutationPayload(payload) : null, into);
  } catch (error) {
    if (EngramError.is(error)) return unmarshalGoValue(null, into);
    throw error;
  }
}

function rowsOf(document: JsonObject, key: string): readonly JsonObject[] {
  const list = document.get(key) ?? null;
  if (list === null) return [];
  if (!isJsonArray(list)) throw new CanonicalError(`${key} must be an array`);
  return list.map((row, index) => {
    if (isJsonObject(row)) return row;
    throw new CanonicalError(`${key}[${index}] must be an object`);
  });
}

function trimmedText(row: JsonObject, key: string): string {
  const value = row.get(key);
  return typeof value === 'string' ? goTrim(value) : '';
}

interface Envelope {
  readonly seq: Int;
  readonly targetKey: string;
  readonly entity: string;
  readonly entityKey: string;
  readonly op: string;
  readonly payload: string;
  readonly source: string;
  readonly project: string;
  readonly occurredAt: string;
  readonly ackedAt?: string;
}
const ENVELOPE = goStruct<Envelope>('store.SyncMutation', {
  seq: 'int64',
  targetKey: 'string',
  entity: 'string',
  entityKey: 'string',
  op: 'string',
  payload: 'string',
  source: 'string',
  project: 'string',
  occurredAt: 'string',
  ackedAt: '*string',
});

function canonicalMutation(row: JsonObject, project: string): JsonObject {
  // Go has read the list generically, and reads each mutation from what it writes of that: keys sorted, numbers as float64.
  const decoded = within('decode mutation', () => unmarshalGoValue(parseGoJson(genericJson(row)), ENVELOPE));
  const entity = goTrim(decoded.entity);
  const op = goTrim(decoded.op);
  const payload = goTrim(decoded.payload);
  if (!isSupported(entity, op)) throw new CanonicalError(`unsupported mutation ${goQuote(entity)}/${goQuote(op)}`);
  if (payload === '') throw new CanonicalError('payload is required');
  const canonical = canonicalPayload({ entity, op, payload }, project);
  const entityKey = goTrim(decoded.entityKey) || canonical.key;
  if (entityKey !== canonical.key) {
    throw new CanonicalError(`entity_key ${goQuote(entityKey)} does not match payload key ${goQuote(canonical.key)}`);
  }
  return new Map<string, JsonValue>([
    ['seq', decoded.seq],
    ['target_key', decoded.targetKey],
    ['entity', entity],
    ['entity_key', entityKey],
    ['op', op],
    ['payload', canonical.text],
    ['source', decoded.source],
    ['project', project],
    ['occurred_at', decoded.occurredAt],
    ...(decoded.ackedAt === undefined ? [] : ([['acked_at', decoded.ackedAt]] as const)),
  ]);
}

function isSupported(entity: string, op: string): boolean {
  return PAYLOAD_RULES.has(entity) && (op === 'upsert' || (op === 'delete' && entity !== 'relation'));
}
