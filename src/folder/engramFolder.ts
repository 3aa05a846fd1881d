import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { lookAtFolder } from '../adapters/folderLook.ts';
import { translateFsError } from '../adapters/fsErrors.ts';
import { type GitCommand, openGit } from '../adapters/git.ts';
import { ensureIgnoreFile } from '../adapters/gitIgnoreFile.ts';
import { findGit } from '../adapters/gitProcess.ts';
import { removeStaleTemporaryFiles } from '../adapters/temporaryFiles.ts';
import type { WriteGuard } from '../engine/ports.ts';
import { holdLocks } from './holdLocks.ts';
import { mustBeOursToWrite, refused, trackedDatabase, tracksDatabase } from './refusals.ts';

/** A folder that is written in. */
export interface WritePlace {
  /** Absolute. */
  readonly path: string;
  /** Holds chunks that git shares; any other folder only holds a database. */
  readonly isShared: boolean;
}

/** A folder by its name alone. */
export function placeAt(path: string): WritePlace {
  return { path, isShared: basename(path) === '.engram' };
}

/**
 * Runs `work` where it may write in all of the folders: they are made where they are not there, locked, and in a shared one nothing of a
 * person's own can become visible to git.
 *
 * @param work gets a guard to ask before every rename, and the repository of the first folder if that is a shared one.
 * @throws {EngramError} not-initialised (another tool's folder), not-regular-file, store-in-data-directory, store-tracked, store-locked,
 *   git-failed, read-only, disk-full, io-failed, cancelled
 */
export async function writeIn<T>(
  places: readonly WritePlace[],
  work: (guard: WriteGuard, git: GitCommand | undefined) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (const place of places) await makeFolder(place);
  const paths = places.map(({ path }) => path);
  const prepareAndWork = async (guard: WriteGuard): Promise<T> => {
    const repositories: (GitCommand | undefined)[] = [];
    for (const { path, isShared } of places) repositories.push(isShared ? await prepare(path, guard) : undefined);
    return work(guard, repositories[0]);
  };
  return holdLocks(paths, prepareAndWork, signal);
}

/** Before the lock: its file would make another tool's folder look like ours. */
async function makeFolder({ path, isShared }: WritePlace): Promise<void> {
  if ((await lookAtFolder(path)).kind === 'not-a-folder') throw refused('not-a-folder');
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw translateFsError(error, basename(path));
  }
  if (isShared) await mustBeOursToWrite(path);
}

async function prepare(root: string, guard: WriteGuard): Promise<GitCommand | undefined> {
  const git = await openGit(root, findGit());
  const status = await git?.folderStatus();
  if (tracksDatabase(status)) throw trackedDatabase(status);
  await removeStaleTemporaryFiles(root);
  await ensureIgnoreFile(root, git, guard);
  return git;
}
