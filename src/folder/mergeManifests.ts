import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { EngramError } from '../engine/errors.ts';
import { decodeManifest, encodeManifest, type Manifest, NEWEST_MANIFEST_VERSION } from '../engine/manifest.ts';
import { insertByTime } from '../engine/placement.ts';
import { uniteManifests } from '../engine/uniteManifests.ts';

/** Paths as git gives them to a merge driver (gitattributes(5)): relative to the work tree, files of this merge alone. */
export interface MergeFiles {
  /** Common ancestor (`%O`); an empty file where there is none. */
  readonly base: string;
  /** Ours (`%A`). */
  readonly ours: string;
  /** Theirs (`%B`). */
  readonly theirs: string;
  /** Where the result goes; it is there whole or not at all. */
  readonly result: string;
}

/**
 * Unites two versions of a manifest and writes the result.
 *
 * @throws {EngramError} manifest-invalid, manifest-conflict: a side cannot be read, so a person has to look at it; nothing was written
 */
export function mergeManifestFiles({ base, ours, theirs, result }: MergeFiles): void {
  if ([base, ours, theirs, result].includes('')) throw new EngramError('invalid-input', 'Four file names are needed.');
  const merged = mergeManifests(sideOf(base), mustHave(sideOf(ours)), mustHave(sideOf(theirs)));
  const temporary = `${result}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, encodeManifest(merged), { flag: 'wx' });
  renameSync(temporary, result);
}

/** Ours in its order; what only the others have at the place of its time. */
export function mergeManifests(base: Manifest | undefined, ours: Manifest, theirs: Manifest): Manifest {
  const united = uniteManifests([ours, theirs, ...(base ? [base] : [])]);
  const here = new Set(ours.chunks.map(({ id }) => id));
  const added = united.chunks.filter(({ id }) => !here.has(id));
  return {
    ...united,
    chunks: insertByTime(
      united.chunks.filter(({ id }) => here.has(id)),
      added,
    ),
  };
}

function sideOf(path: string): Manifest | undefined {
  const bytes = readFileSync(path);
  if (bytes.toString('latin1').trim() === '') return undefined;
  const side = decodeManifest(bytes);
  if (side.version <= NEWEST_MANIFEST_VERSION) return side;
  throw new EngramError('manifest-invalid', 'manifest.json was written by a newer release, so its merge is left to git');
}

/** An empty side says nothing; whether somebody has emptied it on purpose is for a person to say. */
function mustHave(side: Manifest | undefined): Manifest {
  if (side) return side;
  throw new EngramError('manifest-invalid', 'one side of manifest.json is empty');
}
