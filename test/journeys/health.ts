import assert from 'node:assert/strict';
import { demoMemories, engram } from '../../scripts/demoTeam.ts';
import { commitAndPush, git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { sharedTeam } from './clones.ts';
import type { Journey } from './journey.ts';
import type { Workbench } from './workbench.ts';

async function reads(window: Workbench, wanted: RegExp): Promise<void> {
  await eventually(
    `the report says ${wanted}`,
    async () => {
      const text = await window.editorText();
      if (!wanted.test(text)) throw new Error(`read: ${JSON.stringify(text.slice(0, 1000))}`);
      return true;
    },
    20_000,
  );
}

/** From a memory that a fresh clone would lose to one that it would not, by the links of the report. */
const doctor: Journey = {
  name: 'Checking memory health',
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    await engram(team.carol, 'import');
    await engram(team.carol, 'save', '--title', 'Only on this machine', '--content', 'Content', '--project', 'lantern-shop');
    const window = await open(team.carol);
    await window.seesStatus(/1 to share/);
    await window.command('Engram: Check Memory Health');
    await reads(window, /No\. What is committed was imported into an empty database: \d of \d+ rows/);
    await reads(window, /Only on this machine/);
    await picture(window, 'health-report');
    await window.followLink('Sync');
    await window.seesStatus(/commit to share/);
    await window.followLink('Check again');
    await reads(window, /Exported, not committed/);
    await git(team.carol, 'add', '--all');
    await git(team.carol, 'commit', '--quiet', '--message', 'Share');
    await window.followLink('Check again');
    await reads(window, /Committed, not pushed/);
    await commitAndPush(team.carol, 'Share').catch(() => git(team.carol, 'push', '--quiet'));
    await window.followLink('Check again');
    await reads(window, /Yes\. What is committed was imported into an empty database: all \d+ rows come back/);
    await eventually('the links of the old report are gone', async () => (await window.links()).join('') === 'Check again');
    await picture(window, 'health-report-healthy');
  },
};

/** A chunk of Bob's goes again and comes back, and nobody else notices. */
const undo: Journey = {
  name: 'Undoing an import and importing again',
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    const window = await open(team.carol);
    await eventually('everything is imported', () => memoriesIn(team.carol).length === demoMemories, 20_000);
    await window.openSidebar();
    await window.command('Engram: List Chunks without Groups');
    await window.seesRow('Chunks', /bob/);
    const row = window.rows('Chunks').filter({ hasText: 'bob' }).first();
    await window.contextMenu(row, 'Undo Import of This Chunk');
    const dialog = window.page.locator('.monaco-dialog-box');
    await dialog.filter({ hasText: 'Removed from this database: 2 memories.' }).waitFor();
    await picture(window, 'undo-question');
    await window.modalButton('Undo Import').click();
    await eventually('its memories are gone', () => memoriesIn(team.carol).length === demoMemories - 2, 20_000);
    await window.seesRow('Chunks', /bob.*import undone/);
    await picture(window, 'undo-undone');
    await window.command('Engram: Sync');
    // "synced" is what the item says before the sync begins, too; while it runs the menu's entry is grey.
    await window.page.locator('.statusbar').filter({ hasText: 'nothing new' }).waitFor();
    await window.seesStatus(/synced/);
    assert.equal(memoriesIn(team.carol).length, demoMemories - 2, 'a sync does not bring it back');
    assert.equal((await git(team.carol, 'status', '--porcelain')).trim(), '', 'the team notices nothing');
    await window.contextMenu(row, 'Import Again');
    await eventually('it is back', () => memoriesIn(team.carol).length === demoMemories, 20_000);
  },
};

export const health: readonly Journey[] = [doctor, undo];
