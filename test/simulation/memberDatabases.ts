import { loadSqlJs, type MemoryDatabase, openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';
import type { FolderIndex } from '../../src/engine/ports.ts';
import { openFolderIndex } from '../../src/store/folderIndex.ts';
import { SqlMemoryStore } from '../../src/store/memoryStore.ts';
import { migrateMemorySchema } from '../../src/store/migrateMemory.ts';
import type { Fuse } from './fuse.ts';

/** sql.js and the bytes of two empty databases: making the tables anew for each member would be most of the time. */
export interface DatabaseKit {
  readonly sqlJs: SqlJs;
  readonly memories: Uint8Array;
  readonly index: Uint8Array;
}

export async function loadDatabaseKit(wasmPath: string): Promise<DatabaseKit> {
  const sqlJs = await loadSqlJs(wasmPath);
  const make = (prepare: (database: MemoryDatabase) => unknown): Uint8Array => {
    const database = openSqlJs(sqlJs);
    prepare(database);
    const bytes = database.export();
    database.close();
    return bytes;
  };
  return { sqlJs, memories: make(migrateMemorySchema), index: make(openFolderIndex) };
}

/** Both databases of one member, in memory, with what the disk would hold of them while a crash is possible. */
export class MemberDatabases {
  readonly isInPlace: boolean;
  readonly #kit: DatabaseKit;
  readonly #fuse: Fuse;
  #memories: MemoryDatabase;
  #index: MemoryDatabase;
  #disk: { memories: Uint8Array; index: Uint8Array } | undefined;
  store: SqlMemoryStore;
  index: FolderIndex;

  /** @param isInPlace the memories are changed on disk, transaction by transaction, and agents change them, too */
  constructor(kit: DatabaseKit, fuse: Fuse, isInPlace = false) {
    this.#kit = kit;
    this.isInPlace = isInPlace;
    this.#fuse = fuse;
    this.#memories = openSqlJs(kit.sqlJs, kit.memories);
    this.#index = openSqlJs(kit.sqlJs, kit.index);
    this.store = new SqlMemoryStore(this.#memories);
    this.index = openFolderIndex(this.#index).index;
  }

  get memories(): MemoryDatabase {
    return this.#memories;
  }

  /** From now on what is saved counts; before, everything does. */
  beginDanger(): void {
    this.#disk = { memories: this.#memories.export(), index: this.#index.export() };
  }

  endDanger(): void {
    this.#disk = undefined;
  }

  /** Index first, as FolderDatabases does. */
  async save(): Promise<void> {
    const disk = this.#disk;
    await this.saveIndex();
    if (!disk || this.isInPlace) return;
    await this.#fuse.write(async () => {
      disk.memories = this.#memories.export();
    });
  }

  async saveIndex(): Promise<void> {
    const disk = this.#disk;
    if (!disk) return;
    await this.#fuse.write(async () => {
      disk.index = this.#index.export();
    });
  }

  /** A new process opens what the disk holds. */
  reopen(): void {
    const disk = this.#disk;
    if (disk) this.#open(this.isInPlace ? this.#memories.export() : disk.memories, disk.index);
  }

  /**
   * Somebody deletes `index.db`. Not while it alone holds when a session was changed: an unknown field of a session lives nowhere else
   * until it is shared, and nothing of ours changes sessions yet.
   */
  loseIndex(): void {
    const shared = [...this.index.allHoldings()].filter(({ entity }) => entity === 'session').map(({ json }) => json);
    const changes = [...this.index.allExtras()].map(({ json }) => /"x_at":{[^}]*}/.exec(json)?.[0]).filter((text) => text !== undefined);
    if (changes.every((text) => shared.some((json) => json.includes(text)))) this.#open(this.#memories.export(), this.#kit.index);
  }

  close(): void {
    this.#memories.close();
    this.#index.close();
  }

  #open(memories: Uint8Array, index: Uint8Array): void {
    this.close();
    this.#memories = openSqlJs(this.#kit.sqlJs, memories);
    this.#index = openSqlJs(this.#kit.sqlJs, index);
    this.store = new SqlMemoryStore(this.#memories);
    this.index = openFolderIndex(this.#index).index;
  }
}
