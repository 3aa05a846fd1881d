import { basename, dirname, join, resolve } from 'node:path';
import { EngramError } from '../engine/errors.ts';
import type { FolderLimits } from '../engine/folderRequests.ts';
import type { ChunkId } from '../engine/manifest.ts';
import type { Git, GitFolderStatus } from '../engine/ports.ts';
import { BRANCH_FORMAT, type Branch, type ObjectInfo, parseBatchCheck, parseBranches, treeNames } from './gitBranches.ts';
import { GitHistory, type GitPlace } from './gitHistory.ts';
import { GIT_OUTPUT_LIMIT, type GitRun, runGit } from './gitProcess.ts';
import { parseStatus } from './gitStatus.ts';
import { GitTree } from './gitTree.ts';

const BRANCH_LIFE_SECONDS = 30 * 24 * 60 * 60;
/** Enough for every repository that people work in; what lies beyond is the oldest. */
const MAX_BRANCHES = 2000;
/** At most what `cat-file --batch` writes around one tree: object id, type, size. */
const HEADER_BYTES = 100;
const DATABASE = /^(engram|index)\.db[^/]*$/;

/**
 * Finds the work tree that a folder belongs to.
 *
 * @param root absolute path of `.engram`, which need not exist; the folder around it must.
 * @param gitPath absolute path of git, `''`: there is none.
 * @returns `undefined` where there is no git, no repository or no work tree, or where git refuses the repository.
 */
export async function openGit(root: string, gitPath: string): Promise<GitCommand | undefined> {
  if (gitPath === '') return undefined;
  try {
    const { output } = await runGit(gitPath, dirname(root), ['rev-parse', '--show-toplevel', '--show-prefix']);
    const [workTree = '', prefix = ''] = output.toString('utf8').split('\n');
    return workTree === '' ? undefined : new GitCommand({ gitPath, workTree, folder: `${prefix}${basename(root)}` });
  } catch (error) {
    if (EngramError.is(error, 'git-failed')) return undefined;
    throw error;
  }
}

/** The git executable, asked about one `.engram` folder. Only {@link Git}'s questions; nothing here changes a repository. */
export class GitCommand implements Git {
  readonly #place: GitPlace;
  /** What the repository remembers of the folder's files. */
  readonly history: GitHistory;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(place: GitPlace, now: () => number = Date.now) {
    this.#place = place;
    this.#now = now;
    this.history = new GitHistory(place);
  }

  get place(): GitPlace {
    return this.#place;
  }

  get workTree(): string {
    return this.#place.workTree;
  }

  /** Path of `.engram` in the work tree, with `/`. */
  get folder(): string {
    return this.#place.folder;
  }

  async folderStatus(): Promise<GitFolderStatus> {
    const folder = this.#place.folder;
    const status = ['status', '--porcelain=v2', '-z', '--branch', '--untracked-files=all', '--ignore-submodules=all', '--', folder];
    const [porcelain, tracked, ignored] = await Promise.all([this.#text(status), this.#trackedNames(), this.#isIgnored()]);
    return { ...parseStatus(porcelain, folder), ignored, trackedDatabases: tracked.filter((name) => DATABASE.test(name)) };
  }

  async chunksOnBranches(ids: readonly ChunkId[]): Promise<ReadonlySet<ChunkId>> {
    if (ids.length === 0) return new Set();
    const oldest = this.#now() / 1000 - BRANCH_LIFE_SECONDS;
    const branches = (await this.#otherBranches()).filter((branch) => branch.isDefault || branch.committedAt >= oldest);
    const trees = await this.#chunkTrees(branches);
    const { output } = await this.#run(['cat-file', '--batch'], { input: lines(trees) });
    const names = new Set(treeNames(output));
    return new Set(ids.filter((id) => names.has(`${id}.jsonl.gz`)));
  }

  async otherBranchHasFolder(): Promise<boolean> {
    const branches = await this.#otherBranches();
    const wanted = branches.flatMap(({ commit }) => [
      `${commit}:${this.#place.folder}/manifest.json`,
      `${commit}:${this.#place.folder}/chunks`,
    ]);
    return (await this.#look(wanted)).some((found) => found !== undefined);
  }

  async userName(): Promise<string> {
    return (await this.#text(['config', '--get', 'user.name'], { answers: [1] })).trim();
  }

  async originUrl(): Promise<string> {
    // 2: there is no such remote; 128: the same in older versions of git.
    return (await this.#text(['remote', 'get-url', 'origin'], { answers: [2, 128] })).trim();
  }

  /** The folder as the commit that is checked out has it; `undefined` where there is no commit yet. @throws {EngramError} git-failed */
  async committedTree(limits: FolderLimits): Promise<GitTree | undefined> {
    return this.#tree('HEAD', limits);
  }

  /**
   * The folder as the remote branch has it that this branch follows, as of the last fetch; `undefined` where it follows none.
   * @throws {EngramError} git-failed
   */
  async upstreamTree(limits: FolderLimits): Promise<GitTree | undefined> {
    return this.#tree('@{upstream}', limits);
  }

  async #tree(revision: string, limits: FolderLimits): Promise<GitTree | undefined> {
    // 1 and 128: there is no such commit, no branch, or none that it follows.
    const commit = (await this.#text(['rev-parse', '--verify', '--quiet', `${revision}^{commit}`], { answers: [1, 128] })).trim();
    if (!/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
    const { folder, workTree } = this.#place;
    return GitTree.open((args, run) => this.#run(args, run), { commit, folder, workFolder: join(workTree, folder), limits });
  }

  /** Whether a checkout or a commit changes the bytes of chunk files. Source: `gitattributes(5)`: `eol` alone means `text`, too. */
  async changesChunks(): Promise<boolean> {
    const output = await this.#text(['check-attr', '-z', 'text', 'eol', '--', `${this.#place.folder}/chunks/00000000.jsonl.gz`]);
    const [, , text, , , eol] = output.split('\0');
    return text === 'set' || text === 'input' || (text === 'unspecified' && (eol === 'lf' || eol === 'crlf'));
  }

  /** Whether git tracks a file of the folder. @param name relative to `.engram` */
  async tracks(name: string): Promise<boolean> {
    return (await this.#text(['ls-files', '-z', '--', `${this.#place.folder}/${name}`])) !== '';
  }

  /** Absolute path of the repository's own exclude file; linked work trees share one. */
  async excludeFile(): Promise<string> {
    const text = await this.#text(['rev-parse', '--git-path', 'info/exclude']);
    return resolve(this.#place.workTree, text.replace(/\r?\n$/, ''));
  }

  async #trackedNames(): Promise<string[]> {
    const output = await this.#text(['ls-files', '-z', '--', this.#place.folder]);
    return output.split('\0').map((path) => path.slice(this.#place.folder.length + 1));
  }

  /** A new chunk or manifest is asked about, because our own databases are ignored by our own rules. 0: some are ignored; 1: none is. */
  async #isIgnored(): Promise<boolean> {
    const folder = this.#place.folder;
    const names = [`${folder}/manifest.json`, `${folder}/chunks/00000000.jsonl.gz`];
    const input = names.map((name) => `./${name}\0`).join('');
    const { code } = await this.#run(['check-ignore', '--stdin', '-z'], { input, answers: [1] });
    return code === 0;
  }

  /** Newest first, default branches before all, without the one that is checked out. */
  async #otherBranches(): Promise<Branch[]> {
    const output = await this.#text(['for-each-ref', '--sort=-committerdate', `--format=${BRANCH_FORMAT}`, 'refs/heads', 'refs/remotes']);
    const others = parseBranches(output).filter((branch) => !branch.checkedOut);
    return others.toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault)).slice(0, MAX_BRANCHES);
  }

  /**
   * The `chunks` trees of the branches, each once: most branches share one. Trees are read instead of asking for each chunk, because in a
   * clone without blobs git does not know a file's object although the branch has it.
   */
  async #chunkTrees(branches: readonly Branch[]): Promise<string[]> {
    const found = await this.#look(branches.map(({ commit }) => `${commit}:${this.#place.folder}/chunks`));
    const trees = new Set<string>();
    let room = GIT_OUTPUT_LIMIT;
    for (const tree of found) {
      if (tree?.type !== 'tree' || trees.has(tree.oid)) continue;
      room -= tree.size + HEADER_BYTES;
      if (room > 0) trees.add(tree.oid);
    }
    return [...trees];
  }

  async #look(names: readonly string[]): Promise<(ObjectInfo | undefined)[]> {
    if (this.#place.folder.includes('\n')) throw new EngramError('git-failed', 'The name of the folder has a line break.');
    return parseBatchCheck(await this.#text(['cat-file', '--batch-check'], { input: lines([...new Set(names)]) }));
  }

  async #text(args: readonly string[], run?: GitRun): Promise<string> {
    return (await this.#run(args, run)).output.toString('utf8');
  }

  #run(args: readonly string[], run?: GitRun): Promise<{ code: number; output: Buffer }> {
    return runGit(this.#place.gitPath, this.#place.workTree, args, run);
  }
}

function lines(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join('');
}
