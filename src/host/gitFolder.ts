import { lstat, open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** Whether anything stands there, a broken symbolic link included. What may not be seen counts as absent. */
export async function pathExists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Longer than any path. */
const MAX_POINTER_BYTES = 5000;

/**
 * Where git keeps its own files of a work tree: `.git` itself, or where the file `.git` of a worktree or submodule points to.
 *
 * @param gitRoot absolute path of the folder that has `.git`.
 * @returns `undefined` where `.git` is neither. Source: gitrepository-layout(5).
 */
export async function gitFolderOf(gitRoot: string): Promise<string | undefined> {
  const path = join(gitRoot, '.git');
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return found && path;
  const target = /^gitdir: (.+?)\r?\n?$/.exec(await beginning(path))?.[1];
  if (target === undefined) return undefined;
  return isAbsolute(target) ? target : join(gitRoot, target);
}

async function beginning(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_POINTER_BYTES), 0, MAX_POINTER_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return ''; // a file that cannot be read points nowhere
  } finally {
    await file.close();
  }
}
