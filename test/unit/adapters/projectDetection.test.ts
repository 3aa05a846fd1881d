import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGit } from '../../../src/adapters/git.ts';
import { findGit } from '../../../src/adapters/gitProcess.ts';
import { type DetectedProject, detectProject, detectProjectName } from '../../../src/adapters/projectDetection.ts';
import { type TestRepository, testRepository } from '../../support/gitRepository.ts';
import { scratchFolder } from '../../support/scratch.ts';

async function detect(repository: TestRepository, folder = ''): Promise<DetectedProject> {
  const dir = join(repository.path, folder);
  return detectProject(dir, await openGit(join(dir, '.engram'), findGit()));
}

async function folders(...names: string[]): Promise<string> {
  const dir = join(await scratchFolder(), 'My Project');
  for (const name of ['', ...names]) await mkdir(join(dir, name), { recursive: true });
  return dir;
}

describe('detectProject', () => {
  it('takes the name of the remote origin, from a sub-folder too', async () => {
    const repository = await testRepository();
    repository.git('remote', 'add', 'origin', 'git@example.com:team/My-Repo.git');
    await repository.write('src/x');
    const expected = { source: 'git_remote', project: 'my-repo', path: repository.path };
    expect(await detect(repository)).toEqual(expected);
    expect(await detect(repository, 'src')).toEqual(expected);
  });

  it('takes the name of the root without a remote', async () => {
    const repository = await testRepository();
    await repository.write('src/x');
    expect(await detect(repository, 'src')).toEqual({
      source: 'git_root',
      project: basename(repository.path).toLowerCase(),
      path: repository.path,
    });
  });

  it('lets the nearest config.json decide, never one above the repository', async () => {
    const repository = await testRepository();
    await repository.write('.engram/config.json', '{"project_name": "  The Root "}');
    await repository.write('packages/a/.engram/config.json', '{"Project_Name": "A"}');
    await repository.write('packages/b/x');
    expect(await detect(repository)).toEqual({ source: 'config', project: 'the root', path: repository.path });
    expect(await detect(repository, 'packages/b')).toMatchObject({ project: 'the root', path: repository.path });
    expect(await detect(repository, 'packages/a')).toEqual({ source: 'config', project: 'a', path: join(repository.path, 'packages/a') });
    const above = await scratchFolder();
    await mkdir(join(above, '.engram'));
    await writeFile(join(above, '.engram/config.json'), '{"project_name": "above"}');
    await mkdir(join(above, 'below'));
    expect(await detectProject(join(above, 'below'), undefined)).toMatchObject({ source: 'dir_basename', project: 'below' });
  });

  it.each([
    '',
    '{',
    '[]',
    '{}',
    '{"project_name": 1}',
    '{"project_name": " "}',
    '{"project_name": "a/b"}',
    '{"project_name": "a\\\\b"}',
    '{"project_name": "a\\u0007b"}',
  ])('refuses the config.json %j', async (text) => {
    const dir = await folders('.engram');
    await writeFile(join(dir, '.engram/config.json'), text);
    const found = await detectProject(dir, undefined);
    expect(found).toMatchObject({
      source: 'config',
      project: '',
      path: dir,
      error: expect.stringMatching(/^invalid \.engram\/config\.json: /),
    });
    expect(await detectProjectName(dir, undefined)).toBe('unknown');
  });

  it('does not follow a symbolic link to a config.json', async () => {
    const dir = await folders('.engram');
    await writeFile(join(dir, 'elsewhere'), '{"project_name": "linked"}');
    await symlink('../elsewhere', join(dir, '.engram/config.json'));
    expect(await detectProject(dir, undefined)).toMatchObject({ source: 'config', project: '' });
  });

  it('takes the only repository below', async () => {
    const dir = await folders('Child/.git', 'other', '.hidden/.git', 'node_modules/.git');
    expect(await detectProject(dir, undefined)).toEqual({
      source: 'git_child',
      project: 'child',
      path: join(dir, 'Child'),
      warning: 'auto-promoted child repository: child',
    });
  });

  it('does not choose between several, but has a name all the same', async () => {
    const dir = await folders('a/.git', 'b/.git', 'c/.git');
    expect(await detectProject(dir, undefined)).toMatchObject({ source: 'ambiguous', project: '', path: dir, available: ['a', 'b'] });
    expect(await detectProjectName(dir, undefined)).toBe('my project');
  });

  it('looks at twenty folders only', async () => {
    const many = Array.from({ length: 20 }, (_, n) => `d${String(n).padStart(2, '0')}`);
    expect(await detectProject(await folders(...many, 'late/.git'), undefined)).toMatchObject({ source: 'dir_basename' });
    expect(await detectProject(await folders(...many.slice(1), 'late/.git'), undefined)).toMatchObject({ source: 'git_child' });
  });

  it('takes the folder’s own name else', async () => {
    expect(await detectProject(await folders(), undefined)).toMatchObject({ source: 'dir_basename', project: 'my project' });
    expect(await detectProjectName('/', undefined)).not.toBe('');
  });
});
