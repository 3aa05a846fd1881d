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
export interface DatabaseBytes {
  /** What a driver without write-ahead log opens; `undefined`: there is no file. */
  readonly bytes: Uint8Array | undefined;
  /** Another program keeps it in write-ahead mode, or left a log: it can be read, and must never be written from here. */
  readonly withLog: boolean;
  readonly mark: FilesMark;
}

/** What reading does to the disk; tests let another program write in between. */
export interface FilesDisk {
  lstat(path: string): Promise<BigIntStats>;
  /** Bytes from the start of a file; without `length` all of it. Refuses a symbolic link. */
  read(path: string, length?: number): Promise<Uint8Array>;
  pause(ms: number): Promise<void>;
}

/** Files that change again and again while they are read are left to the next try. */
const MAX_READS = 6;
/** Doubles from try to try: 310 ms in all. */
const FIRST_PAUSE_MS = 10;
/** File systems stamp changes with a clock of some milliseconds: a change this young may be followed by one that looks the same. */
const STAMP_MS = 50;

const NOTHING = new Uint8Array();

interface Look {
  readonly main: BigIntStats | undefined;
  readonly log: BigIntStats | undefined;
  readonly journal: BigIntStats | undefined;
}

/** What was read in one try, and the looks around it. */
interface Reading {
  readonly before: Look;
  /** Start of the log before the main file was read. */
  readonly begun: Uint8Array;
  readonly main: Uint8Array | undefined;
  readonly log: Uint8Array;
  readonly after: Look;
}

/** Reads a database file as of its last commit, whoever writes it, and tells when it changed. Nothing is locked, nothing is written. */
export class DatabaseFiles {
  readonly #path: string;
  readonly #disk: FilesDisk;

  /** @param path absolute path of the database file; the log and the journal stand beside it. */
  constructor(path: string, disk: FilesDisk = { lstat: (each) => lstat(each, { bigint: true }), read: readPlainFile, pause: sleep }) {
    this.#path = path;
    this.#disk = disk;
  }

  /**
   * Looks at the files without opening them: closing a file would take away the locks that this process holds on it through SQLite.
   *
   * @param written bytes that were just written there: where the file has another size somebody else wrote it, and the mark fits no look
   * @throws {EngramError} not-regular-file, io-failed
   */
  async mark(written?: number): Promise<FilesMark> {
    const found = await this.#look();
    return written === undefined || found.main?.size === BigInt(written) ? markOf(found) : '';
  }

  /**
   * The log's header first, then the file, then the log: what a checkpoint writes into the file meanwhile stands in that log as well, unless a new
   * log was begun. Then everything is read again.
   *
   * @throws {EngramError} store-locked: a rollback journal says that the file is half-written, or the files would not stay still; store-foreign:
   *   the log cannot be read here; not-regular-file, io-failed
   */
  async read(): Promise<DatabaseBytes> {
    let problem = '';
    for (let tries = 0; tries < MAX_READS; tries++) {
      if (tries > 0) await this.#disk.pause(FIRST_PAUSE_MS * 2 ** (tries - 1));
      const outcome = await this.#readOnce();
      if (typeof outcome !== 'string') return outcome;
      problem = outcome;
    }
    const subject = basename(this.#path);
    throw new EngramError('store-locked', `${subject} ${problem}`, { subject });
  }

  /** @returns why not, as the rest of a sentence. */
  async #readOnce(): Promise<DatabaseBytes | string> {
    const before = await this.#look();
    if (await this.#isHot(before)) return halfWritten(this.#path);
    const begun = await this.#logStart(before);
    const main = before.main && (await this.#read(this.#path));
    const log = before.log ? await this.#read(`${this.#path}-wal`) : NOTHING;
    const after = await this.#look();
    if (await this.#isHot(after)) return halfWritten(this.#path);
    const withLog = hasLog(before) || (main !== undefined && saysWal(main));
    if (!(await this.#isOneMoment({ before, begun, main, log, after }, withLog))) return 'is being changed by another window or program.';
    const bytes = main && withLog ? withCommittedFrames(main, log) : main;
    // Of a young change nobody can tell by the files whether another one followed: it is read once more later.
    const mark = withLog && (isYoung(before.main) || isYoung(before.log)) ? `${markOf(before)} young` : markOf(before);
    return { bytes, withLog, mark };
  }

  /** Without a log only the file's stamp tells of a change; see {@link STAMP_MS}. */
  async #isOneMoment({ before, begun, log, after }: Reading, withLog: boolean): Promise<boolean> {
    const generation = logGeneration(begun);
    if (generation === undefined) return markOf(before) === markOf(after) && !(withLog && isYoung(before.main));
    return generation === logGeneration(log) && generation === logGeneration(await this.#logStart(after));
  }

  /** A rollback journal whose header is not cleared. Source: https://sqlite.org/fileformat2.html#the_rollback_journal */
  async #isHot({ main, journal }: Look): Promise<boolean> {
    if (!main || main.size === 0n || !journal || journal.size === 0n) return false;
    const [first] = await this.#read(`${this.#path}-journal`, 1);
    return first !== undefined && first !== 0;
  }

  async #logStart({ log }: Look): Promise<Uint8Array> {
    return log ? this.#read(`${this.#path}-wal`, WAL_HEADER_BYTES) : NOTHING;
  }

  async #look(): Promise<Look> {
    return {
      main: await this.#stat(this.#path),
      log: await this.#stat(`${this.#path}-wal`),
      journal: await this.#stat(`${this.#path}-journal`),
    };
  }

  async #stat(path: string): Promise<BigIntStats | undefined> {
    let found: BigIntStats;
    try {
      found = await this.#disk.lstat(path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw translateFsError(error, basename(path), 'read');
    }
    if (found.isFile()) return found;
    const subject = basename(path);
    throw new EngramError('not-regular-file', `${subject} is a symbolic link or a folder, not a plain file.`, { subject });
  }

  /** @returns nothing for a file that is gone since it was looked at; the look behind tells. */
  async #read(path: string, length?: number): Promise<Uint8Array> {
    try {
      return await this.#disk.read(path, length);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return NOTHING;
      throw translateFsError(error, basename(path), 'read');
    }
  }
}

async function readPlainFile(path: string, length?: number): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    if (length === undefined) return await handle.readFile();
    const start = new Uint8Array(length);
    const { bytesRead } = await handle.read(start, 0, length, 0);
    return start.subarray(0, bytesRead);
  } finally {
    await handle?.close().catch(() => undefined); // what was read is read
  }
}

function halfWritten(path: string): string {
  const journal = `${basename(path)}-journal`;
  return `is being changed by another program, or one was stopped in the middle of a change: ${journal} stands beside it. It is not read half-written, and nothing was touched. Open it once with the program it belongs to, which puts it right.`;
}

function hasLog({ log }: Look): boolean {
  return log !== undefined && log.size > 0n;
}

/** The journal is left out: an empty or cleared one says nothing, and with a hot one nothing is read. */
function markOf({ main, log }: Look): FilesMark {
  return `${writingOf(main)} ${writingOf(log)}`;
}

function writingOf(found: BigIntStats | undefined): string {
  return found ? `${found.dev}/${found.ino}/${found.size}/${found.mtimeNs}` : 'absent';
}

function isYoung(found: BigIntStats | undefined): boolean {
  return found !== undefined && Math.abs(Date.now() - Number(found.mtimeMs)) < STAMP_MS;
}
