import { compareUtf8, stringifyGoIndented } from '../../src/engine/goJson.ts';
import type { ChunkData, Int, JsonValue, ObservationRecord, PromptRecord, SessionRecord, SyncMutation } from '../../src/engine/records.ts';
import { GoError, goStruct, unmarshal } from './goStruct.ts';

/** An `.engram` folder in memory: small to copy and to merge. */
export interface ModelFolder {
  /** Text of `manifest.json`; `undefined`: there is no file. */
  manifest: string | undefined;
  /** JSON bytes by chunk id: the files, unpacked. */
  readonly chunks: Map<string, Uint8Array>;
  /** Why Go's gzip reader refuses a chunk file, by id: `unexpected EOF`. */
  readonly unreadable?: ReadonlyMap<string, string>;
}

export function emptyFolder(): ModelFolder {
  return { manifest: undefined, chunks: new Map() };
}

/** Go `sync.ChunkEntry`. */
export interface GoEntry {
  readonly id: string;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly sessions: Int;
  readonly memories: Int;
  readonly prompts: Int;
}

/** Go `sync.Manifest`: unknown keys are not kept. */
export interface GoManifest {
  readonly version: Int;
  readonly chunks: readonly GoEntry[];
}

const ENTRY = goStruct<GoEntry>('sync.ChunkEntry', {
  id: 'string',
  createdBy: 'string',
  createdAt: 'string',
  sessions: 'int',
  memories: 'int',
  prompts: 'int',
});
const MANIFEST = goStruct<GoManifest>('sync.Manifest', { version: 'int', chunks: ENTRY });

/** @throws {GoError} `parse manifest: …` */
export function readManifest(folder: ModelFolder): GoManifest {
  if (folder.manifest === undefined) return { version: 1, chunks: [] };
  return named('parse manifest', () => unmarshal(folder.manifest ?? '', MANIFEST));
}

export function writeManifest(folder: ModelFolder, manifest: GoManifest): void {
  const entries = manifest.chunks.map((entry) => {
    return new Map<string, JsonValue>([
      ['id', entry.id],
      ['created_by', entry.createdBy],
      ['created_at', entry.createdAt],
      ['sessions', entry.sessions],
      ['memories', entry.memories],
      ['prompts', entry.prompts],
    ]);
  });
  folder.manifest = stringifyGoIndented(
    new Map<string, JsonValue>([
      ['version', manifest.version],
      ['chunks', entries],
    ]),
  );
}

/** Fields that the rows of chunks and the payloads of mutations share. */
export const SESSION_FIELDS = {
  id: 'string',
  project: 'string',
  directory: 'string',
  startedAt: 'string',
  endedAt: '*string',
  summary: '*string',
} as const;
export const OBSERVATION_FIELDS = {
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
} as const;

const CHUNK = goStruct<Required<Pick<ChunkData, 'sessions' | 'observations' | 'prompts' | 'mutations'>>>('sync.ChunkData', {
  sessions: goStruct<Omit<SessionRecord, 'extra'>>('store.Session', SESSION_FIELDS),
  observations: goStruct<Omit<ObservationRecord, 'extra'>>('store.Observation', {
    id: 'int64',
    ...OBSERVATION_FIELDS,
    deletedAt: '*string',
  }),
  prompts: goStruct<Omit<PromptRecord, 'extra'>>('store.Prompt', {
    id: 'int64',
    syncId: 'string',
    sessionId: 'string',
    content: 'string',
    project: 'string',
    createdAt: 'string',
  }),
  mutations: goStruct<Omit<SyncMutation, 'extra'>>('store.SyncMutation', {
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
  }),
});

/** A chunk as Go's decoder fills it: all arrays are there, unknown keys are not. */
export type GoChunk = NonNullable<(typeof CHUNK)['of']>;

/** @returns `undefined` where there is no file (`ErrChunkNotFound`). @throws {GoError} `read chunk <id>: …`, `parse chunk <id>: …` */
export function readChunk(folder: ModelFolder, id: string): GoChunk | undefined {
  const refused = folder.unreadable?.get(id);
  if (refused !== undefined) throw new GoError(`read chunk ${id}: ${refused}`);
  const bytes = folder.chunks.get(id);
  return bytes && named(`parse chunk ${id}`, () => unmarshal(bytes, CHUNK));
}

/** Adds a name in front of the message, as Go's `fmt.Errorf("name: %w")`. */
export function named<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`${name}: ${error.message}`);
    throw error;
  }
}

/** Bytes order, as Go compares strings. */
export function isGreater(a: string, b: string): boolean {
  return compareUtf8(a, b) > 0;
}

/** What a command of the Go program answers. */
export type Outcome<T> = { readonly ok: T } | { readonly error: string };

export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { ok: work() };
  } catch (error) {
    if (error instanceof GoError) return { error: error.message };
    throw error;
  }
}
