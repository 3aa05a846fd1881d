import { promisify } from 'node:util';
import { type Gunzip, gunzip, gzip, type ZlibOptions } from 'node:zlib';
import { EngramError } from '../engine/errors.ts';
import { systemCode } from './fsErrors.ts';

/** Bigger steps than zlib's 16 KiB: each step is a round trip to the thread pool. */
const STEP_BYTES = 128 * 1024;
/** Offsets in a gzip header (RFC 1952, 2.3): extra flags and operating system. */
const FLAGS_AT = 8;
const SYSTEM_AT = 9;
const UNKNOWN_SYSTEM = 0xff;

const compress = promisify<Uint8Array, ZlibOptions, Buffer>(gzip);

/**
 * Packs one chunk with the header bytes of Go's gzip writer (`1f 8b 08`, no name, time 0, system 255), so that the same JSON gives the same
 * file on every system. The deflated bytes may differ from Go's; no identity depends on them.
 */
export async function packGzip(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = await compress(bytes, { chunkSize: STEP_BYTES });
  packed[FLAGS_AT] = 0;
  packed[SYSTEM_AT] = UNKNOWN_SYSTEM;
  return packed;
}

/**
 * Unpacks a chunk off this thread, never more than `maxBytes`. Several gzip members one after another are one file, as Go reads them;
 * anything else behind the last member is damage, zero bytes too.
 *
 * @throws {EngramError} chunk-corrupt, chunk-too-large
 */
export async function unpackGzip(packed: Uint8Array, maxBytes: number, subject: string): Promise<Uint8Array> {
  if (packed.length === 0) throw corrupt(subject, 'the file is empty');
  if (isLfsPointer(packed)) throw corrupt(subject, 'it is a pointer of Git LFS in place of the file, which “git lfs pull” brings');
  const { buffer, consumed } = await inflate(packed, maxBytes).catch((error: unknown) => {
    throw unpackError(error, maxBytes, subject);
  });
  if (consumed !== packed.length) throw corrupt(subject, 'there is something behind its end');
  return buffer;
}

/** First line of a pointer file (Git LFS `docs/spec.md`). */
const LFS_POINTER = Buffer.from('version https://git-lfs.github.com/spec/');
/** A pointer is smaller than this, by the same text. */
const LFS_POINTER_BYTES = 1024;

function isLfsPointer(packed: Uint8Array): boolean {
  return LFS_POINTER.equals(packed.subarray(0, LFS_POINTER.length));
}

/** @returns SHA-256 of the file that a pointer of Git LFS stands for, 64 hex digits; `undefined` for anything else */
export function lfsTarget(packed: Uint8Array): string | undefined {
  if (packed.length >= LFS_POINTER_BYTES || !isLfsPointer(packed)) return undefined;
  return /^oid sha256:([0-9a-f]{64})$/m.exec(Buffer.from(packed).toString('latin1'))?.[1];
}

/** With `info`, Node tells how much input was used; without it, zero bytes behind the end would pass unseen. */
function inflate(packed: Uint8Array, maxBytes: number): Promise<{ buffer: Uint8Array; consumed: number }> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Uint8Array | { buffer: Uint8Array; engine: Gunzip }): void => {
      if (error) reject(error);
      else if ('engine' in result) resolve({ buffer: result.buffer, consumed: result.engine.bytesWritten });
    };
    gunzip(packed, { info: true, maxOutputLength: maxBytes, chunkSize: STEP_BYTES }, done);
  });
}

function unpackError(error: unknown, maxBytes: number, subject: string): EngramError {
  switch (systemCode(error)) {
    case 'ERR_BUFFER_TOO_LARGE': {
      const limit = Math.floor(maxBytes / 1024 / 1024);
      return new EngramError('chunk-too-large', `${subject} is larger than ${limit} MiB when unpacked, so it was not read.`, {
        subject,
        cause: error,
      });
    }
    case 'Z_BUF_ERROR':
      return corrupt(subject, 'the file ends too early', error);
    default:
      return corrupt(subject, 'it is not gzip, or damaged', error);
  }
}

function corrupt(subject: string, why: string, cause?: unknown): EngramError {
  return new EngramError('chunk-corrupt', `${subject} cannot be unpacked: ${why}.`, { subject, cause });
}
