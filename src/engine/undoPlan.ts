import { versionKey } from './chunkVersions.ts';
import { isCloudChunkId } from './cloud/cloudIds.ts';
import { parseGoJson } from './goJson.ts';
import type { Holding } from './held.ts';
import type { ChunkId } from './manifest.ts';
import { mergeRows, sameExtra, uniteExtra } from './merge.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import type { Extra, JsonObject } from './records.ts';
import { RowReader } from './rowReader.ts';
import { isTombstone, NO_EXTRA, observationVersion, type RowVersion, relationVersion } from './versions.ts';

/** What becomes of one row when the import of a chunk is undone. */
export type UndoStep = Change & {
  /** Order of the version that it was decided for; `''`: there was no such row. */
  readonly was: string;
};

type Change =
  /** It came with this chunk alone. A deletion that came with it is forgotten. */
  | { readonly kind: 'remove'; readonly version: RowVersion }
  /** Another chunk holds an earlier version. `version` is that one. */
  | { readonly kind: 'restore'; readonly version: RowVersion; readonly wasLive: boolean }
  /** The chunk deleted it, and no other chunk has it: it is this database's own, and is shown again. */
  | { readonly kind: 'unhide'; readonly version: RowVersion }
  /** Only its unknown fields came with this chunk. */
  | { readonly kind: 'extra'; readonly version: RowVersion; readonly extra: Extra }
  /** The earlier version stands in a chunk that cannot be read now: the row stays as it is. */
  | { readonly kind: 'keep'; readonly version: RowVersion };

/** Reads again what a chunk says; `undefined` where its file is not here or cannot be read. */
export type ReadVersions = (id: ChunkId) => Promise<ReadonlyMap<string, RowVersion> | undefined>;

export interface UndoParts {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly readVersions: ReadVersions;
  readonly turn: Turn;
}

/**
 * Which chunks still count when one is taken out: those that are merged here and that nobody has undone. What the cloud's hold stays: they
 * are recorded there as imported, and would not be imported again.
 */
export function remainingChunks(store: MemoryStore, index: FolderIndex, without: ChunkId): ReadonlySet<ChunkId> {
  const recorded = store.importedChunks();
  const undone = store.undoneChunks();
  const ofFolder = [...index.chunks().keys()].filter((id) => id !== without && recorded.has(id) && !undone.has(id));
  return new Set([...ofFolder, ...index.cloudChunkIds()]);
}

/**
 * Decides what goes back. Afterwards every row that the chunk holds is the merge of the versions of the remaining chunks and of the
 * database's own changes: a row that was changed here after the import has a later version than the chunk's and stays.
 */
export class UndoPlanner {
  readonly #parts: UndoParts;
  readonly #rows: RowReader;
  readonly #remaining: ReadonlySet<ChunkId>;
  readonly #chunk: ChunkId;
  readonly #deferred: ReadonlyMap<string, RowVersion>;

  constructor(parts: UndoParts, chunk: ChunkId) {
    this.#parts = parts;
    this.#chunk = chunk;
    this.#rows = new RowReader(parts.store, parts.index);
    this.#remaining = remainingChunks(parts.store, parts.index, chunk);
    this.#deferred = new Map(parts.index.deferredRelations().map((record) => [record.syncId, relationVersion(record)]));
  }

  /** @throws {EngramError} cancelled, store-corrupt */
  async plan(): Promise<readonly UndoStep[]> {
    const wanted = new Map<string, Wanted>();
    for (const holding of this.#parts.index.chunkHoldings(this.#chunk)) {
      if (holding.entity === 'session') continue;
      const change = this.#wanted(holding, holding.entity);
      if (change) wanted.set(versionKey(holding.entity, holding.key), change);
      await this.#parts.turn();
    }
    const versions = await this.#read(wanted);
    return [...wanted].flatMap(([key, change]) => {
      const step = this.#step(change, versions.get(key));
      return step ? [{ ...step, was: change.local?.order ?? '' }] : [];
    });
  }

  /** False where another program has changed the row since the plan: what is changed here stays. */
  isCurrent({ version, was }: UndoStep): boolean {
    const now = this.#rows.row(version.entity, version.key);
    return version.entity === 'relation' && !now ? true : (now?.order ?? '') === was;
  }

  /** What the row has now, and what the remaining chunks hold; `undefined` where nothing of it came from this chunk. */
  #wanted(own: Holding, entity: RowVersion['entity']): Wanted | undefined {
    const local = this.#rows.row(entity, own.key) ?? (entity === 'relation' ? this.#deferred.get(own.key) : undefined);
    const others = this.#parts.index.holdings(entity, own.key).filter(({ chunkId }) => this.#remaining.has(chunkId));
    const best =
      others
        .map(({ order }) => order)
        .sort()
        .at(-1) ?? '';
    const isOfThisChunk = local ? local.order === own.order : isTombstone(own.order) && best !== '' && !isTombstone(best);
    return isOfThisChunk ? { entity, key: own.key, local, others, best, order: own.order } : undefined;
  }

  /** Every chunk is read once, and only those that a row goes back to. */
  async #read(wanted: ReadonlyMap<string, Wanted>): Promise<ReadonlyMap<string, RowVersion>> {
    const sources = new Set([...wanted.values()].filter(isRestored).flatMap(({ others }) => others.map(({ chunkId }) => chunkId)));
    const files = [...sources].filter((id) => !isCloudChunkId(id));
    const merged = new Map<string, RowVersion>();
    for (const id of files) {
      for (const [key, version] of (await this.#parts.readVersions(id)) ?? []) {
        if (!wanted.has(key)) continue;
        const other = merged.get(key);
        merged.set(key, other ? mergeRows(other, version) : version);
      }
      await this.#parts.turn();
    }
    return merged;
  }

  #step(wanted: Wanted, found: RowVersion | undefined): Change | undefined {
    const { local, best, order, others } = wanted;
    if (local && best === order) {
      const extra = others.filter((holding) => holding.order === order).reduce((all, { json }) => uniteExtra(all, extraOf(json)), NO_EXTRA);
      return sameExtra(extra, local.extra) ? undefined : { kind: 'extra', version: local, extra };
    }
    const hidden = local?.record === undefined ? this.#hiddenRow(wanted) : undefined;
    if (best !== '') {
      if (found?.order === best) return { kind: 'restore', version: found, wasLive: local?.record !== undefined };
      if (hidden?.order === best) return { kind: 'restore', version: hidden, wasLive: false };
      return local && { kind: 'keep', version: local };
    }
    if (hidden && !this.#isHeldAnywhere(hidden)) return { kind: 'unhide', version: hidden };
    return local && { kind: 'remove', version: local };
  }

  /** A hidden observation as it was before it was deleted. */
  #hiddenRow({ entity, key }: Wanted): RowVersion | undefined {
    const record = entity === 'observation' ? this.#parts.store.observation(key) : undefined;
    if (!record?.deletedAt) return undefined;
    const { deletedAt: _, ...live } = this.#rows.withExtra('observation', key, record);
    return observationVersion(live);
  }

  #isHeldAnywhere({ entity, key, order }: RowVersion): boolean {
    return this.#parts.index.holdings(entity, key).some((holding) => holding.order === order);
  }
}

interface Wanted {
  readonly entity: RowVersion['entity'];
  readonly key: string;
  readonly local: RowVersion | undefined;
  readonly others: readonly Holding[];
  /** The greatest order among the others, `''` where there is none. */
  readonly best: string;
  /** The chunk's own. */
  readonly order: string;
}

function isRestored({ best, order }: Wanted): boolean {
  return best !== '' && best !== order;
}

function extraOf(json: string): Extra {
  return json === '' ? NO_EXTRA : (parseGoJson(json) as JsonObject);
}
