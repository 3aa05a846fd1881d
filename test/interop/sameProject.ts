import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { detectProject } from '../../src/folder/detectProject.ts';
import { repositoryAt, type TestRepository } from '../support/gitRepository.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { EngramProgram } from './programs.ts';
import { Teammate } from './teammate.ts';

type Layout = readonly [string, (folder: string) => Promise<string>];

async function repository(path: string, remote?: string): Promise<TestRepository> {
  await mkdir(path, { recursive: true });
  const made = repositoryAt(path);
  made.git('init', '-q');
  if (remote !== undefined) made.git('remote', 'add', 'origin', remote);
  await made.write('src/deep/file');
  made.git('add', '-A');
  made.git('commit', '-q', '-m', 'first');
  return made;
}

/** Names a folder below the scratch folder to stand in, and makes it. */
const LAYOUTS: readonly Layout[] = [
  ...[
    'git@example.com:team/My-Repo.git',
    'https://example.com/team/repo/',
    'https://example.com/r.git/',
    '/srv/git/foo.git',
    'C:\\repos\\foo.git',
    'ssh://git@example.com:2222/a/b',
    'https://example.com/Ünïcode.git',
    'file:///x/a--b__c.git',
  ].map((url): Layout => [`the remote ${url}`, async (folder) => (await repository(join(folder, 'clone'), url)).path]),
  [
    'a sub-folder of a clone',
    async (folder) => join((await repository(join(folder, 'clone'), 'git@example.com:team/app.git')).path, 'src/deep'),
  ],
  ['a repository without a remote', async (folder) => (await repository(join(folder, 'My App'))).path],
  ['a sub-folder without a remote', async (folder) => join((await repository(join(folder, 'My-App'))).path, 'src')],
  [
    'a remote of another name',
    async (folder) => {
      const made = await repository(join(folder, 'Fork'));
      made.git('remote', 'add', 'upstream', 'git@example.com:team/other.git');
      return made.path;
    },
  ],
  ['a linked work tree of a clone', async (folder) => worktree(folder, 'git@example.com:team/app.git')],
  ['a linked work tree without a remote', async (folder) => worktree(folder)],
  ['a sub-folder of a linked work tree', async (folder) => join(await worktree(folder), 'src')],
  [
    'a submodule',
    async (folder) => {
      const [inner, outer] = [await repository(join(folder, 'inner')), await repository(join(folder, 'outer'))];
      outer.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner.path, 'module');
      return join(outer.path, 'module');
    },
  ],
  ['a folder with one repository in it', async (folder) => dirname((await repository(join(folder, 'parent/Child'))).path)],
  [
    'a folder with two repositories in it',
    async (folder) => {
      await repository(join(folder, 'parent/one'));
      return dirname((await repository(join(folder, 'parent/two'))).path);
    },
  ],
  [
    'a folder with a repository that does not count',
    async (folder) => {
      await repository(join(folder, 'parent/node_modules'));
      return dirname((await repository(join(folder, 'parent/.hidden'))).path);
    },
  ],
  [
    'a plain folder',
    async (folder) => {
      await mkdir(join(folder, 'Plain Folder'));
      return join(folder, 'Plain Folder');
    },
  ],
  [
    'a folder behind a link',
    async (folder) => {
      await symlink((await repository(join(folder, 'Real'))).path, join(folder, 'Link'));
      return join(folder, 'Link');
    },
  ],
  [
    'similar names',
    async (folder) => {
      await mkdir(join(folder, 'a--b__c'));
      return join(folder, 'a--b__c');
    },
  ],
  [
    'a repository whose git folder is empty',
    async (folder) => {
      await mkdir(join(folder, 'Broken/.git'), { recursive: true });
      await writeFile(join(folder, 'Broken/file'), '');
      return join(folder, 'Broken');
    },
  ],
];

async function worktree(folder: string, remote?: string): Promise<string> {
  const main = await repository(join(folder, 'Main'), remote);
  main.git('worktree', 'add', '-q', join(folder, 'Linked-Tree'), '-b', 'topic');
  return join(folder, 'Linked-Tree');
}

/** Whose memories an agent saves in a folder, and whose a folder shares, has to be the same project. */
export function sameProject(program: EngramProgram): void {
  it.each(LAYOUTS)('we both find the same project for %s', async (_name, make) => {
    const folder = await make(await realpath(await scratchFolder()));
    const gopher = new Teammate(program);
    const theirs = JSON.parse(await gopher.tool(folder, 'mem_current_project', {})) as Readonly<Record<string, unknown>>;
    const ours = await detectProject(folder);
    expect({ project: ours.project, source: ours.source }).toEqual({ project: theirs['project'], source: theirs['project_source'] });
    if (ours.source !== 'ambiguous') expect(ours.path).toBe(theirs['project_path']);
  });
}
