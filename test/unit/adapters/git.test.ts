import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type GitCommand, openGit } from '../../../src/adapters/git.ts';
import { findGit, runGit } from '../../../src/adapters/gitProcess.ts';
import type { ChunkId } from '../../../src/engine/manifest.ts';
import { repositoryAt, type TestRepository, testRepository } from '../../support/gitRepository.ts';
import { scratchFolder } from '../../support/scratch.ts';

const gitPath = findGit();
const ids = (...names: string[]): ChunkId[] => names as ChunkId[];

async function open(repository: TestRepository, folder = '.engram'): Promise<GitCommand> {
  const git = await openGit(join(repository.path, folder), gitPath);
  if (!git) throw new Error('git did not open');
  return git;
}

async function commitAll(repository: TestRepository, date?: string): Promise<void> {
  repository.git('add', '-A');
  if (date === undefined) repository.git('commit', '-q', '-m', 'change');
  else repository.gitAt(date, 'commit', '-q', '-m', 'change');
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
}

describe('findGit', () => {
  it('never takes a program from the working folder', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'git'), '#!/bin/sh\n', { mode: 0o755 });
    expect(findGit({ PATH: '.::relative/bin' })).toBe('');
    expect(findGit({ PATH: `.:${folder}` })).toBe(join(folder, 'git'));
    expect(findGit({})).toBe('');
  });

  it('passes over folders and files that cannot be run', async () => {
    const folder = await scratchFolder();
    await mkdir(join(folder, 'a', 'git'), { recursive: true });
    await mkdir(join(folder, 'b'));
    await writeFile(join(folder, 'b', 'git'), '', { mode: 0o644 });
    expect(findGit({ PATH: `${folder}/a:${folder}/b` })).toBe('');
  });
});

describe('runGit', () => {
  it('refuses a relative path and tells of failures by code', async () => {
    const folder = await scratchFolder();
    await expect(runGit('git', folder, ['version'])).rejects.toMatchObject({ code: 'git-failed' });
    await expect(runGit(join(folder, 'absent'), folder, ['version'])).rejects.toMatchObject({ code: 'git-failed' });
    await expect(runGit(gitPath, folder, ['no-such-command'])).rejects.toMatchObject({
      code: 'git-failed',
      subject: 'git no-such-command',
    });
  });

  it('asks about the folder it was given, also inside a hook of another repository', async () => {
    const here = await testRepository();
    const other = await testRepository();
    process.env['GIT_DIR'] = join(other.path, '.git');
    try {
      expect((await open(here)).workTree).toBe(here.path);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

describe('openGit', () => {
  it('is undefined without git, without a repository and inside .git', async () => {
    const repository = await testRepository();
    expect(await openGit(join(await scratchFolder(), '.engram'), gitPath)).toBeUndefined();
    expect(await openGit(join(repository.path, '.engram'), '')).toBeUndefined();
    expect(await openGit(join(repository.path, '.git', '.engram'), gitPath)).toBeUndefined();
    expect(await openGit(join(repository.path, 'absent', '.engram'), gitPath)).toBeUndefined();
  });

  it('finds the work tree from a sub-folder and through a link', async () => {
    const repository = await testRepository();
    await mkdir(join(repository.path, 'packages', 'a b'), { recursive: true });
    expect(await open(repository, 'packages/a b/.engram')).toMatchObject({ workTree: repository.path, folder: 'packages/a b/.engram' });
    const linked = join(await scratchFolder(), 'link');
    await symlink(join(repository.path, 'packages'), linked);
    expect(await openGit(join(linked, '.engram'), gitPath)).toMatchObject({ workTree: repository.path, folder: 'packages/.engram' });
  });
});

describe('folderStatus', () => {
  it('lists what is not committed, in a folder of any name', async () => {
    for (const folder of ['.engram', 'sub dir/.engram', '[a]*é/.engram']) {
      const repository = await testRepository();
      await repository.write('README', 'x');
      await repository.write(`${folder}/manifest.json`);
      await repository.write(`${folder}/chunks/aaaaaaaa.jsonl.gz`);
      const git = await open(repository, folder);
      expect(await git.folderStatus()).toEqual({
        branch: 'main',
        ignored: false,
        uncommittedChunks: ['aaaaaaaa'],
        deletedChunks: [],
        manifestUncommitted: true,
        manifestUnmerged: false,
        trackedDatabases: [],
      });
      await commitAll(repository);
      await repository.write(`${folder}/chunks/bbbbbbbb.jsonl.gz`);
      await repository.write('.engramother/chunks/cccccccc.jsonl.gz');
      repository.git('mv', `${folder}/chunks/aaaaaaaa.jsonl.gz`, `${folder}/chunks/dddddddd.jsonl.gz`);
      repository.git('checkout', '-q', '--detach');
      const status = await git.folderStatus();
      expect(status).toMatchObject({ branch: '', manifestUncommitted: false });
      expect([...status.uncommittedChunks].sort()).toEqual(['bbbbbbbb', 'dddddddd']);
      expect(status.deletedChunks).toEqual(['aaaaaaaa']);
    }
  });

  it('tells chunks that were deleted from those that were written', async () => {
    const repository = await testRepository();
    for (const id of ['aaaaaaaa', 'bbbbbbbb', 'cccccccc']) await repository.write(`.engram/chunks/${id}.jsonl.gz`, id);
    await commitAll(repository);
    await rm(join(repository.path, '.engram/chunks/aaaaaaaa.jsonl.gz'));
    repository.git('rm', '-q', '.engram/chunks/bbbbbbbb.jsonl.gz');
    await repository.write('.engram/chunks/cccccccc.jsonl.gz', 'changed');
    const status = await (await open(repository)).folderStatus();
    expect(status.deletedChunks).toEqual(['aaaaaaaa', 'bbbbbbbb']);
    expect(status.uncommittedChunks).toEqual(['cccccccc']);
  });

  it('sees an unmerged manifest', async () => {
    const repository = await testRepository();
    await repository.write('.engram/manifest.json', 'base');
    await commitAll(repository);
    repository.git('checkout', '-q', '-b', 'other');
    await repository.write('.engram/manifest.json', 'theirs');
    await commitAll(repository);
    repository.git('checkout', '-q', 'main');
    await repository.write('.engram/manifest.json', 'ours');
    await commitAll(repository);
    expect(() => repository.git('merge', 'other')).toThrow();
    expect(await (await open(repository)).folderStatus()).toMatchObject({
      manifestUnmerged: true,
      manifestUncommitted: true,
      branch: 'main',
    });
  });

  it.each(['.engram/', '*.gz', '.engram/chunks', 'manifest.json'])(
    'sees that the rule %s keeps the folder from being shared',
    async (rule) => {
      const repository = await testRepository();
      await repository.write('.gitignore', `${rule}\n`);
      await repository.write('.engram/manifest.json');
      expect(await (await open(repository)).folderStatus()).toMatchObject({ ignored: true });
    },
  );

  it('names databases that git tracks', async () => {
    const repository = await testRepository();
    await repository.write('.engram/engram.db');
    await repository.write('.engram/index.db-journal');
    await repository.write('.engram/chunks/engram.db');
    await commitAll(repository);
    expect((await (await open(repository)).folderStatus()).trackedDatabases).toEqual(['engram.db', 'index.db-journal']);
  });

  it('works before the first commit and without the folder, and changes nothing', async () => {
    const repository = await testRepository();
    expect(await (await open(repository)).folderStatus()).toMatchObject({ branch: 'main', uncommittedChunks: [], ignored: false });
    expect(repository.git('status', '--porcelain')).toBe('');
  });

  it('says git-failed when the repository is gone', async () => {
    const repository = await testRepository();
    const git = await open(repository);
    await rm(join(repository.path, '.git'), { recursive: true });
    await expect(git.folderStatus()).rejects.toMatchObject({ code: 'git-failed' });
  });
});

describe('chunks of other branches', () => {
  /** main has aaaaaaaa; `fresh` adds bbbbbbbb; `stale` adds cccccccc and is 40 days old. */
  async function branched(): Promise<TestRepository> {
    const repository = await testRepository();
    await repository.write('.engram/manifest.json');
    await repository.write('.engram/chunks/aaaaaaaa.jsonl.gz');
    repository.git('add', '-A');
    repository.gitAt(daysAgo(50), 'commit', '-q', '-m', 'old');
    for (const [branch, chunk, days] of [
      ['fresh', 'bbbbbbbb', 3],
      ['stale', 'cccccccc', 40],
    ] as const) {
      repository.git('checkout', '-q', '-b', branch, 'main');
      await repository.write(`.engram/chunks/${chunk}.jsonl.gz`);
      await commitAll(repository, daysAgo(days));
    }
    return repository;
  }

  it('counts branches of the last 30 days, and the default branch whatever its age', async () => {
    const repository = await branched();
    repository.git('checkout', '-q', '-b', 'empty', 'main');
    const git = await open(repository);
    expect(await git.chunksOnBranches(ids('aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'))).toEqual(new Set(['aaaaaaaa', 'bbbbbbbb']));
    expect(await git.chunksOnBranches([])).toEqual(new Set());
  });

  it('does not count the branch that is checked out', async () => {
    const repository = await branched();
    repository.git('checkout', '-q', 'fresh');
    expect(await (await open(repository)).chunksOnBranches(ids('bbbbbbbb'))).toEqual(new Set());
  });

  it('counts remote-tracking branches, and the branch that a remote calls its default', async () => {
    const origin = await branched();
    origin.git('checkout', '-q', 'stale');
    const folder = await scratchFolder();
    origin.git('clone', '-q', '--filter=blob:none', `file://${origin.path}`, folder);
    const clone = repositoryAt(folder);
    clone.git('checkout', '-q', '-b', 'work', 'origin/main');
    const git = await open(clone);
    expect(await git.chunksOnBranches(ids('bbbbbbbb', 'cccccccc'))).toEqual(new Set(['bbbbbbbb', 'cccccccc']));
    expect(await git.originUrl()).toBe(`file://${origin.path}`);
  });

  it('bears a hundred branches with two processes, each tree once', async () => {
    const repository = await branched();
    for (let n = 0; n < 100; n += 1) repository.git('branch', `b${n}`, 'fresh');
    repository.git('checkout', '-q', 'stale');
    expect(await (await open(repository)).chunksOnBranches(ids('bbbbbbbb', 'eeeeeeee'))).toEqual(new Set(['bbbbbbbb']));
  });

  it('works in a repository without a commit', async () => {
    const git = await open(await testRepository());
    expect(await git.chunksOnBranches(ids('aaaaaaaa'))).toEqual(new Set());
    expect(await git.otherBranchHasFolder()).toBe(false);
  });

  it('knows whether another branch has the folder', async () => {
    const repository = await branched();
    repository.git('checkout', '-q', '--orphan', 'new');
    repository.git('rm', '-rfq', '.');
    expect(await (await open(repository)).otherBranchHasFolder()).toBe(true);
    expect(await (await open(repository, '.engram2')).otherBranchHasFolder()).toBe(false);
  });
});

describe('userName and originUrl', () => {
  it('reads them, and gives empty text where they are not set', async () => {
    const repository = await testRepository();
    const git = await open(repository);
    expect(await git.originUrl()).toBe('');
    repository.git('config', 'user.name', 'Zoë Example');
    repository.git('remote', 'add', 'origin', 'git@example.com:team/repo.git');
    expect(await git.userName()).toBe('Zoë Example');
    expect(await git.originUrl()).toBe('git@example.com:team/repo.git');
  });
});
