import { EngramError } from './errors.ts';
import { compareUtf8, foldKey, isJsonArray, isJsonObject, parseGoJson, shapeOf, stringifyGoIndented } from './goJson.ts';
import type { Extra, JsonObject, JsonValue } from './records.ts';

/** The name of a chunk, safe in a path: letters, digits, `-`, `_`, at most 128 characters. The brand keeps raw strings out of file paths. */
export type ChunkId = string & { readonly __brand: 'ChunkId' };

export interface ChunkEntry {
  readonly id: ChunkId;
  /** Hostile text; `''` in some real folders. */
  readonly createdBy: string;
  /** RFC 3339 as a rule; any text in real folders. */
  readonly createdAt: string;
  readonly sessions: number;
  readonly memories: number;
  readonly prompts: number;
  readonly extra?: Extra;
}

/** An entry that cannot be used (hostile id, wrong type); kept as it was and written back behind the others. */
export interface UnusableEntry {
  readonly index: number;
  readonly reason: string;
  readonly json: JsonValue;
}

export interface Manifest {
  readonly version: number;
  /** In file order, duplicates kept. */
  readonly chunks: readonly ChunkEntry[];
  readonly unusable: readonly UnusableEntry[];
  readonly extra?: Extra;
  /** There was no file. */
  readonly absent?: true;
}

/** What writing a manifest needs; the rest is what reading a file adds. */
export type ManifestParts = Pick<Manifest, 'version' | 'chunks'> & Partial<Manifest>;

/** From version 2.0 on, Go programs refuse what a manifest of version 1 lists; older ones ignore the number. */
const WRITTEN_VERSION = 2;

/** The newest layout of manifests that this release can write without losing something. */
export const NEWEST_MANIFEST_VERSION = 2;

const CHUNK_ID = /^[A-Za-z0-9_-]{1,128}$/;
const HASH_ID = /^[0-9a-f]{8}$/i;
const CONFLICT_MARKER = /^(?:<{7}|={7}|>{7}|\|{7})/m;

/** What a folder without a manifest has. */
export const EMPTY_MANIFEST: Manifest = { version: WRITTEN_VERSION, chunks: [], unusable: [], absent: true };

/** Whether a text can only ever be a plain file name. */
export function isChunkId(text: string): text is ChunkId {
  return CHUNK_ID.test(text);
}

/** Whether an id claims to be the hash of the chunk's content. Other writers use UUIDs and slugs, which claim nothing. */
export function isHashId(id: ChunkId): boolean {
  return HASH_ID.test(id);
}

/** @throws {EngramError} invalid-input */
export function toChunkId(text: string): ChunkId {
  if (isChunkId(text)) return text;
  throw new EngramError('invalid-input', 'A chunk id is letters, digits, "-" and "_", at most 128 of them.');
}

/** The manifest with one more entry at the end: older programs import in the order of the list. */
export function appendEntry(manifest: Manifest, entry: ChunkEntry): Manifest {
  return insertEntry(manifest, entry, undefined);
}

/** The manifest with one more entry in front of another, or at the end where there is no such entry. */
export function insertEntry(manifest: Manifest, entry: ChunkEntry, before: ChunkId | undefined): Manifest {
  const { absent: _, ...rest } = manifest;
  const found = manifest.chunks.findIndex(({ id }) => id === before);
  return { ...rest, chunks: manifest.chunks.toSpliced(found < 0 ? manifest.chunks.length : found, 0, entry) };
}

/**
 * Reads `.engram/manifest.json`. Lenient where the Go program stops: an entry that cannot be used costs only itself, a count of the
 * wrong type is 0. As in Go, names match whatever their case, missing fields are empty, and `{}` and `null` are version 0 without chunks.
 *
 * @param source text, or UTF-8 bytes.
 * @throws {EngramError} manifest-conflict (git's markers stand in it), manifest-invalid (empty, not JSON, or not a manifest's shape)
 */
export function decodeManifest(source: string | Uint8Array): Manifest {
  return manifestFromJson(parseRoot(source));
}

/** A manifest of a JSON value, by the same rules. @throws {EngramError} manifest-invalid */
export function manifestFromJson(root: JsonValue): Manifest {
  if (root === null) return { version: 0, chunks: [], unusable: [] };
  if (!isJsonObject(root)) throw invalid(`it is ${shapeOf(root)}, not an object`);
  const { known, extra } = split(root, ROOT_KEYS);
  return { version: toVersion(known.get('version')), ...toEntries(known.get('chunks')), ...extra };
}

function parseRoot(source: string | Uint8Array): JsonValue {
  const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8');
  if (text.trim() === '') throw invalid('it is empty');
  try {
    return parseGoJson(source);
  } catch (cause) {
    if (CONFLICT_MARKER.test(text)) throw new EngramError('manifest-conflict', 'manifest.json has git conflict markers.', { cause });
    throw invalid(cause instanceof Error ? cause.message : 'it is not JSON', cause);
  }
}

const ROOT_KEYS = ['version', 'chunks'] as const;
const ENTRY_KEYS = ['id', 'created_by', 'created_at', 'sessions', 'memories', 'prompts'] as const;

interface Split<Key extends string> {
  readonly known: ReadonlyMap<Key, JsonValue>;
  readonly extra: { readonly extra?: Extra };
}

function split<Key extends string>(object: JsonObject, keys: readonly Key[]): Split<Key> {
  const known = new Map<Key, JsonValue>();
  const extra = new Map<string, JsonValue>();
  for (const [name, value] of object) {
    const folded = foldKey(name);
    const key = keys.find((candidate) => candidate === folded);
    if (key === undefined) extra.set(name, value);
    else known.set(key, value);
  }
  return { known, extra: extra.size === 0 ? {} : { extra } };
}

/** A version that is no number stops: guessing one could lower what a newer release wrote. */
function toVersion(value: JsonValue | undefined): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw invalid('version is not a whole number');
}

function toEntries(value: JsonValue | undefined): Pick<Manifest, 'chunks' | 'unusable'> {
  const chunks: ChunkEntry[] = [];
  const unusable: UnusableEntry[] = [];
  if (value === undefined || value === null) return { chunks, unusable };
  if (!isJsonArray(value)) throw invalid(`chunks is ${shapeOf(value)}, not a list`);
  for (const [index, json] of value.entries()) {
    const entry = toEntry(json);
    if (typeof entry === 'string') unusable.push({ index, reason: entry, json });
    else chunks.push(entry);
  }
  return { chunks, unusable };
}

/** @returns the reason why an entry cannot be used, safe to show. */
function toEntry(json: JsonValue): ChunkEntry | string {
  if (!isJsonObject(json)) return `it is ${shapeOf(json)}, not an object`;
  const { known, extra } = split(json, ENTRY_KEYS);
  const id = known.get('id') ?? '';
  const createdBy = known.get('created_by') ?? '';
  const createdAt = known.get('created_at') ?? '';
  if (typeof id !== 'string') return `id is ${shapeOf(id)}, not text`;
  if (!isChunkId(id)) return id === '' ? 'id is empty' : 'id is not a plain file name';
  if (typeof createdBy !== 'string') return `created_by is ${shapeOf(createdBy)}, not text`;
  if (typeof createdAt !== 'string') return `created_at is ${shapeOf(createdAt)}, not text`;
  const [sessions, memories, prompts] = [toCount(known.get('sessions')), toCount(known.get('memories')), toCount(known.get('prompts'))];
  return { id, createdBy, createdAt, sessions, memories, prompts, ...extra };
}

/** Counts are only shown, so a wrong one is no reason to lose the entry. */
function toCount(value: JsonValue | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}

function invalid(reason: string, cause?: unknown): EngramError {
  return new EngramError('manifest-invalid', `manifest.json cannot be read: ${reason}.`, { cause });
}

/**
 * The bytes of a manifest: the layout of Go's `json.MarshalIndent`, without a line end at the end. The version is at least 2 and never
 * lowered; unknown keys stand behind the known ones, unusable entries behind the others.
 */
export function encodeManifest(manifest: ManifestParts): Uint8Array {
  const root = new Map<string, JsonValue>([
    ['version', Math.max(WRITTEN_VERSION, manifest.version)],
    ['chunks', [...manifest.chunks.map(entryToJson), ...(manifest.unusable ?? []).map((entry) => entry.json)]],
    ...(manifest.extra ?? []),
  ]);
  return new TextEncoder().encode(stringifyGoIndented(root));
}

function entryToJson(entry: ChunkEntry): JsonObject {
  return new Map<string, JsonValue>([
    ['id', entry.id],
    ['created_by', entry.createdBy],
    ['created_at', entry.createdAt],
    ['sessions', entry.sessions],
    ['memories', entry.memories],
    ['prompts', entry.prompts],
    ...(entry.extra ?? []),
  ]);
}

/** One line for a person, in the Go program's words (Go `sync.ManifestSummary`): contributors sorted by the bytes of their name. */
export function manifestSummary(manifest: Manifest): string {
  const { chunks } = manifest;
  if (chunks.length === 0) return 'No chunks synced yet.';
  const byAuthor = new Map<string, number>();
  for (const { createdBy } of chunks) byAuthor.set(createdBy, (byAuthor.get(createdBy) ?? 0) + 1);
  const contributors = [...byAuthor].sort(([a], [b]) => compareUtf8(a, b)).map(([name, count]) => `${name} (${count} chunks)`);
  const memories = chunks.reduce((sum, entry) => sum + entry.memories, 0);
  const sessions = chunks.reduce((sum, entry) => sum + entry.sessions, 0);
  return `${chunks.length} chunks, ${memories} memories, ${sessions} sessions — contributors: ${contributors.join(', ')}`;
}
