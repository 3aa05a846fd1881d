import type { ChunkVersions } from './chunkVersions.ts';
import { canonicalJson } from './goJson.ts';
import { type Entity, type Holding, latestDeletion } from './held.ts';
import type { ChunkId } from './manifest.ts';
import { isUnknownSession, mergeRows, mergeSessions, packSession, sameSession, unpackSession } from './merge.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import type { ObservationRecord, PromptRecord, RelationRecord } from './records.ts';
import { RowReader } from './rowReader.ts';
import { sessionRow, unknownSession } from './sessionRow.ts';
import { type RowVersion, relationVersion, type SessionVersion, type Version } from './versions.ts';

/** What one chunk changed in the memories. */
export interface Applied {
  sessions: number;
  memories: number;
  prompts: number;
  relations: number;
  edits: number;
  deletes: number;
}

export const NOTHING_APPLIED: Readonly<Applied> = { sessions: 0, memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0 };

/** What the index keeps of a chunk: one compact holding per identity. */
export function* holdingsOf(chunkId: ChunkId, versions: ChunkVersions): Generator<Holding> {
  for (const { version, inArray } of versions.sessions.values()) {
    yield { chunkId, entity: 'session', key: version.key, inArray, order: '', json: packSession(version) };
  }
  for (const { version, inArray } of [...versions.rows.values(), ...versions.relations.values()]) {
    const json = version.extra.size === 0 ? '' : canonicalJson(version.extra);
    yield { chunkId, entity: version.entity, key: version.key, inArray, order: version.order, json };
  }
}

/**
 * Merges the versions of one chunk into the memories. The chunk's holdings must stand in the index already. Applying a chunk again, or
 * chunks in another order, changes nothing: every row ends as the merge of all versions seen.
 */
export class ChunkApplier {
  readonly #store: MemoryStore;
  readonly #index: FolderIndex;
  readonly #rows: RowReader;
  /** What these hold counts for nothing: a person has undone their import. */
  #undone: ReadonlySet<string> = new Set();

  constructor(store: MemoryStore, index: FolderIndex) {
    this.#store = store;
    this.#index = index;
    this.#rows = new RowReader(store, index);
  }

  async apply(versions: ChunkVersions, turn: Turn): Promise<Applied> {
    const applied: Applied = { ...NOTHING_APPLIED };
    this.#undone = this.#store.undoneChunks();
    for (const { version } of versions.sessions.values()) {
      this.#applySession(version, applied);
      await turn();
    }
    for (const { version } of versions.rows.values()) {
      this.#applyRow(version, applied);
      await turn();
    }
    for (const { version } of versions.relations.values()) {
      this.#applyRelation(version, applied);
      await turn();
    }
    for (const { version } of versions.sessions.values()) {
      this.#hideDeletedSession(version.key);
      await turn();
    }
    return applied;
  }

  /** Writes the deferred relations whose endpoints are known by now. @returns how many. */
  async retryDeferred(turn: Turn): Promise<number> {
    const applied: Applied = { ...NOTHING_APPLIED };
    this.#undone = this.#store.undoneChunks();
    for (const record of this.#index.deferredRelations()) {
      await turn();
      if (!this.#hasEndpoints(record)) continue;
      this.#index.undeferRelation(record.syncId);
      this.#applyRelation(relationVersion(record), applied);
    }
    return applied.relations;
  }

  #applySession(version: SessionVersion, applied: Applied): void {
    const local = this.#rows.session(version.key);
    const merged = this.#mergedSession(version.key, local ? mergeSessions(local, version) : version);
    if (merged.deletedAt !== '' && !local) return;
    if (local && sameSession({ ...merged, deletedAt: '' }, { ...local, deletedAt: '' })) return;
    this.#writeSession(merged, '');
    // A placeholder was made for the rows of a session; the session itself comes now.
    if (!local || isUnknownSession(local)) applied.sessions += 1;
    else applied.edits += 1;
  }

  /** What every chunk that was read knows of a session, united with `version`. */
  #mergedSession(key: string, version: SessionVersion): SessionVersion {
    return this.#holdings('session', key).reduce((merged, holding) => mergeSessions(merged, unpackSession(holding.json)), version);
  }

  #writeSession(session: SessionVersion, fallbackProject: string): void {
    this.#store.writeSession(sessionRow(session, fallbackProject));
    this.#keepExtra(session);
  }

  /** A row must have its session (foreign key): the one that chunks hold, else a placeholder. */
  #ensureSession(id: string, project: string): void {
    if (this.#store.session(id)) return;
    this.#writeSession(this.#mergedSession(id, unknownSession(id)), project);
  }

  #hideDeletedSession(id: string): void {
    const deleted = this.#holdings('session', id).some((holding) => unpackSession(holding.json).deletedAt !== '');
    if (deleted && this.#store.session(id) && !this.#store.sessionHasRows(id)) this.#store.removeSession(id);
  }

  #applyRow(version: RowVersion, applied: Applied): void {
    const local = this.#rows.row(version.entity, version.key);
    const merged = local ? mergeRows(local, version) : version;
    if (local && merged === local) return;
    if (!local && this.#isBeaten(version)) {
      this.#writeHidden(version);
      return;
    }
    if (local && merged.order === local.order) this.#keepExtra(merged);
    else if (merged.record === undefined) this.#applyDeletion(merged, local !== undefined, applied);
    else this.#applyLive(merged, local !== undefined, applied);
  }

  #applyLive(version: RowVersion, isEdit: boolean, applied: Applied): void {
    this.#write(version);
    if (isEdit) applied.edits += 1;
    else if (version.entity === 'prompt') applied.prompts += 1;
    else applied.memories += 1;
  }

  /** The deletion of an observation that was never here needs no row: the index holds it, and beats older versions that come later. */
  #applyDeletion(version: RowVersion, isHere: boolean, applied: Applied): void {
    if (isHere || version.entity === 'prompt') this.#hide(version);
    if (isHere) applied.deletes += 1;
  }

  /**
   * A memory whose deletion came first: a relation of it finds it all the same, and the rows are those of any other order. One that another
   * chunk has a later live version of comes with that chunk.
   */
  #writeHidden(version: RowVersion): void {
    if (version.entity !== 'observation' || version.record === undefined) return;
    const deletedAt = latestDeletion(this.#holdings(version.entity, version.key));
    if (deletedAt === undefined) return;
    this.#write(version);
    this.#hide({ ...version, deletedAt });
  }

  /** Whether another chunk holds a later version of a row that the memories do not have, such as its deletion. */
  #isBeaten(version: RowVersion): boolean {
    return this.#holdings(version.entity, version.key).some((holding) => holding.order > version.order);
  }

  #holdings(entity: Entity, key: string): readonly Holding[] {
    return this.#index.holdings(entity, key).filter(({ chunkId }) => !this.#undone.has(chunkId));
  }

  #hide(version: RowVersion): void {
    if (version.entity === 'prompt') {
      const { key: syncId, sessionId, project, deletedAt } = version;
      this.#store.writePromptTombstone({ syncId, sessionId, project, deletedAt });
      return;
    }
    const row = this.#store.observation(version.key);
    if (row) this.#store.writeObservation({ ...row, deletedAt: version.deletedAt });
  }

  #write(version: RowVersion): void {
    this.#ensureSession(version.sessionId, version.project);
    if (version.entity === 'prompt') this.#store.writePrompt(version.record as PromptRecord);
    else this.#store.writeObservation(version.record as ObservationRecord);
    this.#keepExtra(version);
  }

  #applyRelation(version: RowVersion, applied: Applied): void {
    const local = this.#rows.row('relation', version.key);
    const merged = local ? mergeRows(local, version) : version;
    if ((local && merged === local) || (!local && this.#isBeaten(version))) return;
    if (merged.record === undefined) {
      this.#index.undeferRelation(version.key);
      if (!local) return;
      this.#store.removeRelation(version.key);
      applied.deletes += 1;
      return;
    }
    const record = merged.record as RelationRecord;
    if (!this.#hasEndpoints(record)) {
      // The earlier version goes: had this one come first, it would never have been written.
      if (local) this.#store.removeRelation(version.key);
      this.#index.deferRelation({ ...record, extra: merged.extra });
      return;
    }
    this.#store.writeRelation(record);
    this.#keepExtra(merged);
    if (local) applied.edits += 1;
    else applied.relations += 1;
  }

  #hasEndpoints(relation: RelationRecord): boolean {
    return this.#store.observation(relation.sourceId) !== undefined && this.#store.observation(relation.targetId) !== undefined;
  }

  #keepExtra(version: Version): void {
    const json = version.extra.size === 0 ? undefined : canonicalJson(version.extra);
    if (json !== undefined || this.#index.extra(version.entity, version.key) !== undefined) {
      this.#index.setExtra(version.entity, version.key, json);
    }
  }
}
