import type { ChunkVersions } from './chunkVersions.ts';
import { FolderRights } from './folderRights.ts';
import { canonicalJson } from './goJson.ts';
import { type Entity, type Holding, latestDeletion } from './held.ts';
import { isDerived } from './identity.ts';
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
  /** Changes of other projects' rows, which wait for a person. */
  heldBack: number;
}

export const NOTHING_APPLIED: Readonly<Applied> = { sessions: 0, memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0, heldBack: 0 };

export interface ChunkOrigin {
  readonly chunkId: ChunkId;
  /** It has been merged into these memories before, by whomever. */
  readonly wasHere: boolean;
  /** For chunks of the folder, of which it is recorded whose they are: now, and whether nobody has merged it, or begun to. */
  readonly record?: { readonly at: string; readonly isNew: boolean } | undefined;
}

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
  readonly #rights: FolderRights;
  /** What these hold counts for nothing: a person has undone their import. */
  #undone: ReadonlySet<string> = new Set();
  #chunkId: ChunkId | undefined;
  /** A folder of this project has merged it into these memories before. */
  #wasHere = false;

  /** @param rights absent: the memories are the folder's alone */
  constructor(store: MemoryStore, index: FolderIndex, rights = new FolderRights(store, index, undefined)) {
    this.#store = store;
    this.#index = index;
    this.#rows = new RowReader(store, index);
    this.#rights = rights;
  }

  /** @param from the chunk, where it is one of the folder's */
  async apply(versions: ChunkVersions, turn: Turn, from?: ChunkOrigin): Promise<Applied> {
    const applied: Applied = { ...NOTHING_APPLIED };
    this.#undone = this.#store.undoneChunks();
    this.#chunkId = from?.chunkId;
    this.#wasHere = from?.wasHere === true && this.#rights.hasBrought(from.chunkId);
    // What is here as the chunk has it came by it, or left in it. First of all, because its other rows may change these.
    if (this.#wasHere) this.#claim(versions);
    if (from?.record) this.#rights.brings(from.chunkId, from.record.at, !from.record.isNew || (await this.#isAllOurs(versions, turn)));
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

  /** False for a chunk with rows that are another project's here: once the index is lost nobody could tell them from those that it brings. */
  async #isAllOurs(versions: ChunkVersions, turn: Turn): Promise<boolean> {
    if (!this.#rights.areBounded) return true;
    for (const { version, inArray } of [...versions.sessions.values(), ...versions.rows.values(), ...versions.relations.values()]) {
      if (inArray && !this.#rights.owns(version.entity, version.key) && this.#rights.isHere(version.entity, version.key)) return false;
      await turn();
    }
    return true;
  }

  #claim(versions: ChunkVersions): void {
    for (const { version } of versions.sessions.values()) {
      const here = this.#rows.session(version.key);
      const isSame = here?.startedAt === version.startedAt && here.project === version.project;
      if (isSame) this.#rights.cameByChunk('session', version.key);
    }
    for (const { version, inArray } of [...versions.rows.values(), ...versions.relations.values()]) {
      const isHere = inArray && this.#rows.row(version.entity, version.key)?.order === version.order;
      if (isHere) this.#rights.cameByChunk(version.entity, version.key);
    }
  }

  /** Whether the folder may do this to a row that is here; a change that it may not do is counted. */
  #mayChange(version: Version, applied: Applied): boolean {
    if (this.#chunkId === undefined || this.#rights.mayChange(this.#chunkId, version.entity, version.key)) return true;
    applied.heldBack += 1;
    return false;
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
    if (local && !isUnknownSession(local) && !this.#mayChange(version, applied)) return;
    this.#writeSession(merged, '');
    if (!local || isUnknownSession(local)) this.#rights.cameByChunk('session', version.key);
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
    if (!deleted || !this.#store.session(id) || this.#store.sessionHasRows(id)) return;
    const isAllowed = this.#chunkId === undefined || this.#rights.mayChange(this.#chunkId, 'session', id);
    if (isAllowed) this.#store.removeSession(id);
  }

  #applyRow(version: RowVersion, applied: Applied): void {
    const local = this.#rows.row(version.entity, version.key) ?? this.#namedTwin(version);
    const merged = local ? mergeRows(local, version) : version;
    if (local && merged === local) return;
    if (!local && this.#isBeaten(version)) {
      this.#writeHidden(version);
      return;
    }
    // A recorded deletion is known without being here.
    const isHere = local !== undefined && this.#isHere(version);
    const isTaken = isHere || (local !== undefined && this.#rights.isDeletedElsewhere(version.entity, version.key));
    if (isTaken && !this.#mayChange(version, applied)) return;
    if (local && merged.order === local.order) this.#keepExtra(merged);
    else if (merged.record === undefined)
      this.#applyDeletion(merged, isHere || (local !== undefined && version.entity === 'prompt'), applied);
    else this.#applyLive(merged, { isHere, isEdit: local !== undefined }, applied);
  }

  #isHere({ entity, key }: RowVersion): boolean {
    if (entity === 'prompt') return this.#store.prompt(key) !== undefined;
    return entity === 'observation' ? this.#store.observation(key) !== undefined : this.#store.relation(key) !== undefined;
  }

  /** A row of these memories that has everything of a record without an id, and a random id from an older program: from now on the derived one. */
  #namedTwin({ entity, key, sessionId }: RowVersion): RowVersion | undefined {
    if (entity === 'relation' || !isDerived(key)) return undefined;
    const twin = this.#store.twinOfDerived(entity, key, sessionId);
    if (twin === undefined || this.#index.holdings(entity, twin).length > 0) return undefined;
    // A chunk that nobody has imported yet cannot have brought it: it only knows what stands in it.
    if (!this.#wasHere && !this.#rights.owns(entity, twin)) return undefined;
    this.#store.renameRow(entity, twin, key);
    this.#rights.cameByChunk(entity, key);
    return this.#rows.row(entity, key);
  }

  #applyLive(version: RowVersion, { isHere, isEdit }: { isHere: boolean; isEdit: boolean }, applied: Applied): void {
    if (!isHere) this.#rights.cameByChunk(version.entity, version.key);
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
    if (local && !this.#mayChange(version, applied)) return;
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
    if (!local) this.#rights.cameByChunk('relation', version.key);
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
