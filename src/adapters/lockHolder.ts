import { readFileSync, statSync } from 'node:fs';

/** `WAL_WRITE_LOCK` of the shared-memory file. Source: https://sqlite.org/walformat.html, "WAL Locks". */
const WAL_WRITE_BYTE = 120;
/** From `PENDING_BYTE` on a database file without a log is locked. Source: https://sqlite.org/fileformat2.html, "The Lock-Byte Page". */
const PENDING_BYTE = 0x40000000;
const LOCK_BYTES = 512;

/**
 * Who holds the right to write a SQLite database, for a person: `engram (process 4711)`. Only Linux tells, and only of processes that
 * this one may see.
 *
 * @returns `undefined` where the system does not say.
 */
export function lockHolder(path: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const log = inodeOf(`${path}-shm`);
  const file = inodeOf(path);
  const locks = readText('/proc/locks').split('\n').flatMap(parseLock);
  const holder = locks.find(
    ({ pid, inode, start, end }) =>
      pid > 0 &&
      pid !== process.pid &&
      ((inode === log && start <= WAL_WRITE_BYTE && end >= WAL_WRITE_BYTE) ||
        (inode === file && start < PENDING_BYTE + LOCK_BYTES && end >= PENDING_BYTE)),
  );
  if (!holder) return undefined;
  const name = readText(`/proc/${holder.pid}/comm`).trim();
  return `${name === '' ? 'a program' : name} (process ${holder.pid})`;
}

interface FileLock {
  readonly pid: number;
  readonly inode: string;
  readonly start: number;
  readonly end: number;
}

/** `1: POSIX  ADVISORY  WRITE 4711 fd:01:123456 120 120`; those that wait have `->` in front. Source: proc(5). */
function parseLock(line: string): FileLock[] {
  const [, , , access, pid, file, start, end] = line.trim().split(/\s+/);
  if (access !== 'WRITE' || file === undefined) return [];
  return [{ pid: Number(pid), inode: file.split(':')[2] ?? '', start: Number(start), end: end === 'EOF' ? Infinity : Number(end) }];
}

function inodeOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino.toString();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
