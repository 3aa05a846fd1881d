import { isUnlisted, type ScannedChunk } from './chunkScan.ts';
import type { EngramError } from './errors.ts';
import type { Healing, HealingKind } from './folderState.ts';
import { type ChunkEntry, type ChunkId, isHashId, type Manifest } from './manifest.ts';
import { inOrder, insertByTime, type Precedence } from './placement.ts';
import { uniteManifests } from './uniteManifests.ts';

export type HealMode =
  /** Nobody has asked. */
  | 'automatic'
  /** Before an export that somebody has asked for. */
  | 'sync'
  /** Somebody has asked for the repair. */
  | 'asked';

export interface HealingInput {
  /** What the file says; `undefined`: it cannot be read. */
  readonly file: Manifest | undefined;
  /** Why the file cannot be used as it is. */
  readonly error: EngramError | undefined;
  /** The union of all that is known. */
  readonly known: Manifest;
  readonly isEmpty: boolean;
  /** The scan of the folder by {@link known}. */
  readonly chunks: readonly ScannedChunk[];
  /** Chunks that git does not have yet: their entries may just be put aside, in a stash for example. `undefined`: there is no git. */
  readonly uncommitted: ReadonlySet<string> | undefined;
  /** A merge, rebase or the like is open. */
  readonly isBusy: boolean;
}

/**
 * What is wrong with the manifest and the chunk files and can be repaired.
 *
 * By itself happens only what is not ambiguous: listing chunks again that git has, removing duplicates, writing an empty or lost
 * manifest anew. A conflict is somebody's merge, a manifest that is no JSON may hold what nobody understands, and a chunk that is gone
 * may have been removed on purpose: these take a click.
 */
export function healingOf(input: HealingInput): Healing | undefined {
  const kinds = kindsOf(input);
  if (kinds.length === 0) return undefined;
  const unlisted = unlistedIn(input.chunks);
  return {
    kinds,
    entries: uniteManifests([input.known]).chunks.length + unlisted.length,
    unlisted: unlisted.length,
    duplicates: duplicatesIn(input.file),
    missing: missingIn(input.chunks).length,
    torn: tornIn(input.chunks).length,
    automatic: !input.isBusy && input.uncommitted !== undefined && automaticKinds(input).length > 0,
  };
}

/** Of the kinds those that may be repaired without a click. */
function automaticKinds(input: HealingInput): readonly HealingKind[] {
  return kindsFor('automatic', input);
}

/** What a repair may do. One fault of the manifest that takes a click keeps all of it from being written. */
export function kindsFor(mode: HealMode, input: HealingInput): readonly HealingKind[] {
  const kinds = kindsOf(input);
  if (mode === 'asked') return kinds;
  const ofTheManifest = kinds.filter((kind) => !isOfFiles(kind));
  const isClear = (kind: HealingKind): boolean => kind !== 'conflict' && (kind !== 'damaged' || input.isEmpty);
  if (!ofTheManifest.every(isClear)) return [];
  if (mode === 'automatic' && input.known.chunks.length + listableIn(mode, input).length === 0) return [];
  return ofTheManifest.filter((kind) => kind !== 'unlisted' || listableIn(mode, input).length > 0);
}

/** The unlisted chunks that a repair may list. */
export function listableIn(mode: HealMode, { chunks, uncommitted }: HealingInput): readonly ScannedChunk[] {
  const unlisted = unlistedIn(chunks);
  return mode === 'automatic' ? unlisted.filter(({ id }) => !uncommitted?.has(id)) : unlisted;
}

function kindsOf({ file, error, chunks, isEmpty }: HealingInput): readonly HealingKind[] {
  const kinds: HealingKind[] = [];
  if (error?.code === 'manifest-conflict') kinds.push('conflict');
  else if (error?.code === 'manifest-invalid') kinds.push('damaged');
  else if (error) return [];
  else if (file?.absent && isEmpty && chunks.some((chunk) => chunk.file)) kinds.push('lost');
  else if (file?.absent) return [];
  if (unlistedIn(chunks).length > 0) kinds.push('unlisted');
  if (duplicatesIn(file) > 0) kinds.push('duplicates');
  if (missingIn(chunks).length > 0) kinds.push('missing');
  if (tornIn(chunks).length > 0) kinds.push('torn');
  return kinds;
}

/** Sound chunks that no entry names. */
function unlistedIn(chunks: readonly ScannedChunk[]): readonly ScannedChunk[] {
  return chunks.filter(isUnlisted);
}

/** Listed chunks without a file. */
function missingIn(chunks: readonly ScannedChunk[]): readonly ScannedChunk[] {
  return chunks.filter((chunk) => chunk.state === 'missing');
}

/** Only where the name is the hash of the content a torn file can be told from the right one. */
function tornIn(chunks: readonly ScannedChunk[]): readonly ScannedChunk[] {
  return chunks.filter((chunk) => chunk.problem?.code === 'chunk-corrupt' && isHashId(chunk.id));
}

/** Chunks whose right file git's history may have. */
export function wantedFiles(chunks: readonly ScannedChunk[]): readonly ScannedChunk[] {
  return [...missingIn(chunks), ...tornIn(chunks)];
}

/** Whether a kind is about chunk files; all others are about the manifest. */
export function isOfFiles(kind: HealingKind): boolean {
  return kind === 'missing' || kind === 'torn';
}

function duplicatesIn(file: Manifest | undefined): number {
  return file ? file.chunks.length - new Set(file.chunks.map(({ id }) => id)).size : 0;
}

/**
 * The manifest as it should be: everything that is known, once, the additions at the place of their time, no edit before its row.
 *
 * @param additions entries for chunks that nothing lists.
 */
export function healedManifest(known: Manifest, additions: readonly ChunkEntry[], precedence: Precedence): Manifest {
  const united = uniteManifests([known]);
  const listed = new Set<ChunkId>(united.chunks.map(({ id }) => id));
  const all = insertByTime(
    united.chunks,
    additions.filter(({ id }) => !listed.has(id)),
  );
  return { ...united, chunks: inOrder(all, precedence) };
}

/** The entry of a chunk from what was read of it. */
export function entryOf({ id, indexed }: ScannedChunk, remembered: ChunkEntry | undefined): ChunkEntry | undefined {
  if (remembered) return remembered;
  if (!indexed) return undefined;
  const { createdBy, createdAt, sessions, memories, prompts } = indexed;
  return { id, createdBy: createdBy || 'unknown', createdAt, sessions, memories, prompts };
}
