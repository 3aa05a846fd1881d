import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clone, commitAll, type Member, member, share, team } from '../../support/clonedTeam.ts';
import { chunkNames, chunkText } from '../../support/folder.ts';
import { repositoryAt, testRepository } from '../../support/gitRepository.ts';
import { scratchFolder } from '../../support/scratch.ts';

/** Alice's new memory, on a branch that Bob has synced, too. */
async function shareOnFeature(alice: Member, bob: Member, title: string): Promise<void> {
  alice.repository.git('checkout', '-q', '-b', 'feature');
  await share(alice, title);
  alice.repository.git('push', '-q', 'origin', 'feature');
  bob.repository.git('fetch', '-q');
  bob.repository.git('checkout', '-q', 'feature');
  await bob.folder.sync({});
}

/** Everywhere, and never merged. */
function throwFeatureAway(alice: Member, bob: Member): void {
  for (const { repository } of [alice, bob]) {
    repository.git('checkout', '-q', 'main');
    repository.git('branch', '-q', '-D', 'feature');
  }
  alice.repository.git('push', '-q', 'origin', '--delete', 'feature');
  bob.repository.git('fetch', '-q', '--prune');
}

const nothing = { chunkIds: [], heldBack: 0 };

describe('a sync on a branch that lacks a chunk', () => {
  it('exports nothing of it while a local or a remote branch has it', async () => {
    const { remote, alice, bob } = await team();
    alice.repository.git('checkout', '-q', '-b', 'feature');
    await share(alice, 'On the feature');
    alice.repository.git('push', '-q', 'origin', 'feature');
    alice.repository.git('checkout', '-q', 'main');
    expect((await alice.folder.sync({})).exported).toMatchObject(nothing);
    expect((await alice.folder.state()).totals.observations).toBe(2);

    bob.repository.git('pull', '-q');
    bob.repository.git('checkout', '-q', 'feature');
    await bob.folder.sync({});
    bob.repository.git('checkout', '-q', 'main');
    bob.repository.git('branch', '-q', '-D', 'feature'); // origin/feature remains
    expect((await bob.folder.sync({})).exported).toMatchObject(nothing);
    expect(remote.git('branch', '--list', 'feature')).toContain('feature');
  });

  it('exports nothing after a squash merge that brought the chunk to main', async () => {
    const { alice } = await team();
    alice.repository.git('checkout', '-q', '-b', 'feature');
    const id = await share(alice, 'Squashed');
    alice.repository.git('checkout', '-q', 'main');
    alice.repository.git('merge', '-q', '--squash', 'feature');
    alice.repository.git('commit', '-q', '-m', 'Squash');
    alice.repository.git('branch', '-q', '-D', 'feature');
    expect(chunkNames(alice.root)).toContain(`${id}.jsonl.gz`);
    expect((await alice.folder.sync({})).exported).toMatchObject(nothing);
  });

  it('exports again what a deleted branch took, but only from the database that had exported it', async () => {
    const { alice, bob } = await team();
    await shareOnFeature(alice, bob, 'Thrown away');
    throwFeatureAway(alice, bob);
    expect((await bob.folder.sync({})).exported).toMatchObject({ chunkIds: [], heldBack: 1 });
    expect((await bob.folder.state()).toShare).toMatchObject({ memories: 0, noLongerShared: 1 });
    const [lost] = await bob.folder.noLongerShared();
    await bob.folder.remove(lost?.key ?? '');
    expect((await bob.folder.state()).toShare).toMatchObject({ deletes: 0, noLongerShared: 0 });
    expect((await alice.folder.sync({})).exported).toMatchObject({ memories: 1 });
  });

  it('exports again what its author had shared there, though a teammate had edited it', async () => {
    const { alice, bob } = await team();
    await shareOnFeature(alice, bob, 'Edited by two');
    const [hit] = await bob.folder.search('Edited', {});
    await bob.folder.edit(hit?.syncId ?? '', { content: 'by bob' });
    await bob.folder.sync({});
    commitAll(bob.repository, 'Edit');
    bob.repository.git('push', '-q', 'origin', 'feature');
    alice.repository.git('pull', '-q', 'origin', 'feature');
    await alice.folder.sync({});
    throwFeatureAway(alice, bob);
    expect((await bob.folder.sync({})).exported).toMatchObject({ chunkIds: [], heldBack: 1 });
    const { exported } = await alice.folder.sync({});
    expect(exported).toMatchObject({ memories: 1, heldBack: 0 });
    expect(chunkText(alice.root, exported.chunkIds[0] ?? '')).toContain('by bob');
  });

  it('exports again what was never committed and is gone, though the manifest lists it', async () => {
    const { alice } = await team();
    await alice.folder.save({ title: 'Only listed', content: 'x' });
    const { exported } = await alice.folder.sync({});
    alice.repository.git('commit', '-q', '-m', 'In haste', '.engram/manifest.json');
    alice.repository.git('clean', '-fdq');
    expect(chunkNames(alice.root)).not.toContain(`${exported.chunkIds[0]}.jsonl.gz`);
    expect((await alice.folder.sync({})).exported).toMatchObject({ memories: 1 });
  });

  it.each([['engram.db', 'index.db'], ['engram.db']])('knows its own chunk again after a crash before %s was saved', async (...unsaved) => {
    const { alice } = await team();
    await alice.folder.save({ title: 'Before the crash', content: 'x' });
    for (const name of unsaved) cpSync(join(alice.root, name), join(alice.root, `${name}.before`));
    await alice.folder.sync({});
    await alice.folder.close();
    for (const name of unsaved) renameSync(join(alice.root, `${name}.before`), join(alice.root, name));
    const reopened = member(alice.repository);
    expect((await reopened.folder.sync({})).exported).toMatchObject(nothing);
    alice.repository.git('checkout', '-q', '.');
    alice.repository.git('clean', '-fdq');
    expect((await reopened.folder.sync({})).exported).toMatchObject({ memories: 1, heldBack: 0 });
  });

  it('waits for git to bring back a chunk that is committed and gone from the work tree', async () => {
    const { alice } = await team();
    const id = await share(alice, 'Deleted by hand');
    rmSync(join(alice.root, 'chunks', `${id}.jsonl.gz`));
    expect((await alice.folder.sync({})).exported).toMatchObject(nothing);
  });

  it('holds back what a force push purged', async () => {
    const { alice, bob } = await team();
    const before = alice.repository.git('rev-parse', 'HEAD').trim();
    await share(alice, 'A secret');
    alice.repository.git('push', '-q');
    bob.repository.git('pull', '-q');
    await bob.folder.sync({});
    alice.repository.git('reset', '-q', '--hard', before);
    alice.repository.git('push', '-q', '--force');
    bob.repository.git('fetch', '-q');
    bob.repository.git('reset', '-q', '--hard', 'origin/main');
    expect((await bob.folder.sync({})).exported).toMatchObject({ chunkIds: [], heldBack: 1 });
    expect(await bob.folder.search('secret', {})).toHaveLength(1);

    const [row] = await bob.folder.noLongerShared();
    expect(row).toMatchObject({ kind: 'observation', label: 'A secret' });
    await bob.folder.shareAgain(['not-one-of-them', row?.key ?? '']);
    expect((await bob.folder.state()).toShare).toMatchObject({ memories: 1, noLongerShared: 0 });
    expect((await bob.folder.sync({})).exported).toMatchObject({ memories: 1, heldBack: 0 });
  });
});

describe('a sync in a repository of another kind', () => {
  it('works in a shallow clone', async () => {
    const { remote, alice } = await team();
    await share(alice, 'Second');
    alice.repository.git('push', '-q');
    const shallow = await clone(remote, '--depth=1');
    expect(await shallow.folder.sync({})).toMatchObject({ imported: { memories: 2 }, exported: nothing });
  });

  it('works in a linked work tree: its branch and the other one know of each other', async () => {
    const { alice } = await team();
    const path = join(await scratchFolder(), 'linked');
    alice.repository.git('worktree', 'add', '-q', '-b', 'linked', path);
    const linked = member(repositoryAt(path));
    await linked.folder.sync({});
    await share(linked, 'In the linked one');
    linked.repository.git('checkout', '-q', '--detach', 'main');
    expect((await linked.folder.sync({})).exported).toMatchObject(nothing);
    expect(alice.repository.git('status', '--porcelain')).toBe('');
  });

  it('works in a submodule', async () => {
    const { remote } = await team();
    const parent = await testRepository();
    parent.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', `file://${remote.path}`, 'lib');
    const inside = member(repositoryAt(join(parent.path, 'lib')));
    expect(await inside.folder.sync({})).toMatchObject({ imported: { memories: 1 }, exported: nothing });
    await share(inside, 'In the submodule');
    expect((await inside.folder.sync({})).exported).toMatchObject(nothing);
    expect(existsSync(join(inside.root, '.gitignore'))).toBe(true);
    expect(inside.repository.git('status', '--porcelain')).toBe('');
  });

  it('works with a detached HEAD', async () => {
    const { alice } = await team();
    alice.repository.git('checkout', '-q', '--detach');
    await share(alice, 'Detached');
    expect((await alice.folder.sync({})).exported).toMatchObject(nothing);
    expect((await alice.folder.state()).git.branch).toBe('');
  });

  it('works without a repository, where only the folder says what is shared', async () => {
    const { alice } = await team();
    rmSync(join(alice.repository.path, '.git'), { recursive: true });
    expect((await alice.folder.sync({})).exported).toMatchObject(nothing);
    await alice.folder.save({ title: 'No git', content: 'x' });
    expect((await alice.folder.sync({})).exported).toMatchObject({ memories: 1 });
  });
});
