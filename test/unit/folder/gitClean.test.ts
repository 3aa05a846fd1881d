import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { openIn, temporaryFolder } from '../../support/folder.ts';
import { type TestRepository, testRepository } from '../../support/gitRepository.ts';

interface Place {
  readonly repository: TestRepository;
  readonly root: string;
  readonly folder: MemoryFolder;
}

/** A repository whose `.engram` is committed with one memory; two more, a personal one and one that is not, are not shared. */
async function placeWithUnshared(): Promise<Place> {
  const repository = await testRepository();
  await repository.write('readme', 'first');
  commitAll(repository);
  repository.git('branch', 'without');
  const root = join(repository.path, '.engram');
  const folder = openIn(root, { keepFolder: join(temporaryFolder(), 'kept') });
  await folder.initialise();
  await folder.save({ title: 'Shared', content: 'a' });
  await folder.sync({});
  commitAll(repository);
  await folder.save({ title: 'Mine', content: 'b' });
  await folder.save({ title: 'Personal', content: 'c', scope: 'personal' });
  return { repository, root, folder };
}

function commitAll(repository: TestRepository): void {
  repository.git('add', '-A');
  repository.git('commit', '-q', '-m', 'all');
}

/** Nothing of ours that is private is there to be committed. */
function expectPrivate(repository: TestRepository): void {
  expect(repository.git('status', '--porcelain', '--untracked-files=all')).not.toMatch(/\.db|\.lock|\.tmp-|\.gitignore/);
}

async function expectBack({ repository, folder }: Place): Promise<void> {
  await folder.importChunks({});
  expect(await folder.state()).toMatchObject({ kept: 2 });
  expect(await folder.restoreKept()).toMatchObject({ memories: 2 });
  expect(await folder.state()).toMatchObject({ kept: 0, totals: { observations: 3 }, toShare: { memories: 1, personal: 1 } });
  expectPrivate(repository);
}

describe('memories that are not shared, in the window that was open all the time', () => {
  it('come back after git clean -fdx', async () => {
    const place = await placeWithUnshared();
    place.repository.git('clean', '-fdxq');
    expect(existsSync(join(place.root, 'engram.db'))).toBe(false);
    await expectBack(place);
  });

  it('come back after a deleted .engram that git has', async () => {
    const place = await placeWithUnshared();
    rmSync(place.root, { recursive: true });
    expect(await place.folder.state()).toMatchObject({ folder: 'absent' });
    place.repository.git('checkout', '-q', '--', '.engram');
    await expectBack(place);
  });

  it('come back after a deleted .engram that is made anew at once', async () => {
    const place = await placeWithUnshared();
    for (let round = 0; round < 5; round += 1) {
      rmSync(place.root, { recursive: true });
      await place.folder.initialise();
      expectPrivate(place.repository);
    }
    expect(await place.folder.state()).toMatchObject({ folder: 'ok', kept: 2, totals: { observations: 0 } });
    place.repository.git('checkout', '-q', '--', '.engram');
    await expectBack(place);
  });

  it('are there on a branch that has no chunks, and back again, also when both are cleaned', async () => {
    const place = await placeWithUnshared();
    place.repository.git('checkout', '-q', 'without');
    expect(await place.folder.state()).toMatchObject({ totals: { observations: 3 } });
    place.repository.git('clean', '-fdxq');
    expect(existsSync(place.root)).toBe(false);
    expect(await place.folder.state()).toMatchObject({ folder: 'absent-on-branch' });
    place.repository.git('checkout', '-q', 'main');
    await expectBack(place);
  });

  it('survive git stash -u, which takes nothing that is ignored', async () => {
    const place = await placeWithUnshared();
    await place.folder.sync({});
    await place.folder.save({ title: 'Later', content: 'd' });
    place.repository.git('stash', '-q', '-u');
    expect(await place.folder.state()).toMatchObject({ totals: { observations: 4 } });
    place.repository.git('stash', 'pop', '-q');
    expect((await place.folder.sync({})).exported).toMatchObject({ memories: 1 });
    expectPrivate(place.repository);
  });
});
