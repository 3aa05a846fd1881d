import { lstat, rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngramError } from '../engine/errors.ts';
import type { DatabaseFile, SqlDatabase, WriteGuard } from '../engine/ports.ts';
import { type AtomicDisk, writeFileAtomically } from './atomicFile.ts';
import { DatabaseFiles, type FilesMark } from './databaseFiles.ts';
import { systemCode, translateFsError } from './fsErrors.ts';
import { type MemoryDatabase, openSqlJs, type SqlJs } from './sqlJs.ts';

/** SQLite's first bytes; an empty file is an empty database. Source: https://sqlite.org/fileformat.html#magic_header_string */
const MAGIC = 'SQLite format 3\0';

interface Loaded {
  readonly database: MemoryDatabase;
  /** Another program's write-ahead log belongs to it. */
  readonly withLog: boolean;
  mark: FilesMark;
  savedAt: string;
}

/**
 * A database file that is loaded whole with sql.js and written back whole, only over the very file that was loaded. One that another program
 * keeps in write-ahead mode is loaded as of its last commit, for reading alone.
 */
export class SqlJsFile implements DatabaseFile {
  readonly path: string;
  readonly #sqlJs: SqlJs;
  readonly #disk: AtomicDisk | undefined;
  readonly #files: DatabaseFiles;
  #loaded: Loaded | undefined;

  /** @param disk for tests that let a write fail */
  constructor(sqlJs: SqlJs, path: string, disk?: AtomicDisk) {
    this.#sqlJs = sqlJs;
    this.path = path;
    this.#disk = disk;
    this.#files = new DatabaseFiles(path);
  }

  async open(): Promise<{ readonly database: SqlDatabase; readonly fresh: boolean; readonly withLog: boolean }> {
    if (this.#loaded?.mark === (await this.#files.mark())) return { ...this.#loaded, fresh: false };
    this.close();
    const { bytes, withLog, mark } = await this.#files.read();
    const database = this.#openChecked(bytes, withLog);
    this.#loaded = { database, withLog, mark, savedAt: changeMark(database) };
    return { database, fresh: true, withLog };
  }

  async exists(): Promise<boolean> {
    try {
      await lstat(this.path);
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw translateFsError(error, basename(this.path), 'read');
    }
  }

  async save(guard: WriteGuard): Promise<void> {
    const loaded = this.#loaded;
    if (!loaded) return;
    const changed = changeMark(loaded.database);
    if (changed === loaded.savedAt) return;
    if (loaded.withLog) throw this.#notOurs('is in use by another program');
    const bytes = loaded.database.export();
    await writeFileAtomically(this.path, bytes, () => this.#permit(guard, loaded.mark), this.#disk);
    loaded.mark = await this.#files.mark(bytes.length);
    loaded.savedAt = changed;
  }

  version(): Promise<string> {
    return this.#files.mark();
  }

  async setAside(): Promise<string> {
    this.close();
    if ((await this.#files.read()).withLog) throw this.#notOurs('is damaged');
    const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
    const name = `${basename(this.path)}.damaged-${time}`;
    try {
      await rename(this.path, `${this.path}.damaged-${time}`);
    } catch (error) {
      throw translateFsError(error, basename(this.path));
    }
    return name;
  }

  close(): void {
    this.#loaded?.database.close();
    this.#loaded = undefined;
  }

  async #permit(guard: WriteGuard, expected: FilesMark): Promise<void> {
    await guard();
    if ((await this.#files.mark()) === expected) return;
    throw this.#error('store-locked', 'was changed by another window or program since it was read');
  }

  /** The whole check costs about a millisecond for 2 MB, less than reading the file. */
  #openChecked(bytes: Uint8Array | undefined, withLog: boolean): MemoryDatabase {
    if (bytes && bytes.length > 0 && !MAGIC.split('').every((sign, index) => bytes[index] === sign.charCodeAt(0))) {
      throw this.#damaged('is no database', withLog);
    }
    const database = openSqlJs(this.#sqlJs, bytes);
    try {
      const finding = database.all('PRAGMA quick_check(1)')[0]?.['quick_check'];
      if (finding !== 'ok') throw this.#damaged('is damaged', withLog, finding);
      return database;
    } catch (error) {
      database.close();
      throw EngramError.is(error, 'store-corrupt') ? this.#damaged('is damaged', withLog, error.cause) : error;
    }
  }

  /** Only a database of ours is ever set aside, so only of ours it is said in a way that leads there. */
  #damaged(what: string, withLog: boolean, cause?: unknown): EngramError {
    return withLog ? this.#notOurs(what, cause) : this.#error('store-corrupt', what, cause);
  }

  #notOurs(what: string, cause?: unknown): EngramError {
    return this.#error(
      'store-foreign',
      `${what}. It belongs to another program, so nothing in it was touched: look at it with that program`,
      cause,
    );
  }

  #error(code: EngramError['code'], what: string, cause?: unknown): EngramError {
    const subject = basename(this.path);
    return new EngramError(code, `${subject} ${what}.`, { subject, cause });
  }
}

/** Moves with every change that a save has to write: rows, tables, and the version number that a program may set alone. */
function changeMark(database: SqlDatabase): string {
  const read = (sql: string) => String(Object.values(database.all(sql)[0] ?? {})[0]);
  return ['SELECT total_changes()', 'PRAGMA schema_version', 'PRAGMA user_version'].map(read).join('/');
}
