import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { demoMemories } from '../../scripts/demoTeam.ts';
import type { Harness } from '../../scripts/harness/install.ts';
import type { Locator } from '../../scripts/harness/playwright.ts';
import { eventually } from '../eventually.ts';
import { integrityOf } from '../support/liveDatabase.ts';
import { accessibilityFindings } from './accessibility.ts';
import { listJson } from './badFolders.ts';
import { sharedTeam } from './clones.ts';
import type { Journey, Stage } from './journey.ts';
import { answerQuestion, liveDatabaseOf, liveTitles, PROMPT } from './liveMemories.ts';
import { saveMemory } from './people.ts';
import type { Workbench } from './workbench.ts';

const OWN = 'Written before the program was in use';

interface Scene {
  readonly stage: Stage;
  readonly window: Workbench;
  /** The clone. */
  readonly carol: string;
  /** The Engram program's database. */
  readonly file: string;
}

/** Both kinds of memories side by side: which are in use is always said, and nothing crosses over that nobody sent. */
const choosing: Journey = {
  name: 'Choosing between two databases, and copying',
  run: async (stage) => {
    const { carol } = await sharedTeam(stage.folder);
    const file = liveDatabaseOf(stage, 'lantern-shop');
    const window = await stage.open(carol);
    const scene = { stage, window, carol, file };
    await answerQuestion(window, 'Keep the Folder');
    await window.openSidebar();
    await saveMemory(window, OWN, 'By hand.');
    await window.seesStatus(/1 to share/);
    await saysInUse(window, 'this folder’s own', 'Memories of this folder alone, not those of the Engram program.');
    assert.deepEqual(liveTitles(file), ['Lamps are billed per hour', 'Of another project']);

    await copyToTheProgram(scene);
    await changeOver(scene);
    await copyToTheFolder(scene);

    await window.command('Engram: Choose Database');
    await takeByKeyboard(window, 'This Folder’s Own Memories');
    await saysInUse(window, 'this folder’s own', 'Memories of this folder alone, not those of the Engram program.');
    assert.equal(liveTitles(file).length, 3 + demoMemories, 'changing back copies nothing either');
    assert.deepEqual(integrityOf(file), ['ok']);
  },
};

async function copyToTheProgram({ stage, window, file }: Scene): Promise<void> {
  await window.command('Engram: Copy Memories Between Databases');
  await seesPick(stage, window, 'Copy which memories?', 'copy-memories');
  await window.page.keyboard.press('Escape');
  await window.page.locator('.quick-input-widget:visible').waitFor({ state: 'hidden' });
  assert.equal(liveTitles(file).length, 2, 'leaving copies nothing');
  await window.command('Engram: Copy Memories Between Databases');
  await takeByKeyboard(window, 'From This Folder to the Engram Program');
  await seesMessage(window, `copied ${demoMemories + 1} memories`);
  await stage.picture(window, 'copied-memories');
  assert.equal(liveTitles(file).length, 3 + demoMemories);
  await window.command('Engram: Copy Memories Between Databases');
  await takeByKeyboard(window, 'From This Folder to the Engram Program');
  await seesMessage(window, 'nothing to copy, both have the same');
}

async function changeOver({ stage, window, file }: Scene): Promise<void> {
  await window.command('Engram: Choose Database');
  await seesPick(stage, window, 'Which memories does this folder share?', 'choose-database');
  await window.page.keyboard.press('Escape');
  await saysInUse(window, 'this folder’s own', 'Memories of this folder alone, not those of the Engram program.');
  await window.command('Engram: Choose Database');
  await takeByKeyboard(window, 'Memories of the Engram Program');
  const told = window.toasts().filter({ hasText: 'Nothing was copied: the folder’s own stay where they are.' }).first();
  await told.waitFor();
  await stage.picture(window, 'changed-database');
  await saysInUse(window, 'Engram program: lantern-shop', 'Memories of the Engram program, project “lantern-shop”.');
  assert.equal(liveTitles(file).length, 3 + demoMemories, 'changing over copies nothing');
  await told.locator('.monaco-button', { hasText: 'Copy…' }).click();
}

/** The first time by the button of the notice. */
async function copyToTheFolder({ window }: Scene): Promise<void> {
  for (const said of ['copied 1 memory, 1 prompt', 'nothing to copy, both have the same']) {
    if (said.startsWith('nothing')) await window.command('Engram: Copy Memories Between Databases');
    await takeByKeyboard(window, 'From the Engram Program to This Folder');
    await seesMessage(window, said);
  }
}

/** What leaves is asked once for each project; what a chunk changes elsewhere waits for a person. */
const sharing: Journey = {
  name: 'Choosing what is shared, and what others may change',
  run: async (stage) => {
    const { carol } = await sharedTeam(stage.folder);
    const file = liveDatabaseOf(stage, 'lantern-shop');
    const window = await stage.open(carol);
    const scene = { stage, window, carol, file };
    await answerQuestion(window, 'Use the Program');
    await window.openSidebar();
    await window.seesStatus(/2 to share/);
    await anotherProject(scene);
    await memoriesOnly(scene);
    await heldBack(scene);
    assert.deepEqual(integrityOf(file), ['ok']);
  },
};

async function anotherProject({ stage, window, carol }: Scene): Promise<void> {
  const before = chunksOf(carol);
  await window.command('Engram: Choose What Is Shared');
  await seesDialog(stage, window, 'Share memories of project “lantern-shop”', 'choose-sharing');
  await window.page.keyboard.press('Escape');
  await window.modal.waitFor({ state: 'hidden' });
  await window.command('Engram: Choose What Is Shared');
  await window.modalButton('Share Memories and Prompts').click();
  await window.modal.waitFor({ state: 'hidden' });
  await window.command('Engram: Choose What Is Shared');
  await window.modalButton('Another Project…').click();
  const input = window.page.locator('.quick-input-widget:visible input');
  await input.fill('other');
  await input.press('Enter');
  await window.modal.filter({ hasText: 'Share memories of project “other”' }).waitFor();
  await window.page.keyboard.press('Escape');
  await saysInUse(window, 'Engram program: other', 'project “other”');
  // What was said of one project says nothing of the other.
  await window.seesStatus(/1 to share/);
  await window.statusItem.click();
  await window.modal.filter({ hasText: 'Share memories of project “other”' }).waitFor();
  await window.page.keyboard.press('Escape');
  await window.modal.waitFor({ state: 'hidden' });
  await window.seesStatus(/1 to share/);
  assert.deepEqual(chunksOf(carol), before, 'nothing left without an answer');
}

async function memoriesOnly({ window, carol }: Scene): Promise<void> {
  const before = chunksOf(carol);
  await window.command('Engram: Choose What Is Shared');
  await window.modalButton('Another Project…').click();
  const input = window.page.locator('.quick-input-widget:visible input');
  await input.fill('lantern-shop');
  await input.press('Enter');
  await window.modal.filter({ hasText: 'Share memories of project “lantern-shop”' }).waitFor();
  await window.modalButton('Share Memories Only').click();
  await window.seesStatus(/1 to share/);
  await window.statusItem.click();
  await window.seesStatus(/commit to share/);
  const added = chunksOf(carol).filter((name) => !before.includes(name));
  assert.equal(added.length, 1);
  const text = gunzipSync(readFileSync(path.join(carol, '.engram/chunks', added[0] ?? ''))).toString();
  assert.match(text, /Lamps are billed per hour/);
  assert.ok(!text.includes(PROMPT), 'the prompt stays');
  assert.ok(!text.includes('Of another project'));
}

async function heldBack({ stage, window, carol, file }: Scene): Promise<void> {
  receiveDeletion(path.join(carol, '.engram'), 'obs-other');
  const words = /1 change of another project’s memories came with a chunk\. It waits until you allow it; nothing was changed/;
  await window.seesNotice('Other projects', words, 'Click to look at them');
  await stage.picture(window, 'held-back');
  assert.ok(liveTitles(file).includes('Of another project'), 'held back');
  await window.page.mouse.move(700, 120);

  await window.command('Engram: Review Changes of Other Projects');
  await seesPick(stage, window, 'Which chunks may change memories', 'held-back-chunks');
  await window.page.keyboard.press('Escape');
  await window.command('Engram: Review Changes of Other Projects');
  await checkFirst(window);
  await seesDialog(stage, window, 'Let these chunks change or delete memories of other projects?', 'held-back-question');
  await window.page.keyboard.press('Escape');
  await window.modal.waitFor({ state: 'hidden' });
  assert.ok(liveTitles(file).includes('Of another project'), 'refused');

  await window.command('Engram: Review Changes of Other Projects');
  await checkFirst(window);
  await window.modalButton('Let Them Change').click();
  await eventually('the change that was allowed', () => !liveTitles(file).includes('Of another project'));
  const notice = window.view('Chunks').locator('.monaco-list-row[aria-label^="Other projects"]');
  await eventually('the notice is gone', async () => (await notice.count()) === 0);
}

/** Takes the only row of a list with boxes by the keyboard. */
async function checkFirst(window: Workbench): Promise<void> {
  const row = window.quickPickRows().first();
  await row.waitFor();
  await window.page.keyboard.press('ArrowDown');
  await window.page.keyboard.press('Space');
  await row.locator('[aria-checked="true"]').first().waitFor({ timeout: 3000 });
  await window.page.keyboard.press('Enter');
}

/** Arrow keys until the row has the focus, then Enter. */
async function takeByKeyboard(window: Workbench, label: string): Promise<void> {
  const row = window.quickPickRows().filter({ hasText: label }).first();
  await row.waitFor();
  const isFocused = async (): Promise<boolean> => ((await row.getAttribute('class')) ?? '').includes('focused');
  for (let steps = 0; steps < 3 && !(await isFocused()); steps++) await window.page.keyboard.press('ArrowDown');
  assert.ok(await isFocused(), `the keyboard reaches ${label}`);
  await window.page.keyboard.press('Enter');
}

async function seesPick({ picture }: Stage, window: Workbench, placeholder: string, name: string): Promise<void> {
  await window.page.locator(`.quick-input-widget:visible input[placeholder^="${placeholder}"]`).waitFor();
  await named(window.quickPickRows());
  await picture(window, name);
}

async function seesDialog(stage: Stage, window: Workbench, question: string, name: string): Promise<void> {
  await window.modal.filter({ hasText: question }).waitFor();
  await stage.picture(window, name);
  await sound(stage.harness, window);
}

async function sound(harness: Harness, window: Workbench): Promise<void> {
  assert.deepEqual(await accessibilityFindings(harness, window.page, ['.monaco-dialog-box .dialog-buttons']), []);
}

/** Rows of a list are VS Code's own, and so is what axe finds in them; the words are ours. Each row has words for those who do not see it. */
async function named(rows: Locator): Promise<void> {
  await rows.first().waitFor();
  const count = await rows.count();
  for (let index = 0; index < count; index++) assert.match((await rows.nth(index).getAttribute('aria-label')) ?? '', /\w/);
}

async function seesMessage(window: Workbench, text: string): Promise<void> {
  await window.page.locator('.statusbar-item', { hasText: text }).first().waitFor({ timeout: 10_000 });
}

async function saysInUse(window: Workbench, label: string, tooltip: string): Promise<void> {
  await window.view('Chunks').locator('.pane-header', { hasText: label }).first().waitFor();
  const hover = window.page.locator('.monaco-hover:visible', { hasText: tooltip }).first();
  await eventually('the tooltip of the status item', async () => {
    await window.page.mouse.move(700, 120);
    await window.statusItem.hover();
    await hover.waitFor({ timeout: 2000 });
    return true;
  });
  await window.page.mouse.move(700, 120);
}

function chunksOf(clone: string): readonly string[] {
  return readdirSync(path.join(clone, '.engram/chunks')).sort();
}

/** A chunk that deletes a memory, as a teammate's push may bring one. */
function receiveDeletion(engram: string, syncId: string): void {
  const at = '2030-01-01 10:00:00';
  const payload = JSON.stringify({ sync_id: syncId, deleted: true, deleted_at: at, hard_delete: true });
  const line = { seq: 1, target_key: 'cloud', entity: 'observation', entity_key: syncId, op: 'delete', source: 'local' };
  const mutations = [{ ...line, payload, occurred_at: at, project: 'lantern-shop' }];
  listJson(engram, JSON.stringify({ sessions: null, observations: null, prompts: null, mutations }));
}

export const memoryDialogs: readonly Journey[] = [choosing, sharing];
