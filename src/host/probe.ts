import { dirname, join } from 'node:path';

/** Whether anything stands at an absolute path: a broken symbolic link does, what may not be seen does not. */
export type Exists = (path: string) => Promise<boolean>;

/** Where `.engram` of an opened folder is, or would be made. Absolute paths. */
export interface Place {
  readonly root: string;
  readonly exists: boolean;
  /** The folder that has `.git`, where there is one. */
  readonly gitRoot: string | undefined;
}

/** Deeper paths than any file system has. */
const MAX_LEVELS = 200;

/**
 * Finds `.engram` in the folder itself, else in the nearest parent up to the git root (which has `.git` as a folder, or as a file in a
 * worktree or submodule). Never above it, and not upwards at all where there is no repository: a stranger's `.engram` stays one.
 * Whatever is called `.engram` counts; the engine says what is wrong with it.
 */
export async function findPlace(folder: string, exists: Exists): Promise<Place> {
  let nearest: string | undefined;
  let current = folder;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const [engram, git] = await Promise.all([exists(join(current, '.engram')), exists(join(current, '.git'))]);
    if (engram) nearest ??= current;
    if (git) return placeIn(nearest ?? current, { exists: nearest !== undefined, gitRoot: current });
    const parent = dirname(current);
    if (parent === current) break;
    current = parent;
  }
  return placeIn(folder, { exists: nearest === folder, gitRoot: undefined });
}

function placeIn(parent: string, rest: Omit<Place, 'root'>): Place {
  return { root: join(parent, '.engram'), ...rest };
}

/** The files of `.engram` whose change means that the folder has to be looked at again: not the index, lock, ignore and temporary files. */
export function isNews(pathInFolder: string): boolean {
  const path = pathInFolder.replaceAll('\\', '/');
  return path === '' || path === 'manifest.json' || path === 'engram.db' || path === 'chunks' || /^chunks\/[^./][^/]*$/.test(path);
}
