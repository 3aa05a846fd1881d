import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { commitAndPush, git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { ourExtension } from './extension.ts';
import { engram, theTeam } from './team.ts';

/** The requirement: what a git command brought is in the database within 3 s of its end, without a click. */
const limitMs = 3000;

describe('after git in a terminal, by itself', () => {
  const { alice, bob } = theTeam();

  /** Alice shares one more memory with everybody. */
  const share = async (title: string) => {
    await git(alice, 'pull', '--quiet');
    await engram(alice, 'save', '--title', title, '--content', `Content of ${title}`, '--project', 'lantern-shop');
    await engram(alice, 'sync', '--created-by', 'alice');
    await commitAndPush(alice, title);
  };
  const arrives = (title: string) => eventually(`${title} is in the database`, () => memoriesIn(bob).includes(title), limitMs);

  before(async () => {
    await ourExtension().activate();
    await eventually('what was there at the start is imported', () => memoriesIn(bob).length > 0);
  });

  it('imports after a pull', async () => {
    await share('After a pull');
    await git(bob, 'pull', '--quiet');
    await arrives('After a pull');
  });

  it('imports after fetch and merge', async () => {
    await share('After a merge');
    await git(bob, 'fetch', '--quiet');
    await git(bob, 'merge', '--quiet', 'origin/main');
    await arrives('After a merge');
  });

  it('imports after a rebase of own commits', async () => {
    await git(bob, 'commit', '--quiet', '--allow-empty', '--message', 'Own work');
    await share('After a rebase');
    await git(bob, 'pull', '--quiet', '--rebase');
    await arrives('After a rebase');
  });

  it('imports after the checkout of a branch that has more', async () => {
    await git(bob, 'branch', '--quiet', 'before');
    await share('On another branch');
    await git(bob, 'fetch', '--quiet');
    await git(bob, 'checkout', '--quiet', '-b', 'more', 'origin/main');
    await arrives('On another branch');
    await git(bob, 'checkout', '--quiet', 'main');
  });

  it('imports what a stash brings back', async () => {
    await git(bob, 'pull', '--quiet');
    await engram(alice, 'save', '--title', 'From a stash', '--content', 'Content', '--project', 'lantern-shop');
    await engram(alice, 'sync', '--created-by', 'alice');
    await git(alice, 'add', '--all');
    const patch = await git(alice, 'stash', 'create');
    await git(alice, 'push', '--quiet', 'origin', `${patch.trim()}:refs/heads/stashed`);
    await git(bob, 'fetch', '--quiet', 'origin', 'stashed');
    await git(bob, 'stash', 'apply', '--quiet', '--index', 'FETCH_HEAD');
    await arrives('From a stash');
    for (const clone of [alice, bob]) await git(clone, 'reset', '--quiet', '--hard');
  });

  it('loses nothing and writes nothing into git by itself', async () => {
    const chunks = readdirSync(path.join(bob, '.engram/chunks')).length;
    const manifest = JSON.parse(readFileSync(path.join(bob, '.engram/manifest.json'), 'utf8')) as { chunks: unknown[] };
    assert.equal(manifest.chunks.length, chunks);
    assert.doesNotMatch(await git(bob, 'status', '--porcelain'), /\.db|\.lock|tmp/);
  });

  it('imports both sides of a merge that conflicts in the manifest', async () => {
    await engram(bob, 'save', '--title', 'At the same time, bob', '--content', 'Content', '--project', 'lantern-shop');
    await engram(bob, 'sync', '--created-by', 'bob');
    await git(bob, 'add', '.engram');
    await git(bob, 'commit', '--quiet', '--message', 'Share at the same time');
    await share('At the same time, alice');
    await assert.rejects(git(bob, 'pull', '--quiet', '--no-rebase'), /CONFLICT|ended with 1/);
    await arrives('At the same time, alice');
    assert.ok(memoriesIn(bob).includes('At the same time, bob'));
  });
});
