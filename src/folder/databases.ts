import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openSqlJs, type SqlJs } from '../adapters/sqlJs.ts';
import { SqlJsFile } from '../adapters/sqlJsFile.ts';
import type { CloudStore } from '../engine/cloud/cloudPorts.ts';
import { EngramError } from '../engine/errors.ts';
import { problemFrom } from '../engine/folderProblem.ts';
import type { DatabaseKind, FolderProblem } from '../engine/folderState.ts';
import type { DatabaseFile, FolderIndex, MemoryStore, SqlDatabase, WriteGuard } from '../engine/ports.ts';
import { SqlCloudStore } from '../store/cloudStore.ts';
import { openFolderIndex } from '../store/folderIndex.ts';
import { inspectMemoryDatabase } from '../store/inspectMemory.ts';
import { SqlMemoryStore } from '../store/memoryStore.ts';
import { migrateForReading, migrateMemorySchema } from '../store/migrateMemory.ts';
import { SearchIndex } from '../store/search.ts';

/** Both databases of a folder, open. */
export interface OpenDatabases {
  readonly kind: Extract<DatabaseKind, 'ok' | 'rebuilt' | 'newer' | 'foreign'>;
  /** False for a newer or foreign one: it is looked at, never changed. */
  readonly writable: boolean;
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
}

/** The names that both databases have in an `.engram` folder. */
export function pathsIn(root: string): DatabasePaths {
  return { memories: join(root, 'engram.db'), index: join(root, 'index.db') };
}

/**
 * The memories and the index, loaded whole and written back whole. A change on disk by another window is noticed at every {@link open}.
 */
export class FolderDatabases {
  readonly #load: () => Promise<SqlJs>;
  readonly #paths: DatabasePaths;
  #sqlJs: SqlJs | undefined;
  #memories: DatabaseFile | undefined;
  #indexFile: DatabaseFile | undefined;
  #memoryIndex: SqlDatabase | undefined;
  #open: OpenDatabases | undefined;
  /** Says it once more until the folder is closed: a person should see it. */
  #rebuilt: FolderProblem | undefined;

  /** @param load gives the WASM module; called until it does once. */
  constructor(paths: DatabasePaths, load: () => Promise<SqlJs>) {
    this.#paths = paths;
    this.#load = load;
  }

  /**
   * Opens what is there, or databases in memory where there is nothing; writes nothing but, with `guard`, sets a damaged file aside.
   *
   * @throws {EngramError} store-corrupt without `guard`; not-regular-file, read-only, io-failed
   */
  async open(guard?: WriteGuard): Promise<OpenDatabases> {
    this.#sqlJs ??= await this.#load();
    const sqlJs = this.#sqlJs;
    const memoryFile = await this.#openMemories(sqlJs, guard);
    const index = await this.#openIndex(sqlJs, guard);
    if (this.#open && !memoryFile.fresh && !index.fresh) return this.#open;
    const { database } = memoryFile;
    const found = inspectMemoryDatabase(database);
    const inspected = found === 'ours' && memoryFile.live ? 'foreign' : found;
    const writable = inspected === 'ours';
    if (writable) migrateMemorySchema(database);
    else migrateForReading(database);
    const kind = inspected === 'ours' ? (this.#rebuilt ? 'rebuilt' : 'ok') : inspected;
    this.#open = {
      kind,
      writable,
      problem: inspected === 'ours' ? this.#rebuilt : readOnlyProblem(inspected),
      memoryDatabase: database,
      store: new SqlMemoryStore(database),
      cloud: new SqlCloudStore(database),
      index: index.index,
      search: new SearchIndex(index.database, database),
    };
    return this.#open;
  }

  /**
   * Index first: of a chunk that it has and the memories have not recorded it remembers who exported it, and the chunk is merged again. The
   * other way round a crash in between would make a chunk of ours somebody else's.
   */
  async save(guard: WriteGuard): Promise<void> {
    if (!this.#open?.writable) return;
    await this.#indexFile?.save(guard);
    await this.#memories?.save(guard);
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

  async #openMemories(sqlJs: SqlJs, guard: WriteGuard | undefined): ReturnType<DatabaseFile['open']> {
    this.#memories ??= new SqlJsFile(sqlJs, this.#paths.memories);
    const file = this.#memories;
    try {
      return await file.open();
    } catch (error) {
      if (!EngramError.is(error, 'store-corrupt') || !guard) throw error;
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
  async #openIndex(sqlJs: SqlJs, guard: WriteGuard | undefined): Promise<{ database: SqlDatabase; index: FolderIndex; fresh: boolean }> {
    if (this.#paths.index === undefined) return this.#openMemoryIndex(sqlJs);
    this.#indexFile ??= new SqlJsFile(sqlJs, this.#paths.index);
    const file = this.#indexFile;
    let opened: { database: SqlDatabase; fresh: boolean };
    try {
      opened = await file.open();
    } catch (error) {
      if (!EngramError.is(error, 'store-corrupt') || !guard) throw error;
      await guard();
      await rm(join(dirname(file.path), await file.setAside()), { force: true });
      opened = await file.open();
    }
    return { ...opened, index: openFolderIndex(opened.database).index };
  }

  #openMemoryIndex(sqlJs: SqlJs): { database: SqlDatabase; index: FolderIndex; fresh: boolean } {
    const fresh = this.#memoryIndex === undefined;
    const database = this.#memoryIndex ?? openSqlJs(sqlJs);
    this.#memoryIndex = database;
    return { database, index: openFolderIndex(database).index, fresh };
  }
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
