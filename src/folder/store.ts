import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { loadSqlJs, type SqlJs } from '../adapters/sqlJs.ts';
import { systemClock } from '../adapters/systemClock.ts';
import type { MemoryPatch, NewMemory, SavedMemory } from '../engine/folderRequests.ts';
import { oneByOne } from '../engine/oneByOne.ts';
import type { MemoryCounts, MemoryStore, SqlDatabase, WriteGuard } from '../engine/ports.ts';
import type { ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from '../engine/records.ts';
import { deleteMemory, editMemory, saveMemory } from '../store/saveMemory.ts';
import { FolderDatabases } from './databases.ts';
import { writeIn } from './engramFolder.ts';
import { journalled } from './journalled.ts';
import { readOnlyDatabase } from './refusals.ts';
import { isOfProgram, mustBeInPlace, placesOf } from './storePlace.ts';

export interface StoreOptions {
  /** Absolute path of `sql-wasm.wasm`; by default beside the library. */
  readonly wasmPath?: string;
}

/** A memory, and where it is kept. */
export interface StoredMemory extends NewMemory {
  readonly project: string;
  /** Default `manual-save-<project>`, as the Go program names it. */
  readonly sessionId?: string;
}

/**
 * A memory database, for scripts: exactly the tables of the Go program. Every call reads the file anew where another program has changed
 * it, and a call that writes holds the lock of its folder and leaves a whole file behind.
 *
 * A database that the Go program has opened is changed in place by Node's own SQLite, and its journal tells that program's cloud sync. Where Node has none it can be read only
 * (`store-foreign`), and so can one of a newer release (`store-newer`).
 */
export class Store {
  /** Absolute. */
  readonly path: string;
  /** The WASM module, for whoever opens this database, too: once loaded it serves all of them. */
  readonly sqlJs: () => Promise<SqlJs>;
  readonly #databases: FolderDatabases;
  readonly #next = oneByOne();

  /** @param path of the file; it is made by the first call that writes. */
  constructor(path: string, options: StoreOptions = {}) {
    this.path = resolve(path);
    let loaded: Promise<SqlJs> | undefined;
    this.sqlJs = () => {
      loaded ??= loadSqlJs(options.wasmPath ?? join(__dirname, 'sql-wasm.wasm'));
      return loaded;
    };
    this.#databases = new FolderDatabases({ memories: this.path, index: undefined }, this.sqlJs);
  }

  /** By `started_at`. */
  sessions(): Promise<readonly SessionRecord[]> {
    return this.#read((store) => [...store.sessions()]);
  }

  /** In the order of saving; a deleted one has `deletedAt`. */
  observations(): Promise<readonly ObservationRecord[]> {
    return this.#read((store) => [...store.observations()]);
  }

  prompts(): Promise<readonly PromptRecord[]> {
    return this.#read((store) => [...store.prompts()]);
  }

  relations(): Promise<readonly RelationRecord[]> {
    return this.#read((store) => [...store.relations()]);
  }

  /** Deleted ones are not counted. */
  counts(): Promise<MemoryCounts> {
    return this.#read((store) => store.counts());
  }

  /** Saves by the rules of the Go program: a topic gets a new revision, the same text within 15 minutes is counted. @throws {EngramError} invalid-input, and those of writing */
  save(memory: StoredMemory): Promise<SavedMemory> {
    const { sessionId, ...input } = memory;
    const session = { id: sessionId ?? `manual-save-${memory.project}`, project: memory.project, directory: memory.project || '(unknown)' };
    return this.#write((database) =>
      saveMemory(database, input, { nowMs: systemClock.now(), session, random: (size) => randomBytes(size) }),
    );
  }

  /** @throws {EngramError} not-found, invalid-input, and those of writing */
  edit(syncId: string, patch: MemoryPatch): Promise<SavedMemory> {
    return this.#write((database) => editMemory(database, syncId, patch, systemClock.now()));
  }

  /** Hides a memory; the next export tells the team. @throws {EngramError} not-found, and those of writing */
  remove(syncId: string): Promise<SavedMemory> {
    return this.#write((database) => deleteMemory(database, syncId, systemClock.now()));
  }

  /** Frees the memory. The store can be used again all the same. */
  close(): Promise<void> {
    return this.#next(async () => this.#databases.close());
  }

  #read<T>(work: (store: MemoryStore) => T): Promise<T> {
    return this.#next(async () => work((await this.#databases.open()).store));
  }

  #write(work: (database: SqlDatabase) => SavedMemory): Promise<SavedMemory> {
    const change = async (guard: WriteGuard): Promise<SavedMemory> => {
      const open = await this.#databases.open();
      if (!open.writable) throw readOnlyDatabase(open);
      await mustBeInPlace(this, open);
      const result = await journalled({ ...open, live: await isOfProgram(this, open) }, () => work(open.memoryDatabase));
      await this.#databases.save(guard);
      return result;
    };
    return this.#next(async () => writeIn(await placesOf(this), change));
  }
}

/**
 * Opens a memory database, or prepares a new one. Use `<repository>/.engram/engram.db` for the one that the extension has, too.
 *
 * @throws {EngramError} store-corrupt (it is no database, or damaged), not-regular-file, io-failed
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  const store = new Store(path, options);
  await store.counts();
  return store;
}
