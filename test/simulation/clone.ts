import type { ChunkId } from '../../src/engine/manifest.ts';
import type { FolderHistory, FolderTransport, Git } from '../../src/engine/ports.ts';

/** A manifest that git could not merge, as a person finds it. Absent sides: there the file does not exist. */
export interface Conflict {
  readonly base: string | undefined;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

/** What a person makes of a conflict; the work tree holds git's markers meanwhile. The text that is there when it is done is committed. */
export type Resolver = (conflict: Conflict) => Promise<void>;

/** What goes into a commit: all of `.engram`, or what a hasty person added. */
export type Selection = 'all' | 'manifest' | 'chunks';

/** One person's clone, its work tree and its branches; over a model of git or the real one. A branch name is short, a remote one `origin/x`. */
export interface Clone {
  readonly transport: FolderTransport;
  /** Git as the engine asks it. */
  readonly git: Git;
  readonly history: FolderHistory;
  head(): string;
  branches(): readonly string[];
  remoteBranches(): readonly string[];
  isDirty(): boolean;
  /** Commits what changed; nothing where nothing did. */
  commit(selection: Selection): void;
  fetch(): void;
  /** @returns whether the remote took it. */
  push(): boolean;
  merge(ref: string, resolve: Resolver): Promise<void>;
  rebase(ref: string, resolve: Resolver): Promise<void>;
  /** Makes the merge commit with our tree alone (`git merge -s ours`). */
  mergeDroppingTheirs(ref: string): void;
  createBranch(name: string): void;
  /** The work tree must be clean. Makes a local branch of a remote one where needed. */
  switchTo(name: string): void;
  /** Here and at the remote, merged or not. */
  deleteBranch(name: string): void;
  /** `git reset --hard` and `git clean -fd`: databases are ignored files and stay. */
  discard(): void;
  /** `git checkout -- manifest.json`. */
  restoreManifest(): void;
  manifestText(): string | undefined;
  /** A person's own edit. */
  writeManifestText(text: string): void;
  /** A file that another program writes. */
  putChunk(id: ChunkId, json: Uint8Array): Promise<void>;
  chunkFiles(): readonly ChunkId[];
}
