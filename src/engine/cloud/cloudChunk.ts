import { encodeChunk } from '../chunkCodec.ts';
import type { ChunkData, Int, ObservationRecord, PromptRecord, SessionRecord, SyncMutation } from '../records.ts';
import { PLACEHOLDER_DIRECTORY, PLACEHOLDER_START } from '../versions.ts';
import { canonicalizeForProject } from './canonical.ts';
import { type CloudChange, sizeOf } from './cloudChange.ts';

/** JSON bytes of one chunk. A server takes 8 MiB; each row stands in a chunk twice. */
export const CLOUD_CHUNK_BYTES = 4 * 1024 * 1024;

/** A change with its place in the journal. */
export interface JournalledChange extends CloudChange {
  readonly seq: Int;
  readonly occurredAt: string;
  /** Every row of the journal that is delivered with it. */
  readonly covers: readonly Int[];
}

/** Groups of changes that fit a chunk, in order. What is larger alone goes alone. */
export function inChunks(changes: readonly JournalledChange[], maxBytes = CLOUD_CHUNK_BYTES): JournalledChange[][] {
  const groups: JournalledChange[][] = [];
  let room = 0;
  for (const change of changes) {
    const size = sizeOf(change);
    const last = groups.at(-1);
    if (last && size <= room) last.push(change);
    else groups.push([change]);
    room = (last && size <= room ? room : maxBytes) - size;
  }
  return groups;
}

/**
 * One chunk as the server keeps it: the rows in the arrays, what happened to them as mutations in the order of the journal, each identity
 * once, and with every row its session.
 *
 * @param sessions of this database, in the order of the table
 * @param salt for another id; a root key that every reader ignores
 * @throws {CanonicalError} what the server would refuse
 */
export function cloudChunk(
  changes: readonly JournalledChange[],
  sessions: ReadonlyMap<string, SessionRecord>,
  project: string,
  salt = 0,
): { readonly data: ChunkData; readonly bytes: Uint8Array } {
  const observations: ObservationRecord[] = [];
  const prompts: PromptRecord[] = [];
  const changed: SessionRecord[] = [];
  for (const { row } of changes) {
    if (row?.kind === 'session') changed.push(row.record);
    if (row?.kind === 'observation') observations.push(row.record);
    if (row?.kind === 'prompt') prompts.push(row.record);
  }
  const data: ChunkData = {
    sessions: sessionsOf(changed, [...observations, ...prompts], sessions, project),
    observations,
    prompts,
    mutations: changes.toSorted((a, b) => Number(a.seq) - Number(b.seq)).map(mutationOf),
    ...(salt > 0 && { extra: new Map([['x_salt', salt]]) }),
  };
  return { data, bytes: canonicalizeForProject(encodeChunk(data), project) };
}

/** A database whose foreign keys were off may have rows of a session that is gone. */
function sessionsOf(
  changed: readonly SessionRecord[],
  rows: readonly (ObservationRecord | PromptRecord)[],
  sessions: ReadonlyMap<string, SessionRecord>,
  project: string,
): SessionRecord[] {
  const found = new Map(changed.map((row) => [row.id, row]));
  for (const { sessionId: id } of rows) {
    if (found.has(id)) continue;
    found.set(id, sessions.get(id) ?? { id, project, directory: PLACEHOLDER_DIRECTORY, startedAt: PLACEHOLDER_START });
  }
  const place = new Map([...sessions.keys()].map((id, index) => [id, index]));
  return [...found.values()].toSorted((a, b) => (place.get(a.id) ?? -1) - (place.get(b.id) ?? -1));
}

function mutationOf({ mutation, seq, occurredAt }: JournalledChange): SyncMutation {
  return { ...mutation, seq, occurredAt, targetKey: 'cloud', source: 'local' };
}
