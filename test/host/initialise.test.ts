import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { commands } from 'vscode';
import { git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { ourExtension } from './extension.ts';
import { theTeam } from './team.ts';

/** No watcher has told of anything yet: the command itself has to look. */
describe('Initialize in the moment after rm -rf .engram', () => {
  const { bob } = theTeam();
  const engram = path.join(bob, '.engram');

  before(async () => {
    await ourExtension().activate();
    await git(bob, 'reset', '--quiet', '--hard', 'origin/main');
    await eventually('what was there at the start is imported', () => memoriesIn(bob).length > 0);
  });

  it('makes the folder anew, as often as it is deleted', async () => {
    for (let round = 1; round <= 3; round++) {
      rmSync(engram, { recursive: true });
      await commands.executeCommand('engram.initialise');
      assert.ok(existsSync(path.join(engram, 'manifest.json')), `round ${round}`);
      assert.match(readFileSync(path.join(engram, '.gitignore'), 'utf8'), /\.db/);
    }
  });

  it('and the window sees at once what git brings back', async () => {
    const before = JSON.parse(await git(bob, 'show', 'HEAD:.engram/manifest.json')) as { chunks: unknown[] };
    await git(bob, 'checkout', '--quiet', '--', '.engram');
    await eventually('the memories are back', () => memoriesIn(bob).length >= before.chunks.length);
    assert.equal((await git(bob, 'status', '--porcelain')).trim(), '');
  });
});
