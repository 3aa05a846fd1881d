import { createHash } from 'node:crypto';
import { EngramError } from './errors.ts';
import { foldKey, getFold, isJsonArray, isJsonObject, parseGoJson, parseGoJsonSliced, shapeOf, stringifyGo } from './goJson.ts';
import { type ChunkId, toChunkId } from './manifest.ts';
import type { Turn } from './ports.ts';
import {
  mutationFromJson,
  mutationToJson,
  observationFromJson,
  observationToJson,
  promptFromJson,
  promptToJson,
  sessionFromJson,
  sessionToJson,
  sortedExtra,
} from './recordCodec.ts';
import type { ChunkData, JsonObject, JsonValue } from './records.ts';
import { Rejections } from './rejections.ts';

/** Lower-case hex of the SHA-256. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A few milliseconds of work. */
const HASHED_AT_ONCE = 1 << 21;

/** As {@link sha256Hex}, with a turn for other work every few milliseconds. */
export async function sha256HexSliced(bytes: Uint8Array, turn: Turn): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE));
    await turn();
  }
  return hash.digest('hex');
}

/** The name of a chunk: the first 8 hex digits of the SHA-256 of its JSON (Go `chunkcodec.ChunkID`). */
export function chunkId(bytes: Uint8Array): ChunkId {
  return toChunkId(sha256Hex(bytes).slice(0, 8));
}

/**
 * The JSON of a chunk, byte for byte as Go's encoder writes it: compact, no line end, an empty array is `null`, without mutations there
 * is no such key; unknown root keys stand at the end, sorted. `rejected` is not written.
 */
export function encodeChunk(data: ChunkData): Uint8Array {
  const root = new Map<string, JsonValue>([
    ['sessions', listOrNull(data.sessions.map(sessionToJson))],
    ['observations', listOrNull(data.observations.map(observationToJson))],
    ['prompts', listOrNull(data.prompts.map(promptToJson))],
  ]);
  if (data.mutations !== undefined && data.mutations.length > 0) root.set('mutations', data.mutations.map(mutationToJson));
  for (const [name, value] of sortedExtra(data.extra)) root.set(name, value);
  return new TextEncoder().encode(stringifyGo(root));
}

function listOrNull(list: readonly JsonValue[]): JsonValue {
  return list.length === 0 ? null : list;
}

/**
 * Reads the JSON of a chunk. One record with a field of the wrong type costs only itself: it is listed in `rejected`. The row number
 * `id` of a record is no reason to reject it, whatever it is: it is never an identity. `null` and `{}` are empty chunks, as in Go.
 *
 * @param turn called every few milliseconds.
 * @throws {EngramError} chunk-corrupt: not one JSON document, or not a chunk's shape
 */
export async function decodeChunk(bytes: Uint8Array, turn: Turn = noTurn): Promise<ChunkData> {
  const reading = readChunk(await parseGoJsonSliced(bytes, turn));
  for (;;) {
    const step = reading.next();
    if (step.done) return step.value;
    await turn();
  }
}

async function noTurn(): Promise<void> {
  // The caller has nothing else to do meanwhile.
}

/** As {@link decodeChunk}, in one go. */
export function decodeChunkSync(bytes: Uint8Array): ChunkData {
  const reading = readChunk(parseGoJson(bytes));
  for (;;) {
    const step = reading.next();
    if (step.done) return step.value;
  }
}

/** Records between two steps: about a millisecond of work. */
const RECORDS_PER_STEP = 200;

const KEYS: ReadonlySet<string> = new Set(['sessions', 'observations', 'prompts', 'mutations']);

function* readChunk(root: JsonValue): Generator<void, ChunkData> {
  const object = rootObject(root);
  const rejected = new Rejections();
  const sessions = yield* readList({ object, key: 'sessions', rejected }, sessionFromJson);
  const observations = yield* readList({ object, key: 'observations', rejected }, observationFromJson);
  const prompts = yield* readList({ object, key: 'prompts', rejected }, promptFromJson);
  const mutations = yield* readList({ object, key: 'mutations', rejected }, mutationFromJson);
  const extra = new Map([...object].filter(([name]) => !KEYS.has(foldKey(name))));
  return {
    sessions,
    observations,
    prompts,
    ...(mutations.length > 0 && { mutations }),
    ...(extra.size > 0 && { extra }),
    ...(rejected.list.length > 0 && { rejected: rejected.list }),
  };
}

function rootObject(root: JsonValue): JsonObject {
  if (root === null) return new Map();
  if (!isJsonObject(root)) throw corrupt(`The chunk is ${shapeOf(root)}, not an object with sessions, observations and prompts.`);
  if (isBareRecord(root)) throw corrupt('The chunk is a single record, not an object with sessions, observations and prompts.');
  return root;
}

function isBareRecord(root: JsonObject): boolean {
  const names = new Set([...root.keys()].map(foldKey));
  return ['session_id', 'title', 'content', 'sync_id'].some((name) => names.has(name)) && ![...KEYS].some((key) => names.has(key));
}

interface ListOf {
  readonly object: JsonObject;
  readonly key: string;
  readonly rejected: Rejections;
}

function* readList<T>({ object, key, rejected }: ListOf, read: (json: JsonObject) => T): Generator<void, readonly T[]> {
  const list = getFold(object, key) ?? null;
  if (list === null) return [];
  if (!isJsonArray(list)) throw corrupt(`The chunk's ${key} is ${shapeOf(list)}, not a list.`);
  const records: T[] = [];
  for (const [index, json] of list.entries()) {
    const record = readRecord(json, read);
    if (typeof record === 'string') rejected.add(`${key}[${index}]`, record);
    else records.push(record.value);
    if (index % RECORDS_PER_STEP === RECORDS_PER_STEP - 1) yield;
  }
  return records;
}

/** @returns the reason why a record cannot be used, safe to show. */
function readRecord<T>(json: JsonValue, read: (json: JsonObject) => T): { readonly value: T } | string {
  if (!isJsonObject(json)) return `it is ${shapeOf(json)}, not an object`;
  try {
    return { value: read(json) };
  } catch (error) {
    if (EngramError.is(error)) return error.message;
    throw error;
  }
}

function corrupt(message: string): EngramError {
  return new EngramError('chunk-corrupt', message);
}
