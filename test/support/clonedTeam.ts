import { basename, join } from 'node:path';
import { findGit } from '../../src/adapters/gitProcess.ts';
import type { MemoryFolder } from '../../src/openFolder.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { openIn } from './folder.ts';
import { repositoryAt, type TestRepository } from './gitRepository.ts';
import { scratchFolder } from './scratch.ts';

const gitPath = findGit();

/** A clone with its own database. */
export interface Member {
  readonly repository: TestRepository;
  readonly root: string;
  readonly folder: MemoryFolder;
}

export function member(repository: TestRepository, below = ''): Member {
  const root = join(repository.path, below, '.engram');
  return { repository, root, folder: openIn(root, { gitPath, sessionId: `vscode-${basename(repository.path)}` }) };
}

async function origin(): Promise<TestRepository> {
  const repository = repositoryAt(await scratchFolder());
  repository.git('init', '-q', '--bare');
  return repository;
}

export async function clone(from: TestRepository, ...options: string[]): Promise<Member> {
  const path = await scratchFolder();
  from.git('clone', '-q', ...options, `file://${from.path}`, path);
  const repository = repositoryAt(path);
  repository.git('config', 'pull.rebase', 'false');
  return member(repository);
}

/** A first chunk on `main`, pushed. */
export async function team(): Promise<{ remote: TestRepository; alice: Member; bob: Member }> {
  const remote = await origin();
  const alice = await clone(remote);
  await alice.repository.write('README');
  await alice.folder.initialise();
  await share(alice, 'On main');
  alice.repository.git('push', '-q', '-u', 'origin', 'HEAD:main');
  const bob = await clone(remote);
  await bob.folder.sync({});
  return { remote, alice, bob };
}

/** Saves, syncs and commits. @returns the chunk's id */
export async function share({ folder, repository }: Member, title: string): Promise<string> {
  await folder.save({ title, content: title });
  const { exported } = await folder.sync({});
  commitAll(repository, title);
  return exported.chunkIds[0] ?? '';
}

export function commitAll(repository: TestRepository, message: string): void {
  repository.git('add', '-A');
  repository.git('commit', '-q', '-m', message);
}

/**
 * Everybody syncs, commits, pulls and pushes, twice and once more; a conflict is repaired and committed, as a person would.
 *
 * @returns the live memories of each, by title, sorted; and what the last round still exported
 */
export async function comeToRest(...members: readonly Member[]): Promise<{ titles: string[][]; exported: readonly string[] }> {
  const exported: string[] = [];
  for (let round = 1; round <= 3; round += 1) {
    for (const one of members) {
      const { exported: written } = await one.folder.sync({});
      if (round === 3) exported.push(...written.chunkIds);
      await meet(one);
    }
  }
  for (const { folder } of members) await folder.sync({});
  return { titles: members.map(({ repository }) => memoriesIn(repository.path)), exported };
}

async function meet({ repository, folder }: Member): Promise<void> {
  repository.git('add', '-A');
  if (repository.git('status', '--porcelain') !== '') repository.git('commit', '-q', '-m', 'share');
  repository.git('fetch', '-q');
  try {
    repository.git('merge', '-q', '--no-edit', 'origin/main');
  } catch {
    await folder.heal({});
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'resolve');
  }
  repository.git('push', '-q', 'origin', 'HEAD:main');
}
