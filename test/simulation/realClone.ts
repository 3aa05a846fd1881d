import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileTransport } from '../../src/adapters/chunkFolder.ts';
import { GitCommand } from '../../src/adapters/git.ts';
import { findGit } from '../../src/adapters/gitProcess.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import { type ChunkId, toChunkId } from '../../src/engine/manifest.ts';
import type { FolderHistory, FolderTransport, Git } from '../../src/engine/ports.ts';
import type { Clone, Resolver, Selection } from './clone.ts';
import type { Hosting } from './team.ts';

const MANIFEST = '.engram/manifest.json';

/** A remote and clones on disk, with the real git and none of the person's configuration. */
export function realHosting(now: () => number): Hosting {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'engram-simulation-'));
  const remote = join(folder, 'remote.git');
  const seed = new Repository(folder, now);
  seed.run('init', '-q', '--bare', '--initial-branch=main', remote);
  seed.run('clone', '-q', remote, 'first');
  const first = new Repository(join(folder, 'first'), now);
  first.run('commit', '-q', '--allow-empty', '-m', 'First');
  first.run('push', '-q', 'origin', 'HEAD:main');
  return {
    clone: (name, clock) => {
      seed.run('clone', '-q', remote, name);
      return new RealClone(new Repository(join(folder, name), clock), clock);
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs git in one folder at one member's time. */
class Repository {
  readonly path: string;
  readonly #now: () => number;

  constructor(path: string, now: () => number) {
    this.path = path;
    this.#now = now;
  }

  run(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.path, env: this.#environment(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** @returns whether it succeeded. */
  tries(...args: string[]): boolean {
    return spawnSync('git', args, { cwd: this.path, env: this.#environment(), stdio: 'ignore' }).status === 0;
  }

  lines(...args: string[]): string[] {
    return this.run(...args)
      .split('\n')
      .filter((line) => line !== '');
  }

  #environment(): NodeJS.ProcessEnv {
    const date = `@${Math.floor(this.#now() / 1000)} +0000`;
    const dates = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const name = {
      GIT_AUTHOR_NAME: 'Test',
      GIT_COMMITTER_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.com',
      GIT_COMMITTER_EMAIL: 'test@example.com',
    };
    return { ...process.env, ...dates, ...name, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_EDITOR: 'true' };
  }
}

/** A clone on disk. */
class RealClone implements Clone {
  readonly transport: FolderTransport;
  readonly git: Git;
  readonly history: FolderHistory;
  readonly #repository: Repository;

  constructor(repository: Repository, now: () => number) {
    this.#repository = repository;
    this.transport = new FileTransport(join(repository.path, '.engram'), { limits: DEFAULT_LIMITS, guard: () => undefined });
    const git = new GitCommand({ gitPath: findGit(), workTree: repository.path, folder: '.engram' }, now);
    this.git = git;
    this.history = git.history;
  }

  head(): string {
    return readFileSync(this.#path('.git/HEAD'), 'utf8').trim().replace('ref: refs/heads/', '');
  }

  branches(): readonly string[] {
    return this.#repository.lines('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads');
  }

  remoteBranches(): readonly string[] {
    return this.#repository.lines('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/remotes').filter((name) => name !== 'origin/HEAD');
  }

  isDirty(): boolean {
    return this.#repository.run('status', '--porcelain') !== '';
  }

  commit(selection: Selection): void {
    const paths = { all: ['.'], manifest: [MANIFEST], chunks: ['.engram/chunks'] }[selection];
    if (!this.#repository.tries('add', '-A', '--', ...paths)) return;
    if (!this.#repository.tries('diff', '--cached', '--quiet')) this.#repository.run('commit', '-q', '-m', selection);
  }

  fetch(): void {
    this.#repository.run('fetch', '-q', '--prune');
  }

  push(): boolean {
    return this.#repository.tries('push', '-q', 'origin', 'HEAD');
  }

  async merge(ref: string, resolve: Resolver): Promise<void> {
    if (this.#repository.tries('merge', '-q', '--no-edit', ref)) return;
    await this.#resolve(resolve);
    this.#repository.run('commit', '-q', '--no-edit');
  }

  async rebase(ref: string, resolve: Resolver): Promise<void> {
    let isDone = this.#repository.tries('rebase', '-q', ref);
    while (!isDone) {
      await this.#resolve(resolve);
      const isEmpty = this.#repository.tries('diff', '--cached', '--quiet');
      isDone = this.#repository.tries('rebase', isEmpty ? '--skip' : '--continue');
    }
  }

  mergeDroppingTheirs(ref: string): void {
    this.#repository.run('merge', '-q', '--no-edit', '-s', 'ours', ref);
  }

  createBranch(name: string): void {
    this.#repository.run('checkout', '-q', '-b', name);
  }

  switchTo(name: string): void {
    if (this.branches().includes(name)) this.#repository.run('checkout', '-q', name);
    else this.#repository.run('checkout', '-q', '--no-track', '-b', name, `origin/${name}`);
  }

  deleteBranch(name: string): void {
    this.#repository.tries('branch', '-q', '-D', name);
    this.#repository.tries('push', '-q', 'origin', '--delete', name);
    this.#repository.tries('update-ref', '-d', `refs/remotes/origin/${name}`);
  }

  discard(): void {
    this.#repository.run('reset', '-q', '--hard');
    this.#repository.run('clean', '-fdq');
  }

  restoreManifest(): void {
    if (!this.#repository.tries('checkout', '-q', 'HEAD', '--', MANIFEST)) rmSync(this.#path(MANIFEST), { force: true });
  }

  manifestText(): string | undefined {
    return existsSync(this.#path(MANIFEST)) ? readFileSync(this.#path(MANIFEST), 'utf8') : undefined;
  }

  writeManifestText(text: string): void {
    mkdirSync(this.#path('.engram'), { recursive: true });
    writeFileSync(this.#path(MANIFEST), text);
  }

  async putChunk(id: ChunkId, json: Uint8Array): Promise<void> {
    await this.transport.writeChunk(id, json, { id, createdBy: '', createdAt: '', sessions: 0, memories: 0, prompts: 0 });
  }

  chunkFiles(): readonly ChunkId[] {
    const folder = this.#path('.engram/chunks');
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz')) : [];
    return names.map((name) => toChunkId(name.slice(0, -'.jsonl.gz'.length)));
  }

  /** Only the manifest can conflict: a chunk of one name has one content. */
  async #resolve(resolve: Resolver): Promise<void> {
    const unmerged = this.#repository.lines('diff', '--name-only', '--diff-filter=U');
    if (unmerged.join() !== MANIFEST) throw new Error(`git stopped for another reason: ${this.#repository.run('status')}`);
    await resolve({ base: this.#stage(1), ours: this.#stage(2), theirs: this.#stage(3) });
    this.#repository.run('add', '-A');
  }

  #stage(stage: number): string | undefined {
    const path = `:${stage}:${MANIFEST}`;
    return this.#repository.tries('cat-file', '-e', path) ? this.#repository.run('cat-file', 'blob', path) : undefined;
  }

  #path(name: string): string {
    return join(this.#repository.path, name);
  }
}
