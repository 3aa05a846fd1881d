import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitFolderOf, pathExists } from '../../../src/host/gitFolder.ts';

describe('gitFolderOf', () => {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'engram-git-')));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=ana', '-c', 'user.email=ana@example.com', ...args], { cwd, stdio: 'pipe' });

  it('is .git itself, and in a worktree what its .git points to', async () => {
    const main = join(folder, 'main');
    mkdirSync(main);
    git(main, 'init', '-q');
    git(main, 'commit', '-q', '--allow-empty', '-m', 'first');
    git(main, 'worktree', 'add', '-q', '../side');
    expect(await gitFolderOf(main)).toBe(join(main, '.git'));
    const side = await gitFolderOf(join(folder, 'side'));
    expect(side).toBe(join(main, '.git', 'worktrees', 'side'));
    expect(await pathExists(join(side ?? '', 'logs', 'HEAD'))).toBe(true);
  });

  it('resolves the relative pointer of a submodule, and no nonsense', async () => {
    writeFileSync(join(folder, '.git'), 'gitdir: ../.git/modules/part\n');
    expect(await gitFolderOf(folder)).toBe(join(folder, '../.git/modules/part'));
    writeFileSync(join(folder, '.git'), 'x'.repeat(10_000));
    expect(await gitFolderOf(folder)).toBeUndefined();
    expect(await gitFolderOf(join(folder, 'nowhere'))).toBeUndefined();
  });

  it('counts a broken symbolic link as something', async () => {
    symlinkSync('nowhere', join(folder, '.engram'));
    expect(await pathExists(join(folder, '.engram'))).toBe(true);
    expect(await pathExists(join(folder, 'other'))).toBe(false);
  });
});
