import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { demoMemories, engram } from '../../scripts/demoTeam.ts';
import { commitAndPush, git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { sharedTeam } from './clones.ts';
import type { Journey } from './journey.ts';

const twoWindows: Journey = {
  name: 'Two windows on one folder',
  run: async ({ folder, open }) => {
    const team = await sharedTeam(folder);
    const windows = [await open(team.carol), await open(team.carol)];
    await eventually('what was there', () => memoriesIn(team.carol).length === demoMemories, 20_000);
    await engram(team.alice, 'save', '--title', 'For both windows', '--content', 'Content', '--project', 'lantern-shop');
    await engram(team.alice, 'sync', '--created-by', 'alice');
    await commitAndPush(team.alice, 'Share');
    await git(team.carol, 'pull', '--quiet');
    await eventually('the pulled memory', () => memoriesIn(team.carol).includes('For both windows'));
    for (const window of windows) await window.seesStatus(/synced/);
    const titles = memoriesIn(team.carol);
    assert.equal(titles.length, demoMemories + 1);
    assert.equal(new Set(titles).size, titles.length, 'no memory twice');
  },
};

const subFolder: Journey = {
  name: 'A sub-folder of the repository',
  run: async ({ folder, open }) => {
    const team = await sharedTeam(folder);
    const below = path.join(team.carol, 'src/checkout');
    mkdirSync(below, { recursive: true });
    const window = await open(below);
    await window.seesStatus(/synced/);
    assert.equal(memoriesIn(team.carol).length, demoMemories);
  },
};

const multiRoot: Journey = {
  name: 'Two folders in one window',
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    await git(team.bob, 'pull', '--quiet');
    const file = path.join(folder, 'both.code-workspace');
    writeFileSync(
      file,
      JSON.stringify({
        folders: [
          { path: team.bob, name: 'bob' },
          { path: team.carol, name: 'carol' },
        ],
      }),
    );
    const window = await open(file);
    for (const clone of [team.bob, team.carol]) await eventually(clone, () => memoriesIn(clone).length === demoMemories, 20_000);
    await window.openSidebar();
    await window.seesRow('Chunks', /bob/);
    await window.seesRow('Chunks', /carol/);
    await picture(window, 'two-folders');
    await engram(team.bob, 'save', '--title', 'Saved beside the window', '--content', 'Content', '--project', 'lantern-shop');
    await window.statusItem.click();
    await eventually('a click syncs all', async () =>
      /chunks\//.test(await git(team.bob, 'status', '--porcelain', '--untracked-files=all')),
    );
    assert.equal(await window.page.locator('.statusbar-item[id$="engram.status"]').count(), 1);
  },
};

/** Which folders a window may be on. */
export const folders: readonly Journey[] = [twoWindows, subFolder, multiRoot];
