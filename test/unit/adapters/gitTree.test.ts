import { createHash } from 'node:crypto';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type GitCommand, openGit } from '../../../src/adapters/git.ts';
import { findGit } from '../../../src/adapters/gitProcess.ts';
import { DEFAULT_LIMITS } from '../../../src/engine/folderRequests.ts';
import { repositoryAt, type TestRepository, testRepository } from '../../support/gitRepository.ts';
import { scratchFolder } from '../../support/scratch.ts';

const FOLDER = 'docs/ä b/.engram';
const manifest = JSON.stringify({ version: 2, chunks: [{ id: 'aaaaaaaa' }] });

async function open(repository: TestRepository): Promise<GitCommand> {
  const git = await openGit(join(repository.path, FOLDER), findGit());
  if (!git) throw new Error('git did not open');
  return git;
}

function commit(repository: TestRepository): void {
  repository.git('add', '-A');
  repository.git('commit', '-q', '-m', 'change');
}

async function withChunks(): Promise<TestRepository> {
  const repository = await testRepository();
  await repository.write(`${FOLDER}/manifest.json`, manifest);
  await repository.write(`${FOLDER}/chunks/notes.md`, 'not a chunk');
  await writeFile(join(repository.path, FOLDER, 'chunks/aaaaaaaa.jsonl.gz'), gzipSync('{"sessions":null}'));
  return repository;
}

describe('the folder as a commit has it', () => {
  it('has the file behind a pointer of Git LFS where the work tree has that very file, and no other one', async () => {
    const repository = await withChunks();
    const file = join(repository.path, FOLDER, 'chunks/aaaaaaaa.jsonl.gz');
    const whole = await readFile(file);
    const target = createHash('sha256').update(whole).digest('hex');
    await writeFile(file, `version https://git-lfs.github.com/spec/v1\noid sha256:${target}\nsize ${whole.length}\n`);
    commit(repository);
    const read = async () => (await (await open(repository)).committedTree(DEFAULT_LIMITS))?.readChunk('aaaaaaaa');
    await expect(read()).rejects.toMatchObject({ code: 'chunk-corrupt', message: expect.stringContaining('git lfs pull') });
    await writeFile(file, whole);
    expect(Buffer.from((await read()) ?? []).toString()).toBe('{"sessions":null}');
    await writeFile(file, gzipSync('{"sessions":[]}'));
    await expect(read()).rejects.toMatchObject({ code: 'chunk-corrupt' });
    await rm(file);
    await symlink('../manifest.json', file);
    await expect(read()).rejects.toMatchObject({ code: 'not-regular-file' });
  });

  it('is read from git, whatever lies in the work tree', async () => {
    const repository = await withChunks();
    await symlink('aaaaaaaa.jsonl.gz', join(repository.path, FOLDER, 'chunks/bbbbbbbb.jsonl.gz'));
    commit(repository);
    await rm(join(repository.path, FOLDER, 'chunks'), { recursive: true });
    const tree = await (await open(repository)).committedTree(DEFAULT_LIMITS);
    expect((await tree?.readManifest())?.chunks.map(({ id }) => id)).toEqual(['aaaaaaaa']);
    expect(await tree?.listChunks()).toMatchObject([{ id: 'aaaaaaaa' }, { id: 'bbbbbbbb', problem: 'not-regular-file' }]);
    expect(Buffer.from((await tree?.readChunk('aaaaaaaa')) ?? []).toString()).toBe('{"sessions":null}');
    await expect(tree?.readChunk('bbbbbbbb')).rejects.toMatchObject({ code: 'not-regular-file' });
    await expect(tree?.readChunk('cccccccc')).rejects.toMatchObject({ code: 'chunk-missing' });
    await expect(tree?.writeManifest()).rejects.toMatchObject({ code: 'read-only' });
  });

  it('keeps to the limits', async () => {
    const repository = await withChunks();
    commit(repository);
    const tree = await (await open(repository)).committedTree({ maxChunkBytes: 10, maxManifestBytes: 10 });
    await expect(tree?.readManifest()).rejects.toMatchObject({ code: 'manifest-too-large' });
    await expect(tree?.readChunk('aaaaaaaa')).rejects.toMatchObject({ code: 'chunk-too-large' });
  });

  it('is not there before the first commit, and empty in one without the folder', async () => {
    const repository = await testRepository();
    await repository.write('docs/ä b/readme');
    const git = await open(repository);
    expect(await git.committedTree(DEFAULT_LIMITS)).toBeUndefined();
    commit(repository);
    const tree = await git.committedTree(DEFAULT_LIMITS);
    expect(await tree?.readManifest()).toMatchObject({ absent: true });
    expect(await tree?.listChunks()).toEqual([]);
  });

  it('of the remote branch differs until it is pushed; a branch that follows none has none', async () => {
    const remote = repositoryAt(await scratchFolder());
    remote.git('init', '-q', '--bare');
    const repository = await withChunks();
    commit(repository);
    const git = await open(repository);
    expect(await git.upstreamTree(DEFAULT_LIMITS)).toBeUndefined();
    repository.git('remote', 'add', 'origin', remote.path);
    repository.git('push', '-q', '-u', 'origin', 'main');
    await repository.write(`${FOLDER}/manifest.json`, `${manifest}\n`);
    commit(repository);
    const fingerprints = async () =>
      [await git.committedTree(DEFAULT_LIMITS), await git.upstreamTree(DEFAULT_LIMITS)].map((tree) => tree?.fingerprint);
    const [here, there] = await fingerprints();
    expect(here).not.toBe(there);
    repository.git('push', '-q');
    expect(new Set(await fingerprints()).size).toBe(1);
  });
});
