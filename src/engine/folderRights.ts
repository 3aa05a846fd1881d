import { normalizeProject } from './goText.ts';
import type { Entity } from './held.ts';
import type { ChunkId } from './manifest.ts';
import type { FolderIndex, MemoryStore } from './ports.ts';

/**
 * What the chunks of one folder may do in memories that several projects share: add rows, and change or delete those of the folder's own
 * project and those that came by its chunks or left in them. One hostile `delete` must not reach the memories of another project.
 */
export class FolderRights {
  readonly #store: MemoryStore;
  readonly #index: FolderIndex;
  /** `undefined`: the memories are the folder's alone. */
  readonly #project: string | undefined;

  constructor(store: MemoryStore, index: FolderIndex, project: string | undefined) {
    this.#store = store;
    this.#index = index;
    this.#project = project === undefined ? undefined : normalizeProject(project).normalized;
  }

  /** False: the memories are the folder's alone. */
  get areBounded(): boolean {
    return this.#project !== undefined;
  }

  /** Whether the folder may change a row that is here. */
  owns(entity: Entity, key: string): boolean {
    if (this.#project === undefined || this.#index.isOfFolder(entity, key)) return true;
    return (this.#projectOf(entity, key) ?? this.#deletedIn(entity, key)) === this.#project;
  }

  /** @returns false: the change was written down as held back */
  mayChange(chunkId: ChunkId, entity: Entity, key: string): boolean {
    if (this.owns(entity, key)) return true;
    this.#index.holdBack({ chunkId, entity, key });
    return false;
  }

  /** Of a row that is not here: whether it was another project's, and is recorded as deleted. Nothing may take its place, or its team never hears of it. */
  isDeletedElsewhere(entity: Entity, key: string): boolean {
    return (this.#deletedIn(entity, key) ?? '') !== '' && !this.owns(entity, key);
  }

  /**
   * Whether what is recorded of a chunk was this project's work. It may be a copy of one that another project's folder brought, whose rows are
   * not this one's. Only an older program leaves open whose it was; then it is this one's.
   */
  hasBrought(chunkId: ChunkId): boolean {
    if (this.#project === undefined) return true;
    const project = this.#store.projectOfChunk(chunkId);
    return project === undefined || project === this.#project;
  }

  /**
   * Says, in the transaction of its rows, that the folder brings a chunk. The first word stands.
   *
   * @param isAllOurs false: rows of other projects that were here are in it, and cannot be told from those that it brings once the index is lost
   */
  brings(chunkId: ChunkId, at: string, isAllOurs = true): void {
    if (this.#project === undefined || this.#store.projectOfChunk(chunkId) !== undefined) return;
    this.#store.recordChunkOf(isAllOurs ? this.#project : '', chunkId, at);
  }

  isHere(entity: Entity, key: string): boolean {
    return this.#projectOf(entity, key) !== undefined;
  }

  /** A row came by a chunk of this folder. */
  cameByChunk(entity: Entity, key: string): void {
    if (this.#project !== undefined) this.#index.addOfFolder(entity, key);
  }

  /** `undefined` where there is no such row: what is not here is nobody's. */
  #projectOf(entity: Entity, key: string): string | undefined {
    if (entity === 'session') {
      const session = this.#store.session(key);
      return session && this.#normalized(session.project);
    }
    if (entity === 'relation') return this.#projectOf('observation', this.#store.relation(key)?.sourceId ?? '');
    const row = entity === 'observation' ? this.#store.observation(key) : this.#store.prompt(key);
    return row && this.#normalized(row.project || this.#store.session(row.sessionId)?.project);
  }

  #deletedIn(entity: Entity, key: string): string | undefined {
    if (entity === 'observation') return this.#normalized(this.#store.journal.hardDelete(key)?.project);
    return entity === 'prompt' ? this.#normalized(this.#store.promptTombstone(key)?.project) : undefined;
  }

  #normalized(project: string | undefined): string {
    return normalizeProject(project ?? '').normalized;
  }
}
