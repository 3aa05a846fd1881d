import type { ChunkId } from '../../src/engine/manifest.ts';
import type { FolderHistory, FolderTransport, Git, GitFolderStatus } from '../../src/engine/ports.ts';
import type { Clone, Conflict, Resolver, Selection } from './clone.ts';
import {
  type Commit,
  commitsToReplay,
  EMPTY_TREE,
  history,
  type MergedTree,
  type ModelRemote,
  mergeBase,
  mergeTrees,
  sameTree,
  type Tree,
} from './gitModel.ts';
import { ModelFolder } from './modelFolder.ts';
import { ModelGit, ModelHistory } from './modelGit.ts';

const BRANCH_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/** A clone in memory. */
export class ModelClone implements Clone {
  readonly transport: FolderTransport;
  readonly git: Git;
  readonly history: FolderHistory;
  readonly #remote: ModelRemote;
  readonly #now: () => number;
  readonly #local = new Map<string, Commit>();
  readonly #tracking = new Map<string, Commit>();
  readonly #folder = new ModelFolder();
  #head = 'main';
  #conflict: Conflict | undefined;

  constructor(remote: ModelRemote, now: () => number) {
    this.#remote = remote;
    this.#now = now;
    this.transport = this.#folder;
    this.git = new ModelGit(
      (ids) => this.#onOtherBranches(ids),
      () => this.#status(),
    );
    this.history = new ModelHistory({
      tips: () => [...this.#local.values(), ...this.#tracking.values()],
      head: () => this.#tip(this.#head),
      conflict: () => this.#conflict,
    });
    this.fetch();
    this.#local.set('main', this.#tip('origin/main'));
    this.#folder.checkOut(EMPTY_TREE, this.#tip('main').tree);
  }

  head(): string {
    return this.#head;
  }

  branches(): readonly string[] {
    return [...this.#local.keys()];
  }

  remoteBranches(): readonly string[] {
    return [...this.#tracking.keys()];
  }

  isDirty(): boolean {
    return !sameTree(this.#folder.tree(), this.#headTree());
  }

  commit(selection: Selection): void {
    const [work, head] = [this.#folder.tree(), this.#headTree()];
    const tree: Tree = {
      manifest: selection === 'chunks' ? head.manifest : work.manifest,
      chunks: selection === 'manifest' ? head.chunks : work.chunks,
    };
    if (!sameTree(tree, head)) this.#commit([this.#tip(this.#head)], tree);
  }

  fetch(): void {
    this.#tracking.clear();
    for (const [name, commit] of this.#remote.branches) this.#tracking.set(`origin/${name}`, commit);
  }

  push(): boolean {
    const there = this.#remote.branches.get(this.#head);
    const mine = this.#tip(this.#head);
    if (there && !history(mine).has(there)) return false;
    this.#remote.branches.set(this.#head, mine);
    this.#tracking.set(`origin/${this.#head}`, mine);
    return true;
  }

  async merge(ref: string, resolve: Resolver): Promise<void> {
    const [mine, other] = [this.#tip(this.#head), this.#tip(ref)];
    if (history(mine).has(other)) return;
    if (history(other).has(mine)) {
      this.#moveTo(other);
      return;
    }
    const base = mergeBase(mine, other)?.tree ?? EMPTY_TREE;
    const tree = await this.#settled(mergeTrees(base, mine.tree, other.tree, ref), { base, ours: mine.tree, theirs: other.tree }, resolve);
    this.#commit([mine, other], tree);
  }

  async rebase(ref: string, resolve: Resolver): Promise<void> {
    const [mine, onto] = [this.#tip(this.#head), this.#tip(ref)];
    if (history(mine).has(onto)) return;
    const replayed = commitsToReplay(mine, onto);
    this.#moveTo(onto);
    for (const commit of replayed) {
      const base = commit.parents[0]?.tree ?? EMPTY_TREE;
      const ours = this.#headTree();
      const merged = mergeTrees(base, ours, commit.tree, `commit ${commit.number}`);
      const tree = await this.#settled(merged, { base, ours, theirs: commit.tree }, resolve);
      if (!sameTree(tree, ours)) this.#commit([this.#tip(this.#head)], tree);
    }
  }

  mergeDroppingTheirs(ref: string): void {
    const [mine, other] = [this.#tip(this.#head), this.#tip(ref)];
    if (!history(mine).has(other)) this.#commit([mine, other], mine.tree);
  }

  createBranch(name: string): void {
    this.#local.set(name, this.#tip(this.#head));
    this.#head = name;
  }

  switchTo(name: string): void {
    const before = this.#headTree();
    if (!this.#local.has(name)) this.#local.set(name, this.#tip(`origin/${name}`));
    this.#head = name;
    this.#folder.checkOut(before, this.#headTree());
  }

  deleteBranch(name: string): void {
    this.#local.delete(name);
    this.#tracking.delete(`origin/${name}`);
    this.#remote.branches.delete(name);
  }

  discard(): void {
    this.#folder.checkOut(this.#folder.tree(), this.#headTree());
  }

  restoreManifest(): void {
    this.#folder.manifest = this.#headTree().manifest;
  }

  manifestText(): string | undefined {
    return this.#folder.manifest;
  }

  writeManifestText(text: string): void {
    this.#folder.manifest = text;
  }

  async putChunk(id: ChunkId, json: Uint8Array): Promise<void> {
    this.#folder.put(id, json);
  }

  chunkFiles(): readonly ChunkId[] {
    return [...this.#folder.tree().chunks.keys()];
  }

  /** Shows a merge in the work tree, lets the person resolve it, and takes what stands there then. */
  async #settled(merged: MergedTree, sides: { base: Tree; ours: Tree; theirs: Tree }, resolve: Resolver): Promise<Tree> {
    this.#folder.checkOut(sides.ours, merged.tree);
    if (!merged.conflicted) return merged.tree;
    this.#conflict = { base: sides.base.manifest, ours: sides.ours.manifest, theirs: sides.theirs.manifest };
    await resolve(this.#conflict);
    this.#conflict = undefined;
    return this.#folder.tree();
  }

  #commit(parents: readonly Commit[], tree: Tree): void {
    this.#local.set(this.#head, this.#remote.commit(parents, tree, this.#now()));
  }

  #moveTo(commit: Commit): void {
    this.#folder.checkOut(this.#headTree(), commit.tree);
    this.#local.set(this.#head, commit);
  }

  #headTree(): Tree {
    return this.#tip(this.#head).tree;
  }

  #tip(ref: string): Commit {
    const commit = this.#local.get(ref) ?? this.#tracking.get(ref);
    if (!commit) throw new Error(`no branch ${ref}`);
    return commit;
  }

  #onOtherBranches(ids: readonly ChunkId[]): Set<ChunkId> {
    const oldest = this.#now() - BRANCH_LIFE_MS;
    const others = [...this.#local, ...this.#tracking].filter(([name, commit]) => {
      return name !== this.#head && (/^(origin\/)?main$/.test(name) || commit.time >= oldest);
    });
    return new Set(ids.filter((id) => others.some(([, { tree }]) => tree.chunks.has(id))));
  }

  #status(): GitFolderStatus {
    const [work, head] = [this.#folder.tree(), this.#headTree()];
    return {
      branch: this.#head,
      ignored: false,
      uncommittedChunks: [...work.chunks.keys()].filter((id) => !head.chunks.has(id)),
      deletedChunks: [...head.chunks.keys()].filter((id) => !work.chunks.has(id)),
      manifestUncommitted: work.manifest !== head.manifest,
      manifestUnmerged: this.#conflict !== undefined,
      trackedDatabases: [],
    };
  }
}
