import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { EngramError, type EngramErrorCode } from '../engine/errors.ts';
import { systemCode, translateFsError } from './fsErrors.ts';

/** How to name a file in an error, and how much of it may be read. */
export interface ReadOptions {
  readonly subject: string;
  readonly maxBytes: number;
  readonly tooLarge: EngramErrorCode;
}

/** Windows knows neither flag; there lstat before opening and fstat after it have to do. Without O_NONBLOCK a named pipe would block. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a plain file whole; a symbolic link, device or pipe is never opened, also when it takes the file's place meanwhile.
 *
 * @returns `undefined` when there is no such file.
 * @throws {EngramError} not-regular-file, io-failed, and `tooLarge` before anything is read
 */
export async function readRegularFile(path: string, options: ReadOptions): Promise<Uint8Array | undefined> {
  let handle: FileHandle | undefined;
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw notRegular(options.subject);
    handle = await open(path, OPEN_FLAGS);
    return await readWhole(handle, options);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw translateFsError(error, options.subject, 'read');
  } finally {
    await handle?.close().catch(() => undefined); // what was read is read
  }
}

async function readWhole(handle: FileHandle, { subject, maxBytes, tooLarge }: ReadOptions): Promise<Uint8Array> {
  const opened = await handle.stat();
  if (!opened.isFile()) throw notRegular(subject);
  if (opened.size > maxBytes) throw new EngramError(tooLarge, `${subject} is too large to be read (${opened.size} bytes).`, { subject });
  const bytes = new Uint8Array(opened.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/**
 * Whether a real folder stands there.
 *
 * @throws {EngramError} not-regular-file when something else does, a symbolic link to a folder included; io-failed
 */
export async function isRealFolder(path: string, subject: string): Promise<boolean> {
  try {
    if ((await lstat(path)).isDirectory()) return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw translateFsError(error, subject, 'read');
  }
  throw new EngramError('not-regular-file', `${subject} is a symbolic link or a file, not a plain folder.`, { subject });
}

function notRegular(subject: string): EngramError {
  return new EngramError('not-regular-file', `${subject} is a symbolic link or a folder, not a plain file.`, { subject });
}
