import { type ChunkVersions, versionKey } from './chunkVersions.ts';
import { isCloudChunkId } from './cloud/cloudIds.ts';
import { type Entity, type Holding, latestOrder } from './held.ts';
import type { ChunkId } from './manifest.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import { RowReader } from './rowReader.ts';
import { isTombstone } from './versions.ts';

/**
 * What of a row was merged into these memories: no change that was made here came from less. Not counted are chunks that were only read, that
 * the memories have not recorded (they come from a backup), whose import was undone, or that were not allowed to change the row. A picture
 * of one moment.
 */
export class MergedHoldings {
  readonly #store: MemoryStore;
  readonly #index: FolderIndex;
  #counts: ((holding: Holding) => boolean) | undefined;

  constructor(parts: { readonly store: MemoryStore; readonly index: FolderIndex }) {
    this.#store = parts.store;
    this.#index = parts.index;
  }

  of(entity: Entity, key: string): readonly Holding[] {
    const holdings = this.#index.holdings(entity, key);
    if (holdings.length === 0) return holdings;
    this.#counts ??= this.#whatCounts();
    return holdings.filter(this.#counts);
  }

  #whatCounts(): (holding: Holding) => boolean {
    const [merged, recorded, undone] = [this.#index.mergedChunks(), this.#store.importedChunks(), this.#store.undoneChunks()];
    const heldBack = new Set(this.#index.heldBack().map(({ chunkId, entity, key }) => `${chunkId} ${versionKey(entity, key)}`));
    return ({ chunkId, entity, key }) => {
      const isHere = isCloudChunkId(chunkId) || (recorded.has(chunkId) && !undone.has(chunkId));
      return isHere && merged.has(chunkId) && !heldBack.has(`${chunkId} ${versionKey(entity, key)}`);
    };
  }
}

/**
 * Where another program has put a chunk's rows over later ones (v1.16.1 takes the last mutation that it applies, whatever its time): the chunks
 * of the folder that hold the later ones. Merged again they bring them back.
 *
 * @param versions of a chunk that the other program has imported, and that was merged just now
 */
export async function chunksOfBuriedRows(
  parts: { readonly store: MemoryStore; readonly index: FolderIndex; readonly turn: Turn },
  versions: ChunkVersions,
): Promise<ReadonlySet<ChunkId>> {
  const found = new Set<ChunkId>();
  const [rows, merged] = [new RowReader(parts.store, parts.index), new MergedHoldings(parts)];
  for (const { version } of [...versions.rows.values(), ...versions.relations.values()]) {
    await parts.turn();
    const { entity, key } = version;
    const here = rows.row(entity, key);
    if (!here || parts.index.holdings(entity, key).every(({ order }) => order <= here.order)) continue;
    const holdings = merged.of(entity, key);
    const latest = latestOrder(holdings);
    const later = holdings.find(({ chunkId, order }) => order === latest && !isCloudChunkId(chunkId));
    // A deletion of what is gone anyway changes no row.
    const isGone = here.record === undefined && isTombstone(latest);
    if (later && latest > here.order && !isGone) found.add(later.chunkId);
  }
  return found;
}
