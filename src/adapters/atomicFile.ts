import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngramError } from '../engine/errors.ts';
import type { WriteGuard } from '../engine/ports.ts';
import { systemCode, translateFsError } from './fsErrors.ts';

/** The calls that one atomic write makes, so that a test can fail each of them. */
export interface AtomicDisk {
  readonly open: typeof open;
  readonly lstat: typeof lstat;
  readonly rename: typeof rename;
  readonly unlink: typeof unlink;
}

const nodeDisk: AtomicDisk = { open, lstat, rename, unlink };

/** Virus scanners and indexers on Windows hold a new file for some hundred milliseconds. */
const RENAME_PAUSES_MS = [10, 30, 100, 300, 600];

/** A path beside `path` that nobody else uses: `.<name>.tmp-<pid>-<random>`. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
}

/**
 * Replaces a file whole: temporary file beside it, fsync, `guard`, rename, fsync of the folder. After a crash at any point the old or the
 * new file is there, never half of one; a failure leaves the old file and no temporary one.
 *
 * @throws {EngramError} not-regular-file, disk-full, read-only, io-failed, and whatever `guard` throws
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array, guard: WriteGuard, disk: AtomicDisk = nodeDisk): Promise<void> {
  const subject = basename(path);
  const temporary = temporaryPath(path);
  try {
    const mode = await replaceableMode(path, disk);
    await writeNew(temporary, bytes, mode, disk);
    await guard();
    await replaceableMode(path, disk);
    await renamePatiently(temporary, path, disk);
  } catch (error) {
    await disk.unlink(temporary).catch(ignore);
    throw translateFsError(error, subject);
  }
  await syncFolder(dirname(path), disk);
}

/** The permissions the new file gets: those of the old one, so that a private database stays private. */
async function replaceableMode(path: string, disk: AtomicDisk): Promise<number> {
  try {
    const found = await disk.lstat(path);
    if (found.isFile()) return found.mode & 0o777;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0o666;
    throw error;
  }
  const subject = basename(path);
  throw new EngramError('not-regular-file', `${subject} is a symbolic link or a folder, not a plain file.`, { subject });
}

async function writeNew(path: string, bytes: Uint8Array, mode: number, disk: AtomicDisk): Promise<void> {
  const handle = await disk.open(path, 'wx', mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function renamePatiently(from: string, to: string, disk: AtomicDisk): Promise<void> {
  for (const pause of RENAME_PAUSES_MS) {
    try {
      return await disk.rename(from, to);
    } catch (error) {
      if (process.platform !== 'win32' || !['EPERM', 'EBUSY', 'EACCES'].includes(systemCode(error))) throw error;
    }
    await sleep(pause);
  }
  await disk.rename(from, to);
}

/** Makes the rename durable. Best effort: Windows and some network disks cannot sync a folder, and the new file stands there already. */
async function syncFolder(folder: string, disk: AtomicDisk): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await disk.open(folder, 'r');
    await handle.sync();
  } catch (error) {
    ignore(error);
  } finally {
    await handle?.close().catch(ignore);
  }
}

/** For failures that change nothing: the work is done, or the first error is the one to tell. */
function ignore(_error: unknown): void {
  return;
}
