import type { ChunkId } from '../../src/engine/manifest.ts';
import { mergeText } from './mergeText.ts';

/** `.engram` at one commit. Chunks are unpacked bytes; a chunk never changes. */
export interface Tree {
  readonly manifest: string | undefined;
  readonly chunks: ReadonlyMap<ChunkId, Uint8Array>;
}

export interface Commit {
  readonly number: number;
  readonly parents: readonly Commit[];
  readonly tree: Tree;
  /** Milliseconds since 1970, by the committer's clock. */
  readonly time: number;
}

export const EMPTY_TREE: Tree = { manifest: undefined, chunks: new Map() };

/** What all clones push to. */
export class ModelRemote {
  readonly branches = new Map<string, Commit>();
  #count = 0;

  constructor(time: number) {
    this.branches.set('main', this.commit([], EMPTY_TREE, time));
  }

  commit(parents: readonly Commit[], tree: Tree, time: number): Commit {
    this.#count += 1;
    return { number: this.#count, parents, tree, time };
  }
}

export function sameTree(a: Tree, b: Tree): boolean {
  return a.manifest === b.manifest && a.chunks.size === b.chunks.size && [...a.chunks.keys()].every((id) => b.chunks.has(id));
}

/** The commit and all before it. */
export function history(tip: Commit): Set<Commit> {
  const seen = new Set([tip]);
  for (const commit of seen) for (const parent of commit.parents) seen.add(parent);
  return seen;
}

/** The newest commit that both have; of several best ones the newest, where git would merge them first. */
export function mergeBase(a: Commit, b: Commit): Commit | undefined {
  const mine = history(a);
  return [...history(b)].filter((commit) => mine.has(commit)).sort((x, y) => y.number - x.number)[0];
}

/** The commits of `tip` that `onto` has not, merges left out, oldest first: what a rebase replays. */
export function commitsToReplay(tip: Commit, onto: Commit): Commit[] {
  const there = history(onto);
  return [...history(tip)].filter((commit) => !there.has(commit) && commit.parents.length === 1).sort((a, b) => a.number - b.number);
}

export interface MergedTree {
  readonly tree: Tree;
  readonly conflicted: boolean;
}

/** Three-way merge of whole trees: chunk files by presence, the manifest by lines. */
export function mergeTrees(base: Tree, ours: Tree, theirs: Tree, theirName: string): MergedTree {
  const chunks = new Map<ChunkId, Uint8Array>();
  for (const [id, bytes] of [...ours.chunks, ...theirs.chunks]) {
    const isDeleted = base.chunks.has(id) && !(ours.chunks.has(id) && theirs.chunks.has(id));
    if (!isDeleted) chunks.set(id, bytes);
  }
  const { manifest, conflicted } = mergeManifest(base.manifest, ours.manifest, theirs.manifest, theirName);
  return { tree: { manifest, chunks }, conflicted };
}

function mergeManifest(
  base: string | undefined,
  ours: string | undefined,
  theirs: string | undefined,
  theirName: string,
): { manifest: string | undefined; conflicted: boolean } {
  if (ours === theirs || theirs === base) return { manifest: ours, conflicted: false };
  if (ours === base) return { manifest: theirs, conflicted: false };
  if (ours === undefined || theirs === undefined) return { manifest: ours ?? theirs, conflicted: true };
  const { text, conflicted } = mergeText(base ?? '', ours, theirs, theirName);
  return { manifest: text, conflicted };
}
