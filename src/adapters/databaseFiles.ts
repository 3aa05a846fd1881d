import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, lstat, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngramError } from '../engine/errors.ts';
import { logGeneration, saysWal, WAL_HEADER_BYTES, withCommittedFrames } from '../engine/walFrames.ts';
import { systemCode, translateFsError } from './fsErrors.ts';

/** Which files they are and which writing of them. */
export type FilesMark = string;

/** A database file together with what SQLite may have left beside it. */
export interface DatabaseFiles {
  /** What a driver without write-ahead log opens; `undefined`: there is no file. */
  readonly bytes: Uint8Array | undefined;
  /** Another program keeps it in write-ahead mode, or left a log: it can be read, and must never be written from here. */
  readonly live: boolean;
  readonly mark: FilesMark;
}

/** Files that change again and again while they are read are left to the next try. */
const MAX_READS = 6;
/** Doubles from try to try: 310 ms in all. */
const FIRST_PAUSE_MS = 10;

/** File systems stamp changes with a clock of some milliseconds: a change this young may be followed by one that looks the same. */
const STAMP_MS = 50;

const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const NOTHING = new Uint8Array();

interface Look {
  readonly main: BigIntStats | undefined;
  readonly log: BigIntStats | undefined;
  readonly journal: BigIntStats | undefined;
}

/**
 * Looks at the files without opening them. Closing a file would take away the locks that this process holds on it through SQLite.
 *
 * @param written bytes that were just written there: where the file has another size somebody else wrote it, and the mark fits no look
 * @throws {EngramError} not-regular-file, io-failed
 */
export async function markOf(path: string, written?: number): Promise<FilesMark> {
  const found = await look(path);
  return written === undefined || found.main?.size === BigInt(written) ? markFrom(found) : '';
}

/**
 * Reads the database as of its last commit while other programs go on writing: the log's header first, then the file, then the log. What a
 * checkpoint writes into the file meanwhile stands in that log as well, unless a new log was begun; then everything is read again.
 *
 * @param path absolute path of the database file
 * @throws {EngramError} store-locked: a rollback journal says that the file is half-written, or the files would not stay still; store-foreign: the
 *   log cannot be read here; not-regular-file, io-failed
 */
export async function readDatabaseFiles(path: string): Promise<DatabaseFiles> {
  let problem = '';
  for (let tries = 0; tries < MAX_READS; tries++) {
    if (tries > 0) await sleep(FIRST_PAUSE_MS * 2 ** (tries - 1));
    const outcome = await readOnce(path);
    if (typeof outcome !== 'string') return outcome;
    problem = outcome;
  }
  const subject = basename(path);
  throw new EngramError('store-locked', `${subject} ${problem}`, { subject });
}

/** @returns why not, as the rest of a sentence. */
async function readOnce(path: string): Promise<DatabaseFiles | string> {
  const before = await look(path);
  if (await isHot(path, before)) return halfWritten(path);
  const begun = await readLogStart(path, before);
  const main = before.main ? await readFileAt(path) : undefined;
  const log = before.log ? await readFileAt(`${path}-wal`) : undefined;
  const after = await look(path);
  if (await isHot(path, after)) return halfWritten(path);
  const live = hasLog(before) || (main !== undefined && saysWal(main));
  if (!(await isOneMoment(path, { before, begun, after, log, live }))) return 'is being changed by another window or program.';
  if (!main) return { bytes: undefined, live, mark: markFrom(before) };
  const bytes = live ? withCommittedFrames(main, log ?? NOTHING) : main;
  // Of a young change nobody can tell by the files whether another one followed: it is read once more later.
  const mark = live && (isYoung(before.main) || isYoung(before.log)) ? `${markFrom(before)} young` : markFrom(before);
  return { bytes, live, mark };
}

interface Moment {
  readonly before: Look;
  /** Start of the log before the main file was read. */
  readonly begun: Uint8Array;
  readonly after: Look;
  readonly log: Uint8Array | undefined;
  readonly live: boolean;
}

/** Without a log only the file's stamp tells of a change; see {@link STAMP_MS}. */
async function isOneMoment(path: string, { before, begun, after, log, live }: Moment): Promise<boolean> {
  const generation = logGeneration(begun);
  if (generation === undefined) return markFrom(before) === markFrom(after) && !(live && isYoung(before.main));
  const isSameFile = fileOf(before.main) === fileOf(after.main) && fileOf(before.log) === fileOf(after.log);
  const ended = await readLogStart(path, after);
  return isSameFile && generation === logGeneration(log ?? NOTHING) && generation === logGeneration(ended);
}

function halfWritten(path: string): string {
  const journal = `${basename(path)}-journal`;
  return `is being changed by another program, or one was stopped in the middle of a change: ${journal} stands beside it. It is not read half-written, and nothing was touched. Open it once with the program it belongs to, which puts it right.`;
}

/** A rollback journal whose header is not cleared. Source: https://sqlite.org/fileformat2.html#the_rollback_journal */
async function isHot(path: string, { main, journal }: Look): Promise<boolean> {
  if (!main || main.size === 0n || !journal || journal.size === 0n) return false;
  const [first] = await readFileAt(`${path}-journal`, 1);
  return first !== undefined && first !== 0;
}

function hasLog({ log }: Look): boolean {
  return log !== undefined && log.size > 0n;
}

async function readLogStart(path: string, { log }: Look): Promise<Uint8Array> {
  return log ? readFileAt(`${path}-wal`, WAL_HEADER_BYTES) : NOTHING;
}

async function look(path: string): Promise<Look> {
  return { main: await stat(path), log: await stat(`${path}-wal`), journal: await stat(`${path}-journal`) };
}

async function stat(path: string): Promise<BigIntStats | undefined> {
  let found: BigIntStats;
  try {
    found = await lstat(path, { bigint: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw translateFsError(error, basename(path), 'read');
  }
  if (found.isFile()) return found;
  const subject = basename(path);
  throw new EngramError('not-regular-file', `${subject} is a symbolic link or a folder, not a plain file.`, { subject });
}

/** @param length bytes from the start; absent: all. @returns nothing for a file that is gone meanwhile. */
async function readFileAt(path: string, length?: number): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, OPEN_FLAGS);
    if (length === undefined) return await handle.readFile();
    const start = new Uint8Array(length);
    const { bytesRead } = await handle.read(start, 0, length, 0);
    return start.subarray(0, bytesRead);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return NOTHING;
    throw translateFsError(error, basename(path), 'read');
  } finally {
    await handle?.close().catch(() => undefined); // what was read is read
  }
}

/** The journal is left out: an empty or cleared one says nothing, and with a hot one nothing is read. */
function markFrom({ main, log }: Look): FilesMark {
  return `${writingOf(main)} ${writingOf(log)}`;
}

function fileOf(found: BigIntStats | undefined): string {
  return found ? `${found.dev}/${found.ino}` : 'absent';
}

function writingOf(found: BigIntStats | undefined): string {
  return found ? `${fileOf(found)}/${found.size}/${found.mtimeNs}` : 'absent';
}

function isYoung(found: BigIntStats | undefined): boolean {
  return found !== undefined && Math.abs(Date.now() - Number(found.mtimeMs)) < STAMP_MS;
}
