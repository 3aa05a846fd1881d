import { decodeChunk } from '../engine/chunkCodec.ts';
import type { ScannedChunk } from '../engine/chunkScan.ts';
import { chunkVersions, versionKey } from '../engine/chunkVersions.ts';
import { FolderRights } from '../engine/folderRights.ts';
import { isDerived } from '../engine/identity.ts';
import { isChunkFault } from '../engine/importer.ts';
import type { ChunkId } from '../engine/manifest.ts';
import { mergeRows } from '../engine/merge.ts';
import type { MemoryStore } from '../engine/ports.ts';
import type { ArrivalCounts } from '../engine/programSync.ts';
import { RowReader } from '../engine/rowReader.ts';
import type { RowVersion } from '../engine/versions.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess, Reading } from './folderAccess.ts';

/** What the chunks that wait hold, by chunk and identity. */
export type WaitingRows = ReadonlyMap<ChunkId, readonly RowVersion[]>;

export const NO_ARRIVALS: ArrivalCounts = { memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0 };

/** Listed, here, and not recorded: what the program's import takes, altered ones too. */
export function waitsForProgram({ entry, file }: ScannedChunk, recorded: boolean): boolean {
  return entry !== undefined && file !== undefined && !recorded;
}

/** Reads the chunks; those that cannot be read are left out. */
export async function readWaiting(access: FolderAccess, chunks: readonly ScannedChunk[], { turn }: Reading): Promise<WaitingRows> {
  const { environment } = access;
  const rows = new Map<ChunkId, readonly RowVersion[]>();
  for (const { id } of chunks) {
    if (environment.quarantined(id)) continue;
    environment.onReading(id);
    try {
      const versions = await chunkVersions(await decodeChunk(await access.transport().readChunk(id), turn), turn);
      rows.set(
        id,
        [...versions.rows.values(), ...versions.relations.values()].map(({ version }) => version),
      );
    } catch (error) {
      if (!isChunkFault(error)) throw error;
    } finally {
      environment.onReading(undefined);
    }
  }
  return rows;
}

/** What of the chunks' rows the memories lack, have in an older version, or in a newer one. */
export class Arrivals {
  readonly #wanted = new Map<string, RowVersion>();
  readonly #store: MemoryStore;
  readonly #rows: RowReader;
  readonly #databases: OpenDatabases;

  /** @param ids only these of the chunks; of two versions of one row the later counts */
  constructor(waiting: WaitingRows, databases: OpenDatabases, ids: ReadonlySet<string> = new Set(waiting.keys())) {
    this.#databases = databases;
    this.#store = databases.store;
    this.#rows = new RowReader(databases.store, databases.index);
    for (const [id, rows] of waiting) {
      if (!ids.has(id)) continue;
      for (const row of rows) {
        const key = versionKey(row.entity, row.key);
        const other = this.#wanted.get(key);
        this.#wanted.set(key, other ? mergeRows(other, row) : row);
      }
    }
  }

  /** By {@link versionKey}: what the memories do not have. */
  missing(): ReadonlyMap<string, { readonly version: RowVersion; readonly isNew: boolean }> {
    const missing = new Map<string, { readonly version: RowVersion; readonly isNew: boolean }>();
    for (const [key, version] of this.#wanted) {
      const local = this.#local(version);
      const isMissing = local ? version.order > local.order : version.record !== undefined;
      if (isMissing) missing.set(key, { version, isNew: local === undefined });
    }
    return missing;
  }

  /** What the memories have in a newer version: some releases of the program set it back. */
  newerHere(): readonly RowVersion[] {
    return [...this.#wanted.values()].flatMap((version) => {
      const local = this.#local(version);
      return local && local.order > version.order ? [local] : [];
    });
  }

  /** Edits and deletions of rows that are another project's. */
  otherProjects(project: string | undefined): number {
    const rights = new FolderRights(this.#store, this.#databases.index, project);
    const changes = [...this.missing().values()].filter(({ isNew }) => !isNew);
    return changes.filter(({ version }) => !rights.owns(version.entity, version.key)).length;
  }

  /** A record without an id has got a random one from the program. */
  #local(version: RowVersion): RowVersion | undefined {
    const { entity, key, sessionId } = version;
    const here = this.#rows.row(entity, key);
    if (here || entity === 'relation' || !isDerived(key)) return here;
    const twin = this.#store.twinOfDerived(entity, key, sessionId);
    return twin === undefined ? undefined : { ...version, key: twin };
  }
}

/** @param changes as {@link Arrivals.missing} gives them */
export function countArrivals(changes: Iterable<{ readonly version: RowVersion; readonly isNew: boolean }>): ArrivalCounts {
  const counts = { ...NO_ARRIVALS };
  const news = { observation: 'memories', prompt: 'prompts', relation: 'relations' } as const;
  for (const { version, isNew } of changes) counts[isNew ? news[version.entity] : version.record ? 'edits' : 'deletes'] += 1;
  return counts;
}
