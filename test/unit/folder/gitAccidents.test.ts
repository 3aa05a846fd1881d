import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { memoriesIn } from '../../memoriesIn.ts';
import { clone, comeToRest, commitAll, type Member, member, share, team } from '../../support/clonedTeam.ts';
import { chunkNames } from '../../support/folder.ts';
import { repositoryAt } from '../../support/gitRepository.ts';

const chunkFile = ({ root }: Member, id: string): string => join(root, 'chunks', `${id}.jsonl.gz`);

/** All have exactly these, nobody exports any more, and each doctor finds that a fresh clone would have everything. */
async function expectRest(members: readonly Member[], ...titles: string[]): Promise<void> {
  const { titles: found, exported } = await comeToRest(...members);
  expect(found).toEqual(members.map(() => titles.toSorted()));
  expect(exported).toEqual([]);
  for (const { folder, repository } of members) {
    repository.git('fetch', '-q');
    expect((await folder.doctor()).clone).toMatchObject({ lost: 0 });
  }
}

describe('git takes away what was just exported', () => {
  it('a stash: a sync meanwhile writes it once more, and what comes back is no second memory', async () => {
    const { alice, bob } = await team();
    await alice.folder.save({ title: 'Stashed', content: 'x' });
    await alice.folder.sync({});
    alice.repository.git('stash', '-q', '-u');
    await alice.folder.save({ title: 'Meanwhile', content: 'x' });
    await alice.folder.sync({});
    commitAll(alice.repository, 'meanwhile');
    try {
      alice.repository.git('stash', 'pop', '-q');
    } catch {
      await alice.folder.heal({});
      alice.repository.git('add', '-A');
    }
    await expectRest([alice, bob], 'On main', 'Stashed', 'Meanwhile');
  });

  it('git checkout -- .engram: the chunk that stays behind is listed again by the next sync', async () => {
    const { alice, bob } = await team();
    await alice.folder.save({ title: 'Thrown back', content: 'x' });
    await alice.folder.sync({});
    alice.repository.git('checkout', '-q', '--', '.engram');
    expect((await alice.folder.state()).chunks.filter(({ state }) => state === 'unlisted')).toHaveLength(1);
    await expectRest([alice, bob], 'On main', 'Thrown back');
  });

  it('git revert: nobody loses the memory, its author shares it again, a teammate never does by themselves', async () => {
    const { alice, bob } = await team();
    const id = await share(alice, 'Reverted');
    alice.repository.git('push', '-q');
    bob.repository.git('pull', '-q');
    await bob.folder.sync({});
    bob.repository.git('revert', '--no-edit', 'HEAD');
    expect(existsSync(chunkFile(bob, id))).toBe(false);
    expect((await bob.folder.sync({})).exported.chunkIds).toEqual([]);
    expect((await bob.folder.state()).toShare).toMatchObject({ noLongerShared: 0 });
    bob.repository.git('push', '-q');
    alice.repository.git('pull', '-q');
    await bob.folder.sync({});
    await expectRest([alice, bob], 'On main', 'Reverted');
  });

  it('a revert of the revert brings no second memory', async () => {
    const { alice, bob } = await team();
    await share(alice, 'Back and forth');
    alice.repository.git('push', '-q');
    bob.repository.git('pull', '-q');
    for (let times = 0; times < 4; times += 1) {
      bob.repository.git('revert', '--no-edit', 'HEAD');
      await bob.folder.importChunks({});
    }
    bob.repository.git('push', '-q');
    alice.repository.git('pull', '-q');
    await expectRest([alice, bob], 'On main', 'Back and forth');
  });
});

describe('a work tree that is not what was committed', () => {
  it('a sparse checkout without the chunks: what is missing is said, and a repair brings it', async () => {
    const { remote, alice } = await team();
    await share(alice, 'Second');
    alice.repository.git('push', '-q');
    const bob = await clone(remote);
    bob.repository.git('sparse-checkout', 'set', '--no-cone', '/*', '!/.engram/chunks/');
    expect(chunkNames(bob.root)).toEqual([]);
    await bob.folder.save({ title: 'Mine', content: 'x' });
    const { exported } = await bob.folder.sync({});
    expect(exported).toMatchObject({ memories: 1 });
    expect((await bob.folder.state()).chunkTotals).toMatchObject({ missing: 2 });
    expect((await bob.folder.heal({})).restored).toHaveLength(2);
    bob.repository.git('sparse-checkout', 'disable');
    await expectRest([alice, bob], 'On main', 'Second', 'Mine');
  });

  it('core.autocrlf: the manifest has other line ends, the chunks the same bytes, and git sees no change', async () => {
    const { remote, alice } = await team();
    await share(alice, 'Second');
    alice.repository.git('push', '-q');
    const bob = await clone(remote, '-c', 'core.autocrlf=true');
    expect(readFileSync(join(bob.root, 'manifest.json'), 'utf8')).toContain('\r\n');
    await bob.folder.sync({});
    await bob.folder.heal({});
    expect(bob.repository.git('status', '--porcelain')).toBe('');
    await bob.folder.save({ title: 'From there', content: 'x' });
    await expectRest([alice, bob], 'On main', 'Second', 'From there');
  });

  it('chunks as texts with other line ends are damaged and healed, and the doctor says what makes git do that', async () => {
    const { remote, alice } = await team();
    const told = async ({ folder }: Member) => (await folder.doctor()).findings.map(({ code }) => code).includes('chunk-as-text');
    // Packed bytes are as good as random: of some hundred one is a line feed.
    for (const title of ['Two', 'Three', 'Four']) await share(alice, title);
    expect(await told(alice)).toBe(false);
    await alice.repository.write('.gitattributes', '* text=auto eol=crlf\n');
    expect(await told(alice)).toBe(false);
    await alice.repository.write('.gitattributes', '* text eol=crlf\n');
    expect(await told(alice)).toBe(true);
    alice.repository.git('add', '.gitattributes');
    alice.repository.git('commit', '-q', '-m', 'texts');
    alice.repository.git('push', '-q');
    const carol = await clone(remote);
    await carol.folder.importChunks({});
    expect((await carol.folder.state()).chunkTotals.unreadable).toBeGreaterThan(0);
    await carol.folder.heal({});
    await carol.folder.importChunks({});
    expect(memoriesIn(carol.repository.path)).toEqual(['Four', 'On main', 'Three', 'Two']);
    await carol.repository.write('.engram/.gitattributes', 'chunks/*.gz binary\n');
    expect(await told(carol)).toBe(false);
    carol.repository.git('add', '-A');
    expect(carol.repository.git('diff', '--cached', '--name-only')).toBe('.engram/.gitattributes\n');
  });

  it('Git LFS pointers in place of chunks are called that, and the chunks are imported once they are there', async () => {
    const { alice, bob } = await team();
    const id = await share(alice, 'In LFS');
    alice.repository.git('push', '-q');
    bob.repository.git('pull', '-q');
    const whole = readFileSync(chunkFile(bob, id));
    writeFileSync(chunkFile(bob, id), `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 300\n`);
    const { problems } = await bob.folder.importChunks({});
    expect(problems).toMatchObject([{ code: 'chunk-corrupt', message: expect.stringContaining('git lfs pull') }]);
    writeFileSync(chunkFile(bob, id), whole);
    await expectRest([alice, bob], 'On main', 'In LFS');
  });

  it('two chunks that changed their names: none is imported by itself, both are when a person says so, and nothing twice', async () => {
    const { remote, alice, bob } = await team();
    const [one, two] = [await share(alice, 'One'), await share(alice, 'Two, which is longer')];
    alice.repository.git('push', '-q');
    bob.repository.git('pull', '-q');
    const carol = await clone(remote);
    await bob.folder.importChunks({});
    for (const who of [bob, carol]) {
      const [a, b] = [chunkFile(who, one), chunkFile(who, two)];
      renameSync(a, `${a}.swap`);
      renameSync(b, a);
      renameSync(`${a}.swap`, b);
      await who.folder.importChunks({});
      expect((await who.folder.state()).chunkTotals).toMatchObject({ altered: 2 });
    }
    expect(memoriesIn(bob.repository.path)).toEqual(['On main', 'One', 'Two, which is longer']);
    expect(memoriesIn(carol.repository.path)).toEqual(['On main']);
    expect(await carol.folder.importChunks({ ids: [one, two] })).toMatchObject({ memories: 2 });
    for (const who of [bob, carol]) {
      expect((await who.folder.sync({})).exported.chunkIds).toEqual([]);
      who.repository.git('checkout', '-q', '--', '.engram');
    }
    await expectRest([alice, bob, carol], 'On main', 'One', 'Two, which is longer');
  });

  it('a folder that one side moved while the other exported: all of both is at the new place', async () => {
    const { alice, bob } = await team();
    mkdirSync(join(bob.repository.path, 'app'));
    bob.repository.git('mv', '.engram', 'app/.engram');
    commitAll(bob.repository, 'moved');
    const moved = member(bob.repository, 'app');
    await moved.folder.importChunks({});
    await share(moved, 'After the move');
    bob.repository.git('push', '-q');
    await share(alice, 'At the old place');
    expect(() => alice.repository.git('pull', '-q', '--no-edit')).toThrow();
    const there = member(alice.repository, 'app');
    await there.folder.importChunks({});
    expect(await there.folder.state()).toMatchObject({ manifest: 'conflict', chunkTotals: { imported: 3 } });
    expect(await there.folder.heal({})).toMatchObject({ entries: 3, notFound: [] });
    commitAll(alice.repository, 'resolved');
    expect((await there.folder.sync({})).exported.chunkIds).toEqual([]);
    expect(memoriesIn(join(alice.repository.path, 'app'))).toEqual(['After the move', 'At the old place', 'On main']);
    alice.repository.git('push', '-q', 'origin', 'HEAD:main');
    expect((await there.folder.doctor()).clone).toMatchObject({ lost: 0 });
  });
});

describe('one repository in another', () => {
  it('each folder shares its own, and neither sees the other', async () => {
    const { alice } = await team();
    const inner = repositoryAt(join(alice.repository.path, 'vendored/inner'));
    mkdirSync(inner.path, { recursive: true });
    inner.git('init', '-q');
    const folders = [member(inner), member(alice.repository, 'packages/a'), alice];
    for (const { folder, repository, root } of folders) {
      await folder.initialise();
      await share({ folder, repository, root }, `In ${root}`);
    }
    for (const { folder, root } of folders) {
      expect(memoriesIn(join(root, '..')).filter((title) => title !== 'On main')).toEqual([`In ${root}`]);
      expect((await folder.sync({})).exported.chunkIds).toEqual([]);
    }
    expect(inner.git('status', '--porcelain')).toBe('');
  });
});

describe('clocks', () => {
  async function at(year: number, work: () => Promise<unknown>): Promise<void> {
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(year, 5, 1, 12));
    try {
      await work();
    } finally {
      now.mockRestore();
    }
  }

  it('of 2099 and of 1970: whoever changes what they see wins, and nothing waits for the year to come', async () => {
    const { alice, bob } = await team();
    let id = '';
    await at(2099, async () => {
      id = (await alice.folder.save({ title: 'From 2099', content: 'a' })).syncId;
    });
    await comeToRest(alice, bob);
    await at(1970, async () => {
      await bob.folder.edit(id, { title: 'Edited in 1970' });
      await bob.folder.save({ title: 'Saved in 1970', content: 'b' });
      await expectRest([bob, alice], 'Edited in 1970', 'On main', 'Saved in 1970');
    });
    await at(2099, async () => void (await alice.folder.remove(id)));
    await expectRest([alice, bob], 'On main', 'Saved in 1970');
  });
});
