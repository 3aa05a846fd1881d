import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasWriteAheadLog, NativeFile } from '../adapters/nativeFile.ts';
import { findNodeSqlite, type NodeSqlite } from '../adapters/nodeSqlite.ts';
import { openSqlJs, type SqlJs } from '../adapters/sqlJs.ts';
import { SqlJsFile } from '../adapters/sqlJsFile.ts';
import type { CloudStore } from '../engine/cloud/cloudPorts.ts';
import { EngramError } from '../engine/errors.ts';
import { problemFrom } from '../engine/folderProblem.ts';
import type { DatabaseKind, FolderProblem } from '../engine/folderState.ts';
import type { DatabaseFile, FolderIndex, MemoryStore, SqlDatabase, Turn, WriteGuard } from '../engine/ports.ts';
import { SqlCloudStore } from '../store/cloudStore.ts';
import { openFolderIndex } from '../store/folderIndex.ts';
import { inspectMemoryDatabase, isOfProgram } from '../store/inspectMemory.ts';
import { SqlMemoryStore } from '../store/memoryStore.ts';
import { migrateForReading, migrateLiveMemory, migrateMemorySchema } from '../store/migrateMemory.ts';
import { SearchIndex } from '../store/search.ts';

/** Both databases of a folder, open. */
export interface OpenDatabases {
  readonly kind: Extract<DatabaseKind, 'ok' | 'rebuilt' | 'newer' | 'foreign'>;
  /** False for a newer or foreign one: it is looked at, never changed. */
  readonly writable: boolean;
  /** It is the one of the Engram program, shared by all projects of this machine. */
  readonly live: boolean;
  /** Foreign, and the Engram program's, which could write it. */
  readonly needsProgram: boolean;
  /** The memories are changed on disk, transaction by transaction. */
  readonly isInPlace: boolean;
  readonly problem: FolderProblem | undefined;
  readonly memoryDatabase: SqlDatabase;
  readonly store: MemoryStore;
  /** The cloud's tables of the same database. */
  readonly cloud: CloudStore;
  readonly index: FolderIndex;
  readonly search: SearchIndex;
}

/** Where the databases stand. Absolute paths. */
export interface DatabasePaths {
  readonly memories: string;
  /** `undefined`: in memory, made anew from the chunks by whoever needs it. */
  readonly index: string | undefined;
  /** The memories are the Engram program's own: they are never made, set aside or replaced. */
  readonly live?: boolean;
}

interface OpenedFile {
  readonly database: SqlDatabase;
  /** The host's own SQLite has it open, in place. */
  readonly isNative: boolean;
  /** See {@link DatabaseFile.open}. */
  readonly withLog?: boolean;
}

/** The names that both databases have in an `.engram` folder. */
export function pathsIn(root: string): DatabasePaths {
  return { memories: join(root, 'engram.db'), index: join(root, 'index.db') };
}

/** As {@link pathsIn}, with the live database of the Engram program in the place of the folder's own. Each has an index of its own, so that changing over costs nothing. */
export function livePathsIn(root: string, memories: string): DatabasePaths {
  return { memories, index: join(root, 'index.db-live'), live: true };
}

/**
 * The memories and the index. The index, and memories that no other program has opened, are loaded whole and written back whole; a change on
 * disk by another window is noticed at every {@link open}. Memories with a write-ahead log or search tables of the Engram program are changed
 * in place by the host's own SQLite, and read-only where the host has none.
 */
export class FolderDatabases {
  readonly #load: () => Promise<SqlJs>;
  readonly #locate: () => Promise<DatabasePaths>;
  readonly #findNative: () => NodeSqlite | undefined;
  #paths: DatabasePaths | undefined;
  #native: NodeSqlite | undefined;
  #sqlJs: SqlJs | undefined;
  #memories: DatabaseFile | undefined;
  #indexFile: DatabaseFile | undefined;
  #memoryIndex: SqlDatabase | undefined;
  #open: OpenDatabases | undefined;
  #indexDatabase: SqlDatabase | undefined;
  #turn: Turn = async () => undefined;
  /** Says it once more until the folder is closed: a person should see it. */
  #rebuilt: FolderProblem | undefined;

  /**
   * @param where a function is asked at every {@link open}; another answer is another pair of databases.
   * @param load gives the WASM module; called until it does once.
   * @param findNative for tests of a host without SQLite of its own.
   */
  constructor(
    where: DatabasePaths | (() => Promise<DatabasePaths>),
    load: () => Promise<SqlJs>,
    findNative: () => NodeSqlite | undefined = findNodeSqlite,
  ) {
    this.#locate = typeof where === 'function' ? where : async () => where;
    this.#load = load;
    this.#findNative = findNative;
  }

  /**
   * Opens what is there, or databases in memory where there is nothing; writes nothing but, with `guard`, sets a damaged file aside, and
   * what a database of the Engram program lacks.
   *
   * @param turn of the request that is served until the next call: asked while another program's transaction is waited for
   * @throws {EngramError} store-corrupt without `guard`; not-found: there is no live one; not-regular-file, read-only, store-locked, io-failed
   */
  async open(guard?: WriteGuard, turn: Turn = async () => undefined): Promise<OpenDatabases> {
    this.#turn = turn;
    this.#sqlJs ??= await this.#load();
    const sqlJs = this.#sqlJs;
    const paths = await this.#located();
    const memoryFile = await this.#openMemories(sqlJs, paths, guard);
    const index = await this.#openIndex(sqlJs, paths, guard);
    const { database, isNative } = memoryFile;
    const inspected = inspectMemoryDatabase(database, isNative ? 'native' : 'sql.js');
    const isOthers = !isNative && (paths.live === true || memoryFile.withLog === true);
    const kind = isOthers && inspected === 'ours' ? 'foreign' : inspected;
    if (isNative && kind === 'foreign') throw notEngrams();
    if (isNative && kind === 'ours') await migrateLiveMemory(database, turn);
    if (this.#memories instanceof NativeFile) {
      // A file that somebody has copied an earlier one over is still the same file.
      const counters = kind === 'ours' ? new SqlMemoryStore(database).counters() : undefined;
      index.index.belongTo(this.#memories.identity, counters);
    }
    // Whoever asked for the version, or failed half way, may have been the first to see a new handle.
    if (this.#open?.memoryDatabase === database && this.#indexDatabase === index.database) return this.#open;
    const needsProgram = kind === 'foreign' && inspectMemoryDatabase(database, 'native') === 'ours';
    if (!isNative) (kind === 'ours' ? migrateMemorySchema : migrateForReading)(database);
    const currentTurn: Turn = () => this.#turn();
    this.#open = {
      kind: kind === 'ours' ? (this.#rebuilt ? 'rebuilt' : 'ok') : kind,
      writable: kind === 'ours',
      live: paths.live ?? false,
      needsProgram,
      isInPlace: isNative,
      problem: kind === 'ours' ? this.#rebuilt : readOnlyProblem(kind),
      memoryDatabase: database,
      store: new SqlMemoryStore(database, { turn: currentTurn, pieces: isNative ? {} : undefined }),
      cloud: new SqlCloudStore(database, currentTurn),
      index: index.index,
      search: new SearchIndex(index.database, database),
    };
    this.#indexDatabase = index.database;
    return this.#open;
  }

  /** Differs whenever the memories may have changed, by whomever; `''` where there are none. Cheap: no rows are read. */
  async version(): Promise<string> {
    await this.#located();
    try {
      return `${this.#paths?.memories ?? ''}/${(await this.#memories?.version()) ?? ''}`;
    } catch (error) {
      if (EngramError.is(error)) return error.code;
      throw error;
    }
  }

  /**
   * Index first: of a chunk that it has and the memories have not recorded it remembers who exported it, and the chunk is merged again. The
   * other way round a crash in between would make a chunk of ours somebody else's.
   */
  async save(guard: WriteGuard): Promise<void> {
    if (!this.#open?.writable) return;
    if (this.#open.isInPlace) this.#open.index.noteCounters(this.#open.store.counters());
    await this.#indexFile?.save(guard);
    await this.#memories?.save(guard);
  }

  /** The index alone: what makes it up to date before memories that are on disk at once. */
  async saveIndex(guard: WriteGuard): Promise<void> {
    if (this.#open?.writable) await this.#indexFile?.save(guard);
  }

  /** Both databases in memory, empty: for an import that must leave no trace. Whoever asks closes them. */
  async scratch(): Promise<{ readonly store: MemoryStore; readonly index: FolderIndex; readonly close: () => void }> {
    this.#sqlJs ??= await this.#load();
    const sqlJs = this.#sqlJs;
    const [memories, index] = [openSqlJs(sqlJs), openSqlJs(sqlJs)];
    migrateMemorySchema(memories);
    const close = (): void => {
      memories.close();
      index.close();
    };
    return { store: new SqlMemoryStore(memories), index: openFolderIndex(index).index, close };
  }

  close(): void {
    this.#memories?.close();
    this.#indexFile?.close();
    this.#memoryIndex?.close();
    this.#memoryIndex = undefined;
    this.#open = undefined;
  }

  async #located(): Promise<DatabasePaths> {
    const paths = await this.#locate();
    const isSame = this.#paths?.memories === paths.memories && this.#paths.index === paths.index;
    if (!isSame) {
      this.close();
      this.#memories = undefined;
      this.#indexFile = undefined;
      this.#rebuilt = undefined;
    }
    this.#paths = paths;
    return paths;
  }

  async #openMemories(sqlJs: SqlJs, paths: DatabasePaths, guard: WriteGuard | undefined): Promise<OpenedFile> {
    this.#memories = await this.#memoryFile(sqlJs, paths);
    const opened = await this.#openWhole(this.#memories, guard);
    if (this.#memories instanceof NativeFile) return { ...opened, isNative: true };
    const isOthers = opened.withLog === true ? await this.#memories.exists() : isOfProgram(opened.database);
    const native = isOthers ? this.#driver() : undefined;
    if (!native) return { ...opened, isNative: false };
    this.#memories.close();
    this.#memories = new NativeFile(native, paths.memories);
    return { ...(await this.#memories.open()), isNative: true };
  }

  /** The one in use as long as its driver is the right one. */
  async #memoryFile(sqlJs: SqlJs, { memories, live }: DatabasePaths): Promise<DatabaseFile> {
    const isInPlace = this.#memories instanceof NativeFile && (await this.#memories.exists());
    const native = isInPlace || live || (await hasWriteAheadLog(memories)) ? this.#driver() : undefined;
    if (this.#memories && this.#memories instanceof NativeFile === (native !== undefined)) return this.#memories;
    this.#memories?.close();
    return native ? new NativeFile(native, memories) : new SqlJsFile(sqlJs, memories);
  }

  #driver(): NodeSqlite | undefined {
    this.#native ??= this.#findNative();
    return this.#native;
  }

  async #openWhole(file: DatabaseFile, guard: WriteGuard | undefined): ReturnType<DatabaseFile['open']> {
    try {
      return await file.open();
    } catch (error) {
      if (!EngramError.is(error, 'store-corrupt') || !guard || this.#paths?.live || file instanceof NativeFile) throw error;
      await guard();
      const name = await file.setAside();
      this.#rebuilt = {
        code: 'store-corrupt',
        severity: 'warning',
        subject: name,
        message: `engram.db was damaged. It is kept as ${name}, and a new one was built from the chunks. Memories that were never shared are only in the old file.`,
      };
      return file.open();
    }
  }

  /** The index holds nothing that cannot be made again, so a damaged one is simply removed. */
  async #openIndex(
    sqlJs: SqlJs,
    paths: DatabasePaths,
    guard: WriteGuard | undefined,
  ): Promise<{ database: SqlDatabase; index: FolderIndex }> {
    if (paths.index === undefined) return this.#openMemoryIndex(sqlJs);
    this.#indexFile ??= new SqlJsFile(sqlJs, paths.index);
    const file = this.#indexFile;
    let opened: { database: SqlDatabase };
    try {
      opened = await file.open();
    } catch (error) {
      if (!EngramError.is(error, 'store-corrupt') || !guard) throw error;
      await guard();
      await rm(join(dirname(file.path), await file.setAside()), { force: true });
      opened = await file.open();
    }
    return { database: opened.database, index: openFolderIndex(opened.database).index };
  }

  #openMemoryIndex(sqlJs: SqlJs): { database: SqlDatabase; index: FolderIndex } {
    const database = this.#memoryIndex ?? openSqlJs(sqlJs);
    this.#memoryIndex = database;
    return { database, index: openFolderIndex(database).index };
  }
}

function notEngrams(): EngramError {
  const message = 'engram.db is a database of another program: none of its tables is Engram’s. Nothing in it was read or changed.';
  return new EngramError('store-foreign', message, { subject: 'engram.db' });
}

function readOnlyProblem(kind: 'newer' | 'foreign'): FolderProblem {
  if (kind === 'newer') {
    const message = 'engram.db was made by a newer release. It can be read; update the extension to sync here.';
    return problemFrom(new EngramError('store-newer', message, { subject: 'engram.db' }));
  }
  const message =
    'engram.db belongs to the Engram program, which may write it at any moment, and there is no SQLite here that can write beside it. It is shown read-only, as of its last commit: sync with the program (engram sync --import), or update the editor.';
  return problemFrom(new EngramError('store-foreign', message, { subject: 'engram.db' }));
}

/** Saves what was done, also before a failure or a cancellation: it stands at a chunk boundary. Not when the lock is lost. */
export async function workAndSave<T>(databases: FolderDatabases, guard: WriteGuard, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    if (!EngramError.is(error, 'lock-lost')) await databases.save(guard);
    throw error;
  }
  await databases.save(guard);
  return result;
}
