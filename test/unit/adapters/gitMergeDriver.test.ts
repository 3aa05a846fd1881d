import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openGit } from '../../../src/adapters/git.ts';
import { GitMergeDriver } from '../../../src/adapters/gitMergeDriver.ts';
import { findGit, findProgram } from '../../../src/adapters/gitProcess.ts';
import { ATTRIBUTE_LINE } from '../../../src/adapters/mergeDriverScript.ts';
import { entry } from '../../support/folder.ts';
import { repositoryAt, type TestRepository, testRepository } from '../../support/gitRepository.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { shippedFiles } from '../../support/shippedFiles.ts';

const MANIFEST = '.engram/manifest.json';
let program = '';
beforeAll(async () => {
  program = join(dirname(await shippedFiles()), 'mergeDriver.js');
});

const listing = (...ids: string[]): string => JSON.stringify({ version: 1, chunks: ids.map((id) => entry(id)) }, undefined, 2);
const textIn = ({ path }: TestRepository, folder = ''): string => readFileSync(join(path, folder, MANIFEST), 'utf8');
const idsIn = (repository: TestRepository, folder = ''): string[] =>
  (JSON.parse(textIn(repository, folder)) as { chunks: { id: string }[] }).chunks.map(({ id }) => id);

async function commit(repository: TestRepository, ids: readonly string[], folder = ''): Promise<void> {
  await repository.write(join(folder, MANIFEST), listing(...ids));
  repository.git('add', '-A');
  repository.git('commit', '-q', '-m', ids.join(' '));
}

/** `main` and `topic` have each added a chunk to the end, as two people do; `main` is checked out. */
async function diverged(folder = ''): Promise<TestRepository> {
  const repository = await testRepository();
  repository.git('config', 'user.name', 'Test');
  repository.git('config', 'user.email', 'test@example.com');
  await commit(repository, ['base'], folder);
  repository.git('checkout', '-q', '-b', 'topic');
  await commit(repository, ['base', 'theirs'], folder);
  repository.git('checkout', '-q', 'main');
  await commit(repository, ['base', 'ours'], folder);
  return repository;
}

async function driverOf({ path }: TestRepository): Promise<GitMergeDriver> {
  const git = await openGit(join(path, '.engram'), findGit());
  if (!git) throw new Error('git did not open');
  return new GitMergeDriver(git.place, program);
}

async function withDriver(folder = ''): Promise<TestRepository> {
  const repository = await diverged(folder);
  await (await driverOf(repository)).install();
  return repository;
}

/** Runs git where it may stop with a conflict. @returns whether it did */
function conflicts({ path }: TestRepository, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  const all = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'core.editor=true', ...args];
  return spawnSync('git', all, { cwd: path, env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', ...env } }).status !== 0;
}

const clean = ({ git }: TestRepository): string => git('status', '--porcelain');

describe('with the merge driver', () => {
  it.each<[string, readonly (readonly string[])[], string[]]>([
    ['git merge', [['merge', '-q', '--no-edit', 'topic']], ['base', 'ours', 'theirs']],
    ['git rebase', [['rebase', '-q', 'topic']], ['base', 'ours', 'theirs']],
    ['git cherry-pick', [['cherry-pick', 'topic']], ['base', 'ours', 'theirs']],
  ])('%s has no conflict and every entry', async (_name, commands, ids) => {
    const repository = await withDriver();
    for (const command of commands) expect(conflicts(repository, command)).toBe(false);
    expect(idsIn(repository).toSorted()).toEqual(ids);
    expect(clean(repository)).toBe('');
    expect(JSON.parse(textIn(repository)).version).toBe(2);
  });

  it('git stash pop has no conflict and every entry', async () => {
    const repository = await withDriver();
    await repository.write(MANIFEST, listing('base', 'ours', 'mine'));
    repository.git('stash', '-q');
    repository.git('merge', '-q', '--no-edit', 'topic');
    expect(conflicts(repository, ['stash', 'pop', '-q'])).toBe(false);
    expect(idsIn(repository).toSorted()).toEqual(['base', 'mine', 'ours', 'theirs']);
  });

  it('a pull with rebase and autostash of three people has every entry', async () => {
    const origin = await testRepository();
    await commit(origin, ['base']);
    origin.git('checkout', '-q', '--detach');
    const clones: TestRepository[] = [];
    for (const name of ['ana', 'bob', 'eva']) {
      const folder = await scratchFolder();
      origin.git('clone', '-q', origin.path, folder);
      const clone = repositoryAt(folder);
      clone.git('config', 'pull.rebase', 'true');
      clone.git('checkout', '-q', 'main');
      await (await driverOf(clone)).install();
      await commit(clone, ['base', name]);
      clones.push(clone);
    }
    for (const clone of clones) {
      await clone.write('README', 'changed');
      clone.git('add', 'README');
      expect(conflicts(clone, ['pull', '-q', '--autostash'])).toBe(false);
      clone.git('push', '-q', 'origin', 'HEAD:main');
    }
    expect(idsIn(clones[2] as TestRepository).toSorted()).toEqual(['ana', 'base', 'bob', 'eva']);
  });

  it('both sides that made the first manifest are united', async () => {
    const repository = await testRepository();
    await repository.write('README');
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'start');
    repository.git('checkout', '-q', '-b', 'topic');
    await commit(repository, ['theirs']);
    repository.git('checkout', '-q', 'main');
    await commit(repository, ['ours']);
    await (await driverOf(repository)).install();
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'])).toBe(false);
    expect(idsIn(repository).toSorted()).toEqual(['ours', 'theirs']);
  });

  it('works in a folder of the repository, whose name has blanks, and from there', async () => {
    const repository = await withDriver('a team/x');
    expect(conflicts({ ...repository, path: join(repository.path, 'a team') }, ['merge', '-q', '--no-edit', 'topic'])).toBe(false);
    expect(idsIn(repository, 'a team/x')).toEqual(['base', 'ours', 'theirs']);
  });

  it('has one installation for all linked work trees, and needs none of their paths', async () => {
    const repository = await diverged();
    const linked = join(await scratchFolder(), 'linked tree');
    repository.git('worktree', 'add', '-q', linked, 'topic');
    await (await driverOf(repositoryAt(linked))).install();
    expect(await (await driverOf(repository)).state()).toBe('ok');
    expect(existsSync(join(repository.path, '.git/engram/merge-manifest.sh'))).toBe(true);
    expect(conflicts(repositoryAt(linked), ['merge', '-q', '--no-edit', 'main'])).toBe(false);
    expect(idsIn(repositoryAt(linked)).toSorted()).toEqual(['base', 'ours', 'theirs']);
  });

  it('works in a submodule, in whose own git folder it stands', async () => {
    const module = await diverged();
    const parent = await testRepository();
    parent.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', module.path, 'lib');
    const lib = repositoryAt(join(parent.path, 'lib'));
    await (await driverOf(lib)).install();
    expect(existsSync(join(parent.path, '.git/modules/lib/engram/nodes'))).toBe(true);
    expect(existsSync(join(parent.path, '.git/engram'))).toBe(false);
    expect(conflicts(lib, ['merge', '-q', '--no-edit', 'origin/topic'])).toBe(false);
    expect(idsIn(lib)).toEqual(['base', 'ours', 'theirs']);
  });

  it('still merges after the repository was moved', async () => {
    const repository = await withDriver();
    const moved = join(await scratchFolder(), 'moved');
    execFileSync('mv', [repository.path, moved]);
    expect(conflicts(repositoryAt(moved), ['merge', '-q', '--no-edit', 'topic'])).toBe(false);
    expect(idsIn(repositoryAt(moved))).toEqual(['base', 'ours', 'theirs']);
  });

  it('leaves other files to git', async () => {
    const repository = await withDriver();
    await repository.write('other/manifest.json', 'a');
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'other');
    expect(repository.git('check-attr', 'merge', 'other/manifest.json', MANIFEST)).toContain('manifest.json: merge: unspecified');
  });
});

describe('a merge driver that cannot run', () => {
  const inFolder = ({ path }: TestRepository, name: string) => join(path, '.git/engram', name);
  it.each<[string, (repository: TestRepository) => void]>([
    ['its folder is gone', (repository) => rmSync(join(repository.path, '.git/engram'), { recursive: true })],
    ['the script is gone', (repository) => rmSync(inFolder(repository, 'merge-manifest.sh'))],
    ['the script is torn', (repository) => truncateSync(inFolder(repository, 'merge-manifest.sh'), 300)],
    ['the script does nothing', (repository) => writeFileSync(inFolder(repository, 'merge-manifest.sh'), 'exit 0\n')],
    ['the program is gone', (repository) => rmSync(inFolder(repository, 'merge-manifest.js'))],
    ['the program is torn', (repository) => truncateSync(inFolder(repository, 'merge-manifest.js'), 2000)],
    ['only the attribute is left', (repository) => repository.git('config', '--remove-section', 'merge.engram-manifest')],
  ])('(%s) leaves markers with both sides, never one side alone', async (_name, spoil) => {
    const repository = await withDriver();
    spoil(repository);
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'])).toBe(true);
    expect(clean(repository)).toContain(`UU ${MANIFEST}`);
    expect(textIn(repository)).toMatch(/^<{7} [\s\S]*"ours"[\s\S]*^={7}$[\s\S]*"theirs"[\s\S]*^>{7} /m);
    expect(repository.git('status', '--porcelain', '--ignored')).not.toContain('.merge_file');
  });

  it('(every Node is gone) leaves markers with both sides', async () => {
    const repository = await withDriver();
    writeFileSync(inFolder(repository, 'nodes'), '/nowhere/node\nC:\\Program Files\\nodejs\\node.exe\r\n');
    const PATH = await scratchFolder();
    for (const tool of ['sh', 'rm', 'mv', 'dirname', 'git']) symlinkSync(findProgram(tool), join(PATH, tool));
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'], { PATH })).toBe(true);
    expect(textIn(repository)).toMatch(/"ours"[\s\S]*"theirs"/);
    repository.git('merge', '--abort');
    symlinkSync(process.execPath, join(PATH, 'node'));
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'], { PATH })).toBe(false);
  });

  it.each([
    ['no manifest', 'not a manifest'],
    ['empty', ''],
    ['of a newer release', '{"version": 99, "chunks": []}'],
  ])('shows a side that is %s as a conflict', async (_name, text) => {
    const repository = await withDriver();
    repository.git('checkout', '-q', 'topic');
    await repository.write(MANIFEST, text);
    repository.git('commit', '-qam', 'oops');
    repository.git('checkout', '-q', 'main');
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'])).toBe(true);
    expect(textIn(repository)).toContain(text);
    expect(textIn(repository)).toContain('"ours"');
  });
});

describe('installing and removing', () => {
  it('is idempotent, and takes out exactly what it has put in', async () => {
    const repository = await diverged();
    const driver = await driverOf(repository);
    const attributes = join(repository.path, '.git/info/attributes');
    mkdirSync(dirname(attributes), { recursive: true });
    writeFileSync(attributes, '*.png binary');
    const before = readFileSync(join(repository.path, '.git/config'), 'utf8');
    expect(await driver.state()).toBe('absent');
    await driver.install();
    await driver.install();
    expect(await driver.state()).toBe('ok');
    expect(
      readFileSync(attributes, 'utf8')
        .split('\n')
        .filter((line) => line === ATTRIBUTE_LINE),
    ).toHaveLength(1);
    expect(clean(repository)).toBe('');
    await driver.remove();
    await driver.remove();
    expect(await driver.state()).toBe('absent');
    expect(readFileSync(attributes, 'utf8')).toBe('*.png binary\n');
    expect(readFileSync(join(repository.path, '.git/config'), 'utf8')).toBe(before);
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'])).toBe(true);
  });

  it.each<[string, 'broken' | 'outdated', (path: string) => void]>([
    ['the script is gone', 'broken', (path) => rmSync(join(path, 'engram/merge-manifest.sh'))],
    ['every Node it knows is gone', 'broken', (path) => writeFileSync(join(path, 'engram/nodes'), '/nowhere/node\n')],
    ['the attribute is gone', 'broken', (path) => rmSync(join(path, 'info/attributes'))],
    ['the command was changed', 'broken', (path) => appendFileSync(join(path, 'config'), '[merge "engram-manifest"]\n\tdriver = true\n')],
    ['the script is of another release', 'outdated', (path) => appendFileSync(join(path, 'engram/merge-manifest.sh'), '# old\n')],
    ['this Node is new', 'outdated', (path) => writeFileSync(join(path, 'engram/nodes'), `${findGit()}\n`)],
  ])('says when %s, and installing again mends it', async (_name, state, spoil) => {
    const repository = await withDriver();
    spoil(join(repository.path, '.git'));
    const driver = await driverOf(repository);
    expect(await driver.state()).toBe(state);
    await driver.install();
    expect(await driver.state()).toBe('ok');
    expect(conflicts(repository, ['merge', '-q', '--no-edit', 'topic'])).toBe(false);
  });
});
