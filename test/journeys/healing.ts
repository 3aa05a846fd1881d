import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { demoMemories, engram, type Team } from '../../scripts/demoTeam.ts';
import { exec } from '../../scripts/exec.ts';
import { commitAndPush, git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { sharedTeam } from './clones.ts';
import type { Journey, Stage } from './journey.ts';
import type { Workbench } from './workbench.ts';

const manifestOf = (clone: string) => path.join(clone, '.engram/manifest.json');
const chunkFiles = (clone: string) =>
  readdirSync(path.join(clone, '.engram/chunks')).map((name) => path.join(clone, '.engram/chunks', name));

/** `undefined` where the manifest is no JSON. */
function listedIn(clone: string): string[] | undefined {
  try {
    const { chunks } = JSON.parse(readFileSync(manifestOf(clone), 'utf8')) as { chunks: { id: string }[] };
    return chunks.map(({ id }) => id);
  } catch {
    return undefined;
  }
}

async function saveAndSync(clone: string, author: string, title: string): Promise<void> {
  await engram(clone, 'save', '--title', title, '--content', `Content of ${title}`, '--project', 'lantern-shop');
  await engram(clone, 'sync', '--created-by', author);
}

/** Bob and Carol have each shared a memory at the same time; Carol has committed hers and not pulled yet. */
async function atTheSameTime(team: Team): Promise<void> {
  await git(team.bob, 'pull', '--quiet');
  await saveAndSync(team.bob, 'bob', 'Flags need an owner');
  await commitAndPush(team.bob, 'Share at the same time');
  await saveAndSync(team.carol, 'carol', 'Carts expire after a day');
  await git(team.carol, 'add', '--all');
  await git(team.carol, 'commit', '--quiet', '--message', 'Share at the same time, too');
}

const pull = (clone: string) => exec('git', ['-C', clone, 'pull', '--quiet', '--no-rebase', '--no-edit']);

async function clickRow(window: Workbench, headline: string): Promise<void> {
  const row = window.rows('Chunks').filter({ hasText: headline }).first();
  await row.click();
}

const conflict: Journey = {
  name: 'Healing a conflict with one click',
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    await atTheSameTime(team);
    assert.notEqual((await pull(team.carol)).code, 0);
    assert.equal(listedIn(team.carol), undefined);
    const window = await open(team.carol);
    await window.openSidebar();
    await window.seesStatus(/conflict/);
    await window.seesNotice('Manifest conflict', /Nothing is lost: a repair lists 5 chunks, those of both sides\./, 'Click to repair');
    assert.match(await window.statusSpoken(), /conflict, Click to repair$/);
    await picture(window, 'healing-conflict');
    await window.statusItem.click();
    await eventually('both sides are listed', () => listedIn(team.carol)?.length === 5, 20_000);
    await window.toasts().filter({ hasText: 'git add .engram/manifest.json' }).first().waitFor();
    await window.seesRow('Chunks', /Repaired.*git add \.engram\/manifest\.json/);
    await picture(window, 'healing-conflict-repaired');
    assert.notEqual(await git(team.carol, 'ls-files', '--unmerged'), '', 'the last step is left to the person');
    await git(team.carol, 'add', '.engram/manifest.json');
    await git(team.carol, 'commit', '--quiet', '--no-edit');
    await window.seesStatus(/synced/);
    assert.equal(memoriesIn(team.carol).length, demoMemories + 2);
  },
};

/** As if a merge had been resolved to one side: the entry is gone, the chunk is there. @returns how many are listed with it */
async function dropAnEntry(clone: string): Promise<number> {
  const manifest = JSON.parse(readFileSync(manifestOf(clone), 'utf8')) as { chunks: unknown[] };
  const count = manifest.chunks.length;
  writeFileSync(manifestOf(clone), JSON.stringify({ ...manifest, chunks: manifest.chunks.slice(1) }, undefined, 2));
  await git(clone, 'commit', '--quiet', '--all', '--message', 'Merge, wrongly');
  return count;
}

const byItself: Journey = {
  name: 'Healing an entry that a merge dropped, by itself',
  run: async ({ folder, open, picture }) => {
    const { carol } = await sharedTeam(folder);
    const count = await dropAnEntry(carol);
    const window = await open(carol);
    await window.openSidebar();
    await eventually('the entry is back', () => listedIn(carol)?.length === count, 20_000);
    await window.seesStatus(/commit to share/);
    await window.seesNotice('Repaired', /lists 1 chunk more\. Commit \.engram to share it\./, 'Click to open Source Control');
    await picture(window, 'healing-healed');
    assert.equal(await window.toasts().count(), 0, 'quietly');
    await git(carol, 'commit', '--quiet', '--all', '--message', 'Healed');
    await window.seesStatus(/synced/);
  },
};

const unlisted: Journey = {
  name: 'Healing an entry that a merge dropped, by a click where imports are by hand',
  server: { settings: { 'engram.autoImport': 'off' } },
  run: async ({ folder, open, picture }) => {
    const { carol } = await sharedTeam(folder);
    await engram(carol, 'import');
    const count = await dropAnEntry(carol);
    const window = await open(carol);
    await window.openSidebar();
    await window.seesStatus(/1 not listed/);
    await window.seesNotice('Chunks not listed', /1 chunk is here .*A repair lists it again\./, 'Click to repair');
    await picture(window, 'healing-unlisted');
    await window.page.waitForTimeout(3000);
    assert.equal(listedIn(carol)?.length, count - 1, 'nothing happens by itself');
    await clickRow(window, 'Chunks not listed');
    await eventually('the entry is back', () => listedIn(carol)?.length === count);
    await window.seesRow('Chunks', /Repaired/);
  },
};

const missing: Journey = {
  name: 'Healing a chunk without a file from git history',
  run: async ({ folder, open, picture }) => {
    const { carol } = await sharedTeam(folder);
    const [file = ''] = chunkFiles(carol);
    const bytes = readFileSync(file);
    rmSync(file);
    await git(carol, 'commit', '--quiet', '--all', '--message', 'Clean up, wrongly');
    const window = await open(carol);
    await window.openSidebar();
    await window.seesStatus(/1 missing/);
    await window.seesNotice('Chunks missing', /1 chunk is listed, .*looks for it in git’s history\./, 'Click to repair');
    assert.match(await window.statusSpoken(), /1 missing, Click to look in git’s history$/);
    await picture(window, 'healing-missing');
    await window.statusItem.click();
    await eventually('the file is back, byte for byte', () => readFileSync(file).equals(bytes));
    await window.seesRow('Chunks', /Repaired.*1 chunk came back/);
    await eventually('what it holds is imported', () => memoriesIn(carol).length === demoMemories);
    await picture(window, 'healing-restored');
  },
};

const tornAndAltered: Journey = {
  name: 'Healing a torn chunk, and leaving an altered one to the person',
  run: async ({ folder, open, picture }) => {
    const { carol } = await sharedTeam(folder);
    const [torn = '', altered = '', other = ''] = chunkFiles(carol);
    const bytes = readFileSync(torn);
    truncateSync(torn, 60);
    copyFileSync(other, altered);
    const window = await open(carol);
    await window.openSidebar();
    await window.seesStatus(/2 damaged/);
    await window.seesNotice(
      'Chunk altered',
      /its content does not match its name\. It is imported only if you say so\./,
      'Click to decide whether it is imported',
    );
    await picture(window, 'healing-altered');
    await window.seesNotice('Chunk damaged', /cannot be read .*Nothing of it was imported: restore its file/, 'Click to repair');
    await picture(window, 'healing-torn');
    await clickRow(window, 'Chunk damaged');
    await eventually('the torn one is whole', () => readFileSync(torn).equals(bytes));
    await window.seesRow('Chunks', /Chunk altered/);
    await window.seesStatus(/1 damaged/);
    assert.notDeepEqual(readFileSync(altered), bytes);
    await clickRow(window, 'Chunk altered');
    await window.page.locator('.monaco-dialog-box').filter({ hasText: 'Import the altered chunk' }).waitFor();
    await picture(window, 'healing-altered-question');
    await window.modalButton('Import Anyway').click();
    await window.seesStatus(/commit to share|synced/);
  },
};

const mergeDriver: Journey = {
  name: 'Healing before it hurts: the merge driver',
  run: async ({ folder, open, picture }: Stage) => {
    const team = await sharedTeam(folder);
    await atTheSameTime(team);
    const window = await open(team.carol);
    await window.openSidebar();
    await window.seesRow('Chunks', /carol/);
    await window.command('Engram: Install Merge Driver');
    await window.toasts().filter({ hasText: 'merge driver is installed' }).first().waitFor();
    await picture(window, 'healing-merge-driver');
    const { code, output } = await pull(team.carol);
    assert.equal(code, 0, output);
    assert.equal(listedIn(team.carol)?.length, 5);
    await eventually('both sides are imported', () => memoriesIn(team.carol).length === demoMemories + 2);
    await window.seesStatus(/synced/);
    await window.command('Engram: Remove Merge Driver');
    await eventually('nothing is left', async () => !/engram/.test(readFileSync(path.join(team.carol, '.git/config'), 'utf8')));
  },
};

/** What goes wrong with manifest and chunks: seen, understood, and mended with one click or none. */
export const healing: readonly Journey[] = [conflict, byItself, unlisted, missing, tornAndAltered, mergeDriver];
