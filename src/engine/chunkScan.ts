import { EngramError } from './errors.ts';
import type { ChunkState } from './folderState.ts';
import type { IndexedChunk } from './held.ts';
import type { ChunkEntry, ChunkId, Manifest } from './manifest.ts';
import type { ChunkFile } from './ports.ts';

/** A chunk as manifest, folder, index and database see it together. Pure data. */
export interface ScannedChunk {
  readonly id: ChunkId;
  readonly state: Exclude<ChunkState, 'unknown'>;
  /** To be imported by the next import. */
  readonly waiting: boolean;
  /** The database has recorded it and ours has merged it, from whatever file it was. */
  readonly isMerged: boolean;
  /** The first entry of this id. */
  readonly entry: ChunkEntry | undefined;
  readonly file: ChunkFile | undefined;
  readonly indexed: IndexedChunk | undefined;
  readonly problem: EngramError | undefined;
}

/** Failures of reading, remembered for a file as it was, so that a bad chunk is not read again at every look. */
export type KnownProblems = ReadonlyMap<ChunkId, { readonly size: number; readonly mtimeMs: number; readonly error: EngramError }>;

export interface ScanInput {
  readonly manifest: Manifest;
  readonly files: readonly ChunkFile[];
  readonly indexed: ReadonlyMap<ChunkId, IndexedChunk>;
  /** Ids in `sync_chunks`. */
  readonly recorded: ReadonlySet<string>;
  /** Chunks whose import a person has undone: they wait for nothing but a click. */
  readonly undone: ReadonlySet<string>;
  readonly problems: KnownProblems;
  /** What the database has recorded counts as imported: it is only looked at, so nothing could be merged again. */
  readonly isView?: boolean;
}

/**
 * Decides how each chunk of the folder stands. Total: any input gives an answer, each id once, in manifest order, then the unlisted ones
 * by name. A chunk counts as imported only when the database has recorded it and the index has merged it, so that a chunk which an older
 * program recorded while ignoring its edits is merged again.
 */
export function scanChunks(input: ScanInput): readonly ScannedChunk[] {
  const files = new Map(input.files.map((file) => [file.id, file]));
  const entries = new Map<ChunkId, ChunkEntry>();
  for (const entry of input.manifest.chunks) if (!entries.has(entry.id)) entries.set(entry.id, entry);
  const unlisted = [...files.keys()].filter((id) => !entries.has(id)).sort();
  return [...entries.keys(), ...unlisted].map((id) => scanOne(id, entries.get(id), files.get(id), input));
}

/** A sound chunk that no entry names. One that a person has undone is missing in the manifest all the same: the undo is theirs alone. */
export function isUnlisted({ entry, state }: ScannedChunk): boolean {
  return entry === undefined && (state === 'unlisted' || state === 'undone');
}

function scanOne(id: ChunkId, entry: ChunkEntry | undefined, file: ChunkFile | undefined, input: ScanInput): ScannedChunk {
  const indexed = input.indexed.get(id);
  const isMerged = (input.isView || indexed?.merged === true) && input.recorded.has(id);
  const chunk = { id, entry, file, indexed, isMerged, problem: undefined, waiting: false };
  if (!file) return { ...chunk, state: 'missing', problem: missingChunk(id, isMerged) };
  const problem = file.problem ? notRegular(id) : problemOf(file, input.problems);
  if (problem) return { ...chunk, state: problem.code === 'chunk-altered' ? 'altered' : 'unreadable', problem };
  if (input.undone.has(id)) return { ...chunk, state: 'undone' };
  const isUnchanged = input.isView || (indexed?.size === file.size && indexed.mtimeMs === file.mtimeMs);
  const waiting = !isMerged || !isUnchanged;
  if (!entry) return { ...chunk, state: 'unlisted', waiting };
  return { ...chunk, state: isMerged ? 'imported' : 'pending', waiting };
}

function problemOf(file: ChunkFile, problems: KnownProblems): EngramError | undefined {
  const known = problems.get(file.id);
  return known && known.size === file.size && known.mtimeMs === file.mtimeMs ? known.error : undefined;
}

/** @param isMerged the memories have what it holds. */
export function missingChunk(id: ChunkId, isMerged: boolean): EngramError {
  const next = isMerged
    ? 'Your database has its memories, but a teammate who clones now would not get them: restore the file from git.'
    : 'It is imported as soon as the file arrives.';
  return new EngramError('chunk-missing', `Chunk ${id} is listed, but its file is not here. ${next}`, { subject: id });
}

function notRegular(id: ChunkId): EngramError {
  return new EngramError('not-regular-file', `Chunk ${id} is a link or a folder, not a file. It is never followed and never read.`, {
    subject: id,
  });
}
