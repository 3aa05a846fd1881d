import { type MemoryDatabase, openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';
import { decodeChunkSync } from '../../src/engine/chunkCodec.ts';
import { type ScannedChunk, scanChunks } from '../../src/engine/chunkScan.ts';
import { chunkVersions } from '../../src/engine/chunkVersions.ts';
import { Exporter } from '../../src/engine/exporter.ts';
import type { ExportPlan } from '../../src/engine/exportPlan.ts';
import type { ExportSummary, ImportSummary } from '../../src/engine/folderState.ts';
import { Importer, type ImporterParts } from '../../src/engine/importer.ts';
import type { ChunkId } from '../../src/engine/manifest.ts';
import type { Clock, FolderIndex } from '../../src/engine/ports.ts';
import { SlowClock } from '../../src/engine/slowClock.ts';
import { ImportUndo } from '../../src/engine/undo.ts';
import { openFolderIndex } from '../../src/store/folderIndex.ts';
import { createMemorySchema } from '../../src/store/memorySchema.ts';
import { SqlMemoryStore } from '../../src/store/memoryStore.ts';
import type { ModelFolder } from '../models/chunkFolder.ts';
import { ModelFolderTransport } from './modelFolderTransport.ts';

/** Makes the two databases of a member: copies of blank ones, which is faster than making their tables anew. */
export class BlankDatabases {
  readonly #sqlJs: SqlJs;
  readonly #memories: Uint8Array;
  readonly #index: Uint8Array;

  constructor(sqlJs: SqlJs) {
    this.#sqlJs = sqlJs;
    const memories = openSqlJs(sqlJs);
    createMemorySchema(memories);
    this.#memories = memories.export();
    memories.close();
    const index = openSqlJs(sqlJs);
    openFolderIndex(index);
    this.#index = index.export();
    index.close();
  }

  memories(bytes = this.#memories): MemoryDatabase {
    return openSqlJs(this.#sqlJs, bytes);
  }

  index(): MemoryDatabase {
    return openSqlJs(this.#sqlJs, this.#index);
  }
}

/** A team member with this extension: the real engine and store, over a folder and databases in memory. Close it: WASM memory is not collected. */
export class OurMember {
  readonly name: string;
  readonly clock: Clock;
  database: MemoryDatabase;
  store: SqlMemoryStore;
  index: FolderIndex;
  /** May be replaced, as by a checkout. */
  folder: ModelFolder;
  #indexDatabase: MemoryDatabase;
  readonly #blank: BlankDatabases;
  readonly #problems: ImporterParts['problems'] = new Map();

  constructor(blank: BlankDatabases, of: { readonly name: string; readonly clock: Clock; readonly folder: ModelFolder }) {
    this.#blank = blank;
    this.name = of.name;
    this.clock = of.clock;
    this.folder = of.folder;
    this.database = blank.memories();
    this.store = new SqlMemoryStore(this.database);
    this.#indexDatabase = blank.index();
    this.index = openFolderIndex(this.#indexDatabase).index;
  }

  /** The import half of "Sync Now". @throws where a chunk could not be used: nothing in these folders is damaged. */
  async importNew(ids?: readonly ChunkId[]): Promise<ImportSummary> {
    const summary = await this.#importer().run(await this.#scan(), ids && new Set(ids), {});
    const [problem] = summary.problems;
    if (problem) throw new Error(`${this.name} could not import a chunk: ${problem.message}`);
    return summary;
  }

  /** The export half, as a folder does it: what waits is learnt first, so that it is not written again. */
  async exportNew(): Promise<ExportSummary> {
    await this.#importer().learn(await this.#scan());
    return this.#exporter().run(await this.#scan(), { createdBy: this.name }, {});
  }

  /** What the status counts as not shared. Reads only. */
  async plan(): Promise<ExportPlan> {
    return this.#exporter().plan(await this.#scan(), { includePersonal: true });
  }

  /** What every request that writes begins with. */
  stampSlowChanges(): Promise<void> {
    return new SlowClock(this).stamp(noTurn);
  }

  /** As a click on a chunk that was imported. */
  async undo(id: ChunkId): Promise<void> {
    await this.stampSlowChanges();
    const readVersions = async (other: ChunkId) => {
      const bytes = this.folder.chunks.get(other);
      if (!bytes) return undefined;
      const { rows, relations } = await chunkVersions(decodeChunkSync(bytes), noTurn);
      return new Map([...rows, ...relations].map(([key, { version }]) => [key, version] as const));
    };
    await new ImportUndo({ store: this.store, index: this.index, turn: noTurn, clock: this.clock, readVersions }, id).run();
  }

  /** Somebody puts a backup in the place of the memories; the index stays. */
  restore(memories: Uint8Array): void {
    this.database.close();
    this.database = this.#blank.memories(memories);
    this.store = new SqlMemoryStore(this.database);
  }

  /** Somebody deletes `index.db`. */
  loseIndex(): void {
    this.#indexDatabase.close();
    this.#indexDatabase = this.#blank.index();
    this.index = openFolderIndex(this.#indexDatabase).index;
  }

  close(): void {
    this.database.close();
    this.#indexDatabase.close();
  }

  #exporter(): Exporter {
    const parts = { transport: new ModelFolderTransport(this.folder), store: this.store, index: this.index, clock: this.clock };
    return new Exporter({ ...parts, turn: noTurn, git: undefined });
  }

  #importer(): Importer {
    return new Importer({
      transport: new ModelFolderTransport(this.folder),
      store: this.store,
      index: this.index,
      clock: this.clock,
      turn: noTurn,
      problems: this.#problems,
      quarantined: () => false,
      onReading: () => undefined,
      checkpoint: noTurn,
    });
  }

  async #scan(): Promise<readonly ScannedChunk[]> {
    const transport = new ModelFolderTransport(this.folder);
    return scanChunks({
      manifest: await transport.readManifest(),
      files: await transport.listChunks(),
      indexed: this.index.chunks(),
      recorded: this.store.importedChunks(),
      undone: this.store.undoneChunks(),
      problems: this.#problems,
    });
  }
}

async function noTurn(): Promise<void> {
  // Nothing else runs meanwhile.
}
