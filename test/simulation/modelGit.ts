import type { ChunkId } from '../../src/engine/manifest.ts';
import type { FolderHistory, Git, GitFolderStatus } from '../../src/engine/ports.ts';
import type { Conflict } from './clone.ts';
import { type Commit, history } from './gitModel.ts';

/** Git as the engine asks it, over the model. */
export class ModelGit implements Git {
  readonly workTree = '/';
  readonly chunksOnBranches: Git['chunksOnBranches'];
  readonly folderStatus: Git['folderStatus'];

  constructor(onBranches: (ids: readonly ChunkId[]) => Set<ChunkId>, status: () => GitFolderStatus) {
    this.chunksOnBranches = async (ids) => onBranches(ids);
    this.folderStatus = async () => status();
  }

  async otherBranchHasFolder(): Promise<boolean> {
    return false;
  }

  async userName(): Promise<string> {
    return '';
  }

  async originUrl(): Promise<string> {
    return '';
  }
}

/** What a clone's commits remember. */
export class ModelHistory implements FolderHistory {
  readonly #tips: () => readonly Commit[];
  readonly #head: () => Commit;
  /** The sides of the conflict that is open. */
  readonly #conflict: () => Conflict | undefined;

  constructor(of: { tips: () => readonly Commit[]; head: () => Commit; conflict: () => Conflict | undefined }) {
    this.#tips = of.tips;
    this.#head = of.head;
    this.#conflict = of.conflict;
  }

  async unmergedManifests(): Promise<readonly Uint8Array[]> {
    const { base, ours, theirs } = this.#conflict() ?? { base: undefined, ours: undefined, theirs: undefined };
    return [base, ours, theirs].filter((text) => text !== undefined).map((text) => new TextEncoder().encode(text));
  }

  async committedManifest(): Promise<Uint8Array | undefined> {
    const { manifest } = this.#head().tree;
    return manifest === undefined ? undefined : new TextEncoder().encode(manifest);
  }

  async *manifestVersions(): AsyncIterable<Uint8Array> {
    const texts = new Set(this.#commits().map(({ tree }) => tree.manifest));
    for (const text of texts) if (text !== undefined) yield new TextEncoder().encode(text);
  }

  /** A chunk has one version only, so its name is enough. */
  async chunkVersions(ids: readonly ChunkId[]): Promise<ReadonlyMap<ChunkId, readonly string[]>> {
    const commits = this.#commits();
    return new Map(ids.filter((id) => commits.some(({ tree }) => tree.chunks.has(id))).map((id) => [id, [id]]));
  }

  async readVersion(oid: string): Promise<Uint8Array | undefined> {
    const id = oid as ChunkId;
    return this.#commits()
      .find(({ tree }) => tree.chunks.has(id))
      ?.tree.chunks.get(id);
  }

  async isBusy(): Promise<boolean> {
    return this.#conflict() !== undefined;
  }

  /** Newest first. */
  #commits(): Commit[] {
    const all = new Set(this.#tips().flatMap((tip) => [...history(tip)]));
    return [...all].sort((a, b) => b.number - a.number);
  }
}
