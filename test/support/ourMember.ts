import { type MemoryDatabase, openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';
import { type ScannedChunk, scanChunks } from '../../src/engine/chunkScan.ts';
import { Exporter } from '../../src/engine/exporter.ts';
import type { ExportSummary, ImportSummary } from '../../src/engine/folderState.ts';
import { Importer, type ImporterParts } from '../../src/engine/importer.ts';
import type { Clock, FolderIndex } from '../../src/engine/ports.ts';
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

  memories(): MemoryDatabase {
    return openSqlJs(this.#sqlJs, this.#memories);
  }

  index(): MemoryDatabase {
    return openSqlJs(this.#sqlJs, this.#index);
  }
}

/** A team member with this extension: the real engine and store, over a folder and databases in memory. Close it: WASM memory is not collected. */
export class OurMember {
  readonly name: string;
  readonly clock: Clock;
  readonly database: MemoryDatabase;
  readonly store: SqlMemoryStore;
  readonly index: FolderIndex;
  /** May be replaced, as by a checkout. */
  folder: ModelFolder;
  readonly #indexDatabase: MemoryDatabase;
  readonly #problems: ImporterParts['problems'] = new Map();

  constructor(blank: BlankDatabases, of: { readonly name: string; readonly clock: Clock; readonly folder: ModelFolder }) {
    this.name = of.name;
    this.clock = of.clock;
    this.folder = of.folder;
    this.database = blank.memories();
    this.store = new SqlMemoryStore(this.database);
    this.#indexDatabase = blank.index();
    this.index = openFolderIndex(this.#indexDatabase).index;
  }

  /** The import half of "Sync Now". @throws where a chunk could not be used: nothing in these folders is damaged. */
  async importNew(): Promise<ImportSummary> {
    const summary = await this.#importer().run(await this.#scan(), undefined, {});
    const [problem] = summary.problems;
    if (problem) throw new Error(`${this.name} could not import a chunk: ${problem.message}`);
    return summary;
  }

  /** The export half, as a folder does it: what waits is learnt first, so that it is not written again. */
  async exportNew(): Promise<ExportSummary> {
    await this.#importer().learn(await this.#scan());
    const parts = { transport: new ModelFolderTransport(this.folder), store: this.store, index: this.index, clock: this.clock };
    const exporter = new Exporter({ ...parts, turn: noTurn, git: undefined });
    return exporter.run(await this.#scan(), { createdBy: this.name }, {});
  }

  close(): void {
    this.database.close();
    this.#indexDatabase.close();
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
