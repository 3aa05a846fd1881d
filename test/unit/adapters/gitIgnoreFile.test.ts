import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGit } from '../../../src/adapters/git.ts';
import { ensureIgnoreFile } from '../../../src/adapters/gitIgnoreFile.ts';
import { findGit } from '../../../src/adapters/gitProcess.ts';
import { repositoryAt, type TestRepository, testRepository } from '../../support/gitRepository.ts';
import { scratchFolder } from '../../support/scratch.ts';

const allow = async (): Promise<void> => undefined;
const OURS = '.gitignore\nengram.db*\nindex.db*\n.lock*\n*.tmp-*\n';
const PRIVATE = [
  'engram.db',
  'engram.db-wal',
  'engram.db.damaged-20260101',
  'index.db',
  '.lock',
  '.lock.break',
  '.manifest.json.tmp-1-a',
  'chunks/.x.jsonl.gz.tmp-1-a',
];

async function withFiles(folder = '.engram'): Promise<TestRepository> {
  const repository = await testRepository();
  for (const name of [...PRIVATE, 'manifest.json', 'chunks/aaaaaaaa.jsonl.gz']) await repository.write(`${folder}/${name}`);
  return repository;
}

async function ensure(repository: TestRepository, folder = '.engram'): Promise<void> {
  const root = join(repository.path, folder);
  await ensureIgnoreFile(root, await openGit(root, findGit()), allow);
}

function untracked(repository: TestRepository): string[] {
  return repository
    .git('-c', 'core.quotepath=off', 'status', '--porcelain', '-z', '--untracked-files=all')
    .split('\0')
    .filter(Boolean)
    .sort();
}

describe('ensureIgnoreFile', () => {
  it('leaves only chunks and the manifest in git status', async () => {
    const repository = await withFiles();
    await ensure(repository);
    expect(untracked(repository)).toEqual(['?? .engram/chunks/aaaaaaaa.jsonl.gz', '?? .engram/manifest.json']);
    expect(await readFile(join(repository.path, '.engram/.gitignore'), 'utf8')).toBe(OURS);
  });

  it('works without git, and changes nothing the second time', async () => {
    const root = await scratchFolder();
    await ensureIgnoreFile(root, undefined, allow);
    await ensureIgnoreFile(root, undefined, () => Promise.reject(new Error('wrote again')));
    expect(await readFile(join(root, '.gitignore'), 'utf8')).toBe(OURS);
    expect(await readdir(root)).toEqual(['.gitignore']);
  });

  it('keeps a person’s own lines', async () => {
    const repository = await withFiles();
    await repository.write('.engram/.gitignore', 'notes.txt\nengram.db*');
    await ensure(repository);
    expect(await readFile(join(repository.path, '.engram/.gitignore'), 'utf8')).toBe(
      'notes.txt\nengram.db*\n.gitignore\nindex.db*\n.lock*\n*.tmp-*\n',
    );
  });

  it.each(['.engram', 'a [b]*/.engram'])(
    'uses the repository’s own exclude file where git tracks the ignore file of %s',
    async (folder) => {
      const repository = await withFiles(folder);
      await repository.write(`${folder}/.gitignore`, 'notes.txt\n');
      repository.git('add', '--', `:(literal)${folder}/.gitignore`);
      repository.git('commit', '-q', '-m', 'tracked');
      await ensure(repository, folder);
      await ensure(repository, folder);
      expect(await readFile(join(repository.path, folder, '.gitignore'), 'utf8')).toBe('notes.txt\n');
      expect(untracked(repository)).toEqual([`?? ${folder}/chunks/aaaaaaaa.jsonl.gz`, `?? ${folder}/manifest.json`]);
      const exclude = await readFile(join(repository.path, '.git/info/exclude'), 'utf8');
      expect(exclude.match(/engram\.db\*/g)).toHaveLength(1);
    },
  );

  it('finds the exclude file of a linked work tree', async () => {
    const main = await withFiles();
    await main.write('.engram/.gitignore', '');
    main.git('add', '.engram/.gitignore', '.engram/manifest.json');
    main.git('commit', '-q', '-m', 'tracked');
    const path = join(await scratchFolder(), 'linked');
    main.git('worktree', 'add', '-q', path, '-b', 'linked');
    const linked = repositoryAt(path);
    await linked.write('.engram/engram.db');
    await ensure(linked);
    expect(untracked(linked)).toEqual([]);
  });

  it('refuses a symbolic link in its place', async () => {
    const repository = await withFiles();
    await writeFile(join(repository.path, 'precious'), 'x');
    await symlink('../precious', join(repository.path, '.engram/.gitignore'));
    await expect(ensure(repository)).rejects.toMatchObject({ code: 'not-regular-file' });
    expect(await readFile(join(repository.path, 'precious'), 'utf8')).toBe('x');
  });
});
