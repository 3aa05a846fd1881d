import { EngramError } from '../engine/errors.ts';
import { decodeManifest, EMPTY_MANIFEST, type Manifest } from '../engine/manifest.ts';
import type { FolderHistory, FolderTransport } from '../engine/ports.ts';
import { readDamagedManifest, uniteManifests } from '../engine/uniteManifests.ts';

/** The manifest as it stands on disk, and what is known of it from elsewhere. */
export interface ManifestReading {
  /** As it is in the file. */
  readonly file: Manifest | undefined;
  /** Why the file cannot be used, or not without a repair. */
  readonly error: EngramError | undefined;
  /** The best that is known: the file; else the union of its sides, of git's stages and of the committed one. */
  readonly known: Manifest;
  /** There is nothing in the file that a repair could lose. */
  readonly isEmpty: boolean;
  /** Git waits for somebody to say that the conflict is resolved. */
  readonly isUnmerged: boolean;
}

export interface ManifestSources {
  readonly transport: FolderTransport;
  /** `undefined`: no git, or no trust. */
  readonly history: FolderHistory | undefined;
  /** What `git status` says. */
  readonly isUnmerged: boolean;
}

/** Reads the manifest, whatever state it is in. Never throws for what is wrong with the file: that is in the reading. */
export async function readManifestWhole(sources: ManifestSources): Promise<ManifestReading> {
  const { isUnmerged } = sources;
  let bytes: Uint8Array | undefined;
  try {
    bytes = await sources.transport.readManifestBytes();
  } catch (error) {
    if (!EngramError.is(error)) throw error;
    return { file: undefined, error, known: EMPTY_MANIFEST, isEmpty: false, isUnmerged };
  }
  if (!bytes) return readLost(sources);
  try {
    const file = decodeManifest(bytes);
    return isUnmerged ? readUnmerged(file, sources) : { file, error: undefined, known: file, isEmpty: false, isUnmerged };
  } catch (error) {
    if (!EngramError.is(error)) throw error;
    return readDamaged(bytes, error, sources);
  }
}

async function readLost(sources: ManifestSources): Promise<ManifestReading> {
  const known = await withCommitted([], sources);
  return { file: EMPTY_MANIFEST, error: undefined, known, isEmpty: true, isUnmerged: sources.isUnmerged };
}

/** One whole side, or what a repair has written: it is a conflict as long as an entry of some side is not in it. */
async function readUnmerged(file: Manifest, { history }: ManifestSources): Promise<ManifestReading> {
  const stages = await stagesOf(history);
  const known = uniteManifests([file, ...stages]);
  const isWhole = known.chunks.length === new Set(file.chunks.map(({ id }) => id)).size;
  if (isWhole) return { file, error: undefined, known: file, isEmpty: false, isUnmerged: true };
  const error = new EngramError('manifest-conflict', 'manifest.json is unmerged in git, and entries of one side are not in it.');
  return { file, error, known, isEmpty: false, isUnmerged: true };
}

async function readDamaged(bytes: Uint8Array, error: EngramError, sources: ManifestSources): Promise<ManifestReading> {
  const readable = readDamagedManifest(bytes);
  const isEmpty = Buffer.from(bytes).toString('latin1').trim() === '';
  const stages = await stagesOf(sources.isUnmerged ? sources.history : undefined);
  const isConflict = error.code === 'manifest-conflict' || stages.length > 0;
  const known = isConflict ? uniteManifests([readable, ...stages]) : await withCommitted([readable], sources);
  const conflict = new EngramError('manifest-conflict', 'manifest.json is unmerged in git and cannot be read.', { cause: error });
  return {
    file: undefined,
    error: isConflict && error.code !== 'manifest-conflict' ? conflict : error,
    known,
    isEmpty,
    isUnmerged: sources.isUnmerged,
  };
}

/** The committed one first: it has the order that the team knows. */
async function withCommitted(others: readonly Manifest[], { history }: ManifestSources): Promise<Manifest> {
  const committed = await quietly(history?.committedManifest());
  const all = [...(committed ? [readDamagedManifest(committed)] : []), ...others];
  return all.length === 0 ? EMPTY_MANIFEST : uniteManifests(all);
}

async function stagesOf(history: FolderHistory | undefined): Promise<Manifest[]> {
  const stages = (await quietly(history?.unmergedManifests())) ?? [];
  // Ours and theirs before the common ancestor: what only that has comes last.
  return [...stages.slice(1), ...stages.slice(0, 1)].map(readDamagedManifest);
}

/** Without git's help the rest is still repaired. */
async function quietly<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (EngramError.is(error, 'git-failed')) return undefined;
    throw error;
  }
}

/** What the chunks are looked at by: a folder without chunks and manifest lists nothing, whatever is committed. */
export function listingOf({ file, known }: ManifestReading, files: readonly unknown[]): Manifest {
  return file?.absent && files.length === 0 ? EMPTY_MANIFEST : known;
}
