import type { ChunkId } from './manifest.ts';
import { deletionTimeOf } from './versions.ts';

export type Entity = 'session' | 'observation' | 'prompt' | 'relation';

/**
 * What one chunk holds of one identity, compact: enough to decide which of two versions wins, without the content.
 * For observations, prompts and relations `order` compares as text exactly as the merge rule compares versions (instant, tombstone,
 * revision, fingerprint; see merge.ts) and `json` is the canonical JSON of unknown fields or `''`. For sessions `order` is `''` and `json` the whole
 * normal form, because sessions merge field by field.
 */
export interface Holding {
  readonly chunkId: ChunkId;
  readonly entity: Entity;
  /** Session id, or `sync_id` (derived where the file has none). */
  readonly key: string;
  /** Stands in one of the chunk's arrays, not only in its mutations. */
  readonly inArray: boolean;
  readonly order: string;
  readonly json: string;
}

/** A chunk that has been read and merged; a chunk never changes, so it is read once. */
export interface IndexedChunk {
  readonly id: ChunkId;
  /** SHA-256 of the unpacked JSON, 64 hex digits. */
  readonly sha256: string;
  readonly createdBy: string;
  /** As the manifest entry says it; of a chunk that no manifest lists the newest time of its rows. */
  readonly createdAt: string;
  readonly sessions: number;
  readonly memories: number;
  readonly prompts: number;
  readonly relations: number;
  /** Records that could not be used. */
  readonly rejected: number;
  /** This database wrote it. */
  readonly exportedHere: boolean;
  /** Merged into the memories, not only read; a chunk that an older program has recorded may lack the edits in it. */
  readonly merged: boolean;
  /** Packed size and modification time of the file that was read. */
  readonly size: number;
  readonly mtimeMs: number;
}

/** @returns when the row was deleted, in the form of the database's columns; `undefined` where the latest that chunks hold of it is live, or nothing */
export function latestDeletion(holdings: readonly Holding[]): string | undefined {
  return deletionTimeOf(latestOrder(holdings));
}

/** The latest version's {@link Holding.order}; `''` where there is none. */
export function latestOrder(holdings: readonly Holding[]): string {
  return (
    holdings
      .map(({ order }) => order)
      .sort()
      .at(-1) ?? ''
  );
}
