import type { Extra, JsonValue } from './records.ts';

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
