import { openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';
import { chunkId, decodeChunkSync, encodeChunk } from '../../src/engine/chunkCodec.ts';
import { scanChunks } from '../../src/engine/chunkScan.ts';
import { chunkVersions } from '../../src/engine/chunkVersions.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { type ExportPlan, ExportPlanner } from '../../src/engine/exportPlan.ts';
import { HeldVersions } from '../../src/engine/heldVersions.ts';
import { Importer } from '../../src/engine/importer.ts';
import { type ChunkId, EMPTY_MANIFEST } from '../../src/engine/manifest.ts';
import type { FolderIndex, MemoryStore, Transport } from '../../src/engine/ports.ts';
import type { ChunkData } from '../../src/engine/records.ts';
import { RowReader } from '../../src/engine/rowReader.ts';
import { ImportUndo, type UndoSummary } from '../../src/engine/undo.ts';
import { openFolderIndex } from '../../src/store/folderIndex.ts';
import { SqlMemoryStore } from '../../src/store/memoryStore.ts';
import { migrateMemorySchema } from '../../src/store/migrateMemory.ts';

const noTurn = async (): Promise<void> => undefined;
const clock = { now: () => Date.UTC(2026, 0, 31) };

/** Packs a chunk as it lies in a folder. */
export function packed(data: ChunkData): { readonly id: ChunkId; readonly bytes: Uint8Array } {
  const bytes = encodeChunk(data);
  return { id: chunkId(bytes), bytes };
}

/** One member's databases in memory, over a folder of chunks that is a map: the engine as it is, without files. */
export class MemberDatabase {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly files: Map<ChunkId, Uint8Array>;
  readonly #close: () => void;

  constructor(sqlJs: SqlJs, files: Map<ChunkId, Uint8Array>) {
    const [memories, index] = [openSqlJs(sqlJs), openSqlJs(sqlJs)];
    migrateMemorySchema(memories);
    this.files = files;
    this.store = new SqlMemoryStore(memories);
    this.index = openFolderIndex(index).index;
    this.#close = () => {
      memories.close();
      index.close();
    };
  }

  close(): void {
    this.#close();
  }

  scan(): ReturnType<typeof scanChunks> {
    return scanChunks({
      manifest: EMPTY_MANIFEST,
      files: [...this.files].map(([id, bytes]) => ({ id, size: bytes.length, mtimeMs: 0 })),
      indexed: this.index.chunks(),
      recorded: this.store.importedChunks(),
      undone: this.store.undoneChunks(),
      problems: new Map(),
    });
  }

  /** @param ids one after another, each as a click imports it; absent: what waits. */
  async import(ids?: readonly ChunkId[]): Promise<void> {
    const importer = new Importer({
      transport: this.#transport(),
      store: this.store,
      index: this.index,
      clock,
      turn: noTurn,
      problems: new Map(),
      quarantined: () => false,
      onReading: () => undefined,
      checkpoint: noTurn,
    });
    if (!ids) await importer.run(this.scan(), undefined, {});
    for (const id of ids ?? []) await importer.run(this.scan(), new Set([id]), {});
  }

  undo(id: ChunkId): Promise<UndoSummary> {
    return this.#undo(id).run();
  }

  preview(id: ChunkId): Promise<UndoSummary> {
    return this.#undo(id).preview();
  }

  #undo(id: ChunkId): ImportUndo {
    const readVersions = async (other: ChunkId) => {
      const bytes = this.files.get(other);
      if (!bytes) return undefined;
      const { rows, relations } = await chunkVersions(decodeChunkSync(bytes), noTurn);
      return new Map([...rows, ...relations].map(([key, { version }]) => [key, version] as const));
    };
    return new ImportUndo({ store: this.store, index: this.index, turn: noTurn, clock, readVersions }, id);
  }

  /** What the next sync would write. */
  async plan(): Promise<ExportPlan> {
    const held = await HeldVersions.load(this.index, new Set(this.files.keys()), new Set(), noTurn);
    const filter = { includePersonal: true, includeDeleted: true };
    return new ExportPlanner({ store: this.store, index: this.index, held }, filter).plan(noTurn);
  }

  /** The live rows in their one form: what a person sees, whatever the order of imports was. */
  live(): Readonly<Record<'memories' | 'prompts' | 'relations' | 'sessions', readonly unknown[]>> {
    const { store, index } = this;
    const rows = new RowReader(store, index);
    const memories = [...store.observations()].filter((row) => !row.deletedAt).map((row) => rows.row('observation', row.syncId));
    const prompts = [...store.prompts()].map((row) => rows.row('prompt', row.syncId));
    const isLive = (id: string): boolean => store.observation(id)?.deletedAt === undefined && store.observation(id) !== undefined;
    const relations = [...store.relations()].filter(({ sourceId, targetId }) => isLive(sourceId) && isLive(targetId));
    const needed = new Set([...memories, ...prompts].flatMap((row) => (row ? [row.sessionId] : [])));
    return {
      memories: sorted(memories),
      prompts: sorted(prompts),
      relations: sorted(relations.map(({ syncId }) => rows.row('relation', syncId))),
      sessions: sorted([...needed].map((id) => rows.session(id))),
    };
  }

  #transport(): Transport {
    return {
      readManifest: async () => EMPTY_MANIFEST,
      writeManifest: noTurn,
      writeChunk: noTurn,
      readChunk: async (id) => {
        const bytes = this.files.get(id as ChunkId);
        if (!bytes) throw new EngramError('chunk-missing', 'It is not there.', { subject: id });
        return bytes;
      },
    };
  }
}

function sorted(versions: readonly ({ readonly key: string } | undefined)[]): unknown[] {
  const found = versions.filter((version) => version !== undefined);
  return found.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map((version) => ({ ...version, deletedAt: '' }));
}
