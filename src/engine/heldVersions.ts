import { versionKey } from './chunkVersions.ts';
import { parseGoJson } from './goJson.ts';
import type { Entity, Holding } from './held.ts';
import { isDerived } from './identity.ts';
import type { ChunkId } from './manifest.ts';
import { mergeSessions, sameExtra, uniteExtra, unpackSession } from './merge.ts';
import type { FolderIndex, Turn } from './ports.ts';
import type { Extra, JsonObject } from './records.ts';
import { NO_EXTRA, type RowVersion, type SessionVersion } from './versions.ts';

/** The merge of every version that the known chunks hold of one row. */
export interface HeldRow {
  readonly order: string;
  readonly extra: Extra;
  /** Some known chunk has it in an array. */
  readonly inArray: boolean;
}

/** What is known to be shared, and what was shared once and is no longer. */
export class HeldVersions {
  readonly #rows = new Map<string, HeldRow>();
  readonly #sessions = new Map<string, SessionVersion>();
  readonly #noLonger = new Set<string>();
  /** What this database itself had shared, in chunks that nobody has any more. */
  readonly #own = new Set<string>();
  #hasDerived = false;

  /**
   * @param index the folder's, or what shows the cloud's chunks in its place.
   * @param known the manifest's chunks, those in the folder, and those that another living branch has.
   * @param ownOrphans chunks of ours that nobody has any more: their rows are new again here; rows of others' such chunks never leave by themselves.
   */
  static async load(
    index: Pick<FolderIndex, 'allHoldings'>,
    known: ReadonlySet<ChunkId>,
    ownOrphans: ReadonlySet<ChunkId>,
    turn: Turn,
  ): Promise<HeldVersions> {
    const held = new HeldVersions();
    for (const holding of index.allHoldings()) {
      if (known.has(holding.chunkId)) held.#add(holding);
      else if (!ownOrphans.has(holding.chunkId)) held.#noLonger.add(versionKey(holding.entity, holding.key));
      else if (isFirstSharing(holding)) held.#own.add(versionKey(holding.entity, holding.key));
      await turn();
    }
    return held;
  }

  /** Some known chunk has a record without an id of its own. */
  get hasDerived(): boolean {
    return this.#hasDerived;
  }

  row(entity: Entity, key: string): HeldRow | undefined {
    return this.#rows.get(versionKey(entity, key));
  }

  session(id: string): SessionVersion | undefined {
    return this.#sessions.get(id);
  }

  /** Whether only chunks that nobody shares any more hold this identity, and others have shared it first. */
  isNoLongerShared(entity: Entity, key: string): boolean {
    const name = versionKey(entity, key);
    if (!this.#noLonger.has(name) || this.#own.has(name)) return false;
    return !this.#rows.has(name) && !(entity === 'session' && this.#sessions.has(key));
  }

  /** Whether merging `version` into what is held would change it. */
  isNews(version: RowVersion): boolean {
    const held = this.row(version.entity, version.key);
    if (!held) return true;
    if (version.order !== held.order) return version.order > held.order;
    return !sameExtra(uniteExtra(held.extra, version.extra), held.extra);
  }

  #add(holding: Holding): void {
    if (holding.entity === 'session') {
      const version = unpackSession(holding.json);
      const other = this.#sessions.get(holding.key);
      this.#sessions.set(holding.key, other ? mergeSessions(other, version) : version);
      return;
    }
    if (isDerived(holding.key)) this.#hasDerived = true;
    const key = versionKey(holding.entity, holding.key);
    const row: HeldRow = {
      order: holding.order,
      extra: holding.json === '' ? NO_EXTRA : (parseGoJson(holding.json) as JsonObject),
      inArray: holding.inArray,
    };
    const other = this.#rows.get(key);
    this.#rows.set(key, other ? mergeHeld(other, row) : row);
  }
}

/** Of a memory only one database has that in its chunks; who merely changed it does not bring it back. */
function isFirstSharing({ entity, inArray }: Holding): boolean {
  return inArray || entity === 'session' || entity === 'relation';
}

function mergeHeld(a: HeldRow, b: HeldRow): HeldRow {
  const inArray = a.inArray || b.inArray;
  if (a.order !== b.order) return { ...(a.order > b.order ? a : b), inArray };
  return { order: a.order, extra: uniteExtra(a.extra, b.extra), inArray };
}
