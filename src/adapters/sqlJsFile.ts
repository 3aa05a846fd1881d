import type { BigIntStats } from 'node:fs';
import { constants, lstat, open, rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngramError } from '../engine/errors.ts';
import type { DatabaseFile, SqlDatabase, WriteGuard } from '../engine/ports.ts';
import { type AtomicDisk, writeFileAtomically } from './atomicFile.ts';
import { systemCode, translateFsError } from './fsErrors.ts';
import { type MemoryDatabase, openSqlJs, type SqlJs } from './sqlJs.ts';

/** Which file it is and which writing of it; {@link ABSENT} where there is none. */
type Identity = string;

const ABSENT: Identity = 'absent';

/** A file that is replaced again and again while it is read is left to the next try. */
const MAX_READS = 5;

/** SQLite's first bytes; an empty file is an empty database. Source: https://sqlite.org/fileformat.html#magic_header_string */
const MAGIC = 'SQLite format 3\0';

interface Loaded {
  readonly database: MemoryDatabase;
  identity: Identity;
  savedAt: string;
}

/** A database file that is loaded whole with sql.js and written back whole, only over the very file that was loaded. */
export class SqlJsFile implements DatabaseFile {
  readonly path: string;
  readonly #sqlJs: SqlJs;
  readonly #disk: AtomicDisk | undefined;
  #loaded: Loaded | undefined;

  /** @param disk for tests that let a write fail */
  constructor(sqlJs: SqlJs, path: string, disk?: AtomicDisk) {
    this.#sqlJs = sqlJs;
    this.path = path;
    this.#disk = disk;
  }

  async open(): Promise<{ readonly database: SqlDatabase; readonly fresh: boolean }> {
    const identity = await this.#identity();
    if (this.#loaded?.identity === identity) return { database: this.#loaded.database, fresh: false };
    this.close();
    const file = identity === ABSENT ? { bytes: undefined, identity } : await this.#read();
    const database = this.#openChecked(file.bytes);
    this.#loaded = { database, identity: file.identity, savedAt: changeMark(database) };
    return { database, fresh: true };
  }

  async exists(): Promise<boolean> {
    return (await this.#stat()) !== undefined;
  }

  async save(guard: WriteGuard): Promise<void> {
    const loaded = this.#loaded;
    if (!loaded) return;
    const mark = changeMark(loaded.database);
    if (mark === loaded.savedAt) return;
    const bytes = loaded.database.export();
    await writeFileAtomically(this.path, bytes, () => this.#permit(guard, loaded.identity), this.#disk);
    const written = await this.#stat();
    // Somebody replaced it already: the next open has to read it.
    loaded.identity = written?.size === BigInt(bytes.length) ? identityOf(written) : ABSENT;
    loaded.savedAt = mark;
  }

  async setAside(): Promise<string> {
    this.close();
    await this.#identity();
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

  async #permit(guard: WriteGuard, expected: Identity): Promise<void> {
    await guard();
    if ((await this.#identity()) === expected) return;
    throw this.#error('store-locked', 'was changed by another window or program since it was read');
  }

  async #stat(): Promise<BigIntStats | undefined> {
    try {
      return await lstat(this.path, { bigint: true });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw translateFsError(error, basename(this.path), 'read');
    }
  }

  async #identity(): Promise<Identity> {
    const found = await this.#stat();
    if (!found) return ABSENT;
    if (!found.isFile()) throw this.#error('not-regular-file', 'is a symbolic link or a folder, not a plain file');
    return identityOf(found);
  }

  /** Reads until the file did not change meanwhile: another writer may be any program. */
  async #read(): Promise<{ readonly bytes: Uint8Array; readonly identity: Identity }> {
    for (let tries = 0; tries < MAX_READS; tries++) {
      const before = await this.#identity();
      const file = await this.#readOnce();
      if (file.identity === before && (await this.#identity()) === before) return file;
    }
    throw this.#error('store-locked', 'is being changed by another window or program');
  }

  async #readOnce(): Promise<{ readonly bytes: Uint8Array; readonly identity: Identity }> {
    try {
      const handle = await open(this.path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
      try {
        const bytes = await handle.readFile();
        return { bytes, identity: identityOf(await handle.stat({ bigint: true })) };
      } finally {
        await handle.close().catch(() => undefined); // what was read is read
      }
    } catch (error) {
      throw translateFsError(error, basename(this.path), 'read');
    }
  }

  /** The whole check costs about a millisecond for 2 MB, less than reading the file. */
  #openChecked(bytes: Uint8Array | undefined): MemoryDatabase {
    if (bytes && bytes.length > 0 && !MAGIC.split('').every((sign, index) => bytes[index] === sign.charCodeAt(0))) {
      throw this.#error('store-corrupt', 'is no database');
    }
    const database = openSqlJs(this.#sqlJs, bytes);
    try {
      const finding = database.all('PRAGMA quick_check(1)')[0]?.['quick_check'];
      if (finding !== 'ok') throw this.#error('store-corrupt', 'is damaged', finding);
      return database;
    } catch (error) {
      database.close();
      throw EngramError.is(error) ? this.#error(error.code, 'is damaged', error.cause) : error;
    }
  }

  #error(code: EngramError['code'], what: string, cause?: unknown): EngramError {
    const subject = basename(this.path);
    return new EngramError(code, `${subject} ${what}.`, { subject, cause });
  }
}

function identityOf(found: BigIntStats): Identity {
  return `${found.dev}/${found.ino}/${found.size}/${found.mtimeNs}`;
}

/** Moves with every change that a save has to write: rows, tables, and the version number that a program may set alone. */
function changeMark(database: SqlDatabase): string {
  const read = (sql: string) => String(Object.values(database.all(sql)[0] ?? {})[0]);
  return ['SELECT total_changes()', 'PRAGMA schema_version', 'PRAGMA user_version'].map(read).join('/');
}
