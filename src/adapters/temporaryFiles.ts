import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from './processIdentity.ts';

const TEMPORARY = /^[^/\\]+\.tmp-(\d{1,10})-[0-9A-Za-z]+$/;
const OLD_MS = 60 * 60 * 1000;

/**
 * Removes what crashed writes left in `.engram` and `.engram/chunks`: plain files `<name>.tmp-<pid>-<random>` whose process is gone, or
 * that are older than an hour (a process id can be used again). Nothing else, and never through a symbolic link.
 *
 * Call it while holding the folder's lock: the process ids of another machine mean nothing here, but then it cannot be writing.
 *
 * @param others folders that are written under the same lock
 * @returns how many were removed. Never throws: what cannot be removed stays.
 */
export async function removeStaleTemporaryFiles(root: string, others: readonly string[] = []): Promise<number> {
  const removed = await Promise.all([root, join(root, 'chunks'), ...others].map(removeIn));
  return removed.reduce((sum, count) => sum + count, 0);
}

async function removeIn(folder: string): Promise<number> {
  let removed = 0;
  try {
    if (!(await lstat(folder)).isDirectory()) return 0;
    for (const name of await readdir(folder)) {
      if (await isStale(folder, name)) removed += await remove(join(folder, name));
    }
  } catch {
    return removed; // not there, or not readable: nothing to clean
  }
  return removed;
}

async function isStale(folder: string, name: string): Promise<boolean> {
  const pid = TEMPORARY.exec(name)?.[1];
  if (pid === undefined) return false;
  const found = await lstat(join(folder, name)).catch(() => undefined);
  if (!found?.isFile()) return false;
  return Date.now() - found.mtimeMs > OLD_MS || !exists(Number(pid));
}

async function remove(path: string): Promise<number> {
  return unlink(path).then(
    () => 1,
    () => 0,
  );
}
