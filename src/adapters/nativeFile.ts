import { access, constants, lstat, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { EngramError } from '../engine/errors.ts';
import type { DatabaseFile, SqlDatabase } from '../engine/ports.ts';
import { DatabaseFiles } from './databaseFiles.ts';
import { systemCode, translateFsError } from './fsErrors.ts';
import { BUSY_TIMEOUT_MS, type NodeSqlite, openNodeSqlite } from './nodeSqlite.ts';
import { damagedDatabase } from './nodeSqliteErrors.ts';

/** Both bytes are 2 in a database with a write-ahead log. Source: https://sqlite.org/fileformat2.html, "File format version numbers". */
const FORMAT_OFFSET = 18;
const WITH_LOG = 2;

/** So long one try to open may hold up the thread. */
const TRY_MS = 100;
const PAUSES_MS = [50, 100, 200, 400, 800, 800, 800, 800];
const TABLES = `SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`;

interface Opened {
  readonly database: SqlDatabase;
  /** Device, inode and birth: another file in its place is another database. */
  readonly identity: string;
  /** Which log and shared memory it goes by; they stay as long as anybody has the database open. */
  log: string;
}

/** What was found to be wrong with the files as they were then. */
interface Damage {
  readonly mark: string;
  readonly error: EngramError;
}

/**
 * A database that other programs may write at any moment: opened in place by the host's own SQLite, every transaction on disk when it is
 * committed. It is never made, never replaced and never moved by us.
 */
export class NativeFile implements DatabaseFile {
  readonly path: string;
  readonly #module: NodeSqlite;
  #opened: Opened | undefined;
  #damage: Damage | undefined;
  /** Held, so that nobody closes them. */
  readonly #abandoned: SqlDatabase[] = [];

  constructor(module: NodeSqlite, path: string) {
    this.#module = module;
    this.path = path;
  }

  /**
   * One that another program has all to itself is waited for five seconds, without holding up the thread.
   *
   * @throws {EngramError} not-found, not-regular-file, read-only, store-corrupt, store-locked, io-failed
   */
  async open(): ReturnType<DatabaseFile['open']> {
    for (const pauseMs of PAUSES_MS) {
      try {
        return await this.#openNow();
      } catch (error) {
        if (!EngramError.is(error, 'store-locked')) throw error;
      }
      await sleep(pauseMs);
    }
    return this.#openNow();
  }

  async #openNow(): ReturnType<DatabaseFile['open']> {
    const identity = await this.#identity();
    if (this.#opened?.identity === identity && (await this.#hasItsLog(this.#opened))) {
      return { database: this.#opened.database, fresh: false };
    }
    this.close();
    const mark = await new DatabaseFiles(this.path).mark();
    // Asked every second, a damaged database is not checked every second.
    if (this.#damage?.mark === mark) throw this.#damage.error;
    try {
      await mustBeWritable(this.path);
      const database = await this.#openChecked();
      this.#damage = undefined;
      this.#opened = { database, identity, log: await logOf(this.path) };
      return { database, fresh: true };
    } catch (error) {
      this.#damage = EngramError.is(error, 'store-corrupt') ? { mark, error } : undefined;
      throw error;
    }
  }

  /**
   * A copy that is written over the file, as a backup is put back, has its log taken away. What goes by the old log neither sees what agents
   * write from then on, nor do they see it.
   *
   * @returns false: the handle is given up
   */
  async #hasItsLog(opened: Opened): Promise<boolean> {
    const log = await logOf(this.path);
    if (opened.log === NO_LOG) opened.log = log;
    if (opened.log === log) return true;
    this.#giveUp(opened.database);
    this.#opened = undefined;
    return false;
  }

  /**
   * The last one that closes a database writes the log into the file. This log is of another copy, so somebody else must have the file open
   * meanwhile; where it cannot be opened, the handle stays.
   */
  #giveUp(stale: SqlDatabase): void {
    let present: SqlDatabase | undefined;
    try {
      present = openNodeSqlite(this.#module, this.path, { busyTimeoutMs: TRY_MS });
      present.run('BEGIN DEFERRED');
      present.all('SELECT 1 FROM sqlite_master LIMIT 1');
      stale.close();
    } catch (error) {
      if (!EngramError.is(error)) throw error;
      this.#abandoned.push(stale);
    } finally {
      present?.close();
    }
  }

  /** Which file is open; another one in its place has another identity. */
  get identity(): string {
    return `${this.path}|${this.#opened?.identity ?? ''}`;
  }

  async exists(): Promise<boolean> {
    return isDatabaseThere(this.path);
  }

  /** Every transaction is on disk already. */
  async save(): Promise<void> {
    return undefined;
  }

  /** The agents' database is theirs: a damaged one is left where it is. */
  async setAside(): Promise<string> {
    throw damagedDatabase(basename(this.path), undefined);
  }

  /** Of a damaged one it differs as soon as anything becomes of its files. */
  async version(): Promise<string> {
    try {
      const { database } = await this.#openNow();
      const read = (sql: string) => String(Object.values(database.all(sql)[0] ?? {})[0]);
      return ['PRAGMA data_version', 'SELECT total_changes()'].map(read).join('/');
    } catch (error) {
      if (EngramError.is(error, 'store-corrupt') && this.#damage) return `${error.code} ${this.#damage.mark}`;
      throw error;
    }
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  /** Table by table, because all at once a large one takes longer than the thread may be busy. */
  async #openChecked(): Promise<SqlDatabase> {
    const database = openNodeSqlite(this.#module, this.path, { busyTimeoutMs: TRY_MS });
    try {
      for (const { name } of database.all(TABLES)) {
        const finding = database.all(`PRAGMA quick_check("${String(name).replaceAll('"', '""')}")`)[0]?.['quick_check'];
        if (finding !== 'ok') throw damagedDatabase(basename(this.path), finding);
        await setImmediate();
      }
      database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  async #identity(): Promise<string> {
    const subject = basename(this.path);
    const identity = await identityOf(this.path);
    if (identity !== undefined) return identity;
    this.close();
    const message =
      'There is no Engram database where the Engram program keeps it. Nothing was written. Run that program once, or use the workspace’s own database.';
    throw new EngramError('not-found', message, { subject });
  }
}

const NO_LOG = 'absent absent';

/** By number alone: their times change with every write. */
async function logOf(path: string): Promise<string> {
  const numbers = ['-wal', '-shm'].map(async (end) => {
    const found = await lstat(`${path}${end}`, { bigint: true }).catch(() => undefined);
    return found ? `${found.dev}/${found.ino}` : 'absent';
  });
  return (await Promise.all(numbers)).join(' ');
}

/** `undefined` where there is none. @throws {EngramError} not-regular-file, io-failed */
async function identityOf(path: string): Promise<string | undefined> {
  const subject = basename(path);
  try {
    const found = await lstat(path, { bigint: true });
    // A number is used again when a file is deleted. Where the system knows no time of birth it repeats that of the last change.
    if (found.isFile()) return `${found.dev}/${found.ino}/${found.birthtimeNs < found.ctimeNs ? found.birthtimeNs : 0}`;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw translateFsError(error, subject, 'read');
  }
  throw new EngramError('not-regular-file', `${subject} is a symbolic link or a folder, not a plain file.`, { subject });
}

/**
 * To read a database that one may not write, SQLite makes a log and shared memory beside it that nobody may write, either, and that stay.
 *
 * @throws {EngramError} read-only
 */
async function mustBeWritable(path: string): Promise<void> {
  const may = (mode: number): Promise<boolean> =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  if ((await may(constants.W_OK)) || !(await may(constants.R_OK))) return;
  const subject = basename(path);
  const message = `${subject} is read-only for you, so it is not used. Nothing was changed: allow writing it, then everything goes on by itself.`;
  throw new EngramError('read-only', message, { subject });
}

/** Whether a plain file stands there. @throws {EngramError} not-regular-file, io-failed */
export async function isDatabaseThere(path: string): Promise<boolean> {
  return (await identityOf(path)) !== undefined;
}

/** Whether the header says that changes may stand in a log beside the file; `false` where there is no such file. */
export async function hasWriteAheadLog(path: string): Promise<boolean> {
  if (!(await isDatabaseThere(path))) return false;
  const bytes = new Uint8Array(2);
  try {
    const handle = await open(path, 'r');
    try {
      await handle.read(bytes, 0, bytes.length, FORMAT_OFFSET);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateFsError(error, basename(path), 'read');
  }
  return bytes.includes(WITH_LOG);
}
