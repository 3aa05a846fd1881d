import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { demoMemories } from '../../scripts/demoTeam.ts';
import { git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { agentSaves, integrityOf, makeLiveDatabase, searchAsProgram, withLive } from '../support/liveDatabase.ts';
import { sharedTeam } from './clones.ts';
import type { Journey, Stage } from './journey.ts';
import type { Workbench } from './workbench.ts';

export const PROMPT = 'a wish that is nobody’s business';

/** The Engram program's database in the home folder of the server: one memory and one prompt of this project, one memory of another. */
export function liveDatabaseOf({ server }: Stage, project: string): string {
  const folder = path.join(server.run, '.engram');
  mkdirSync(folder);
  const file = path.join(folder, 'engram.db');
  makeLiveDatabase(file);
  withLive(file, (database) => {
    agentSaves(database, 'obs-agent', { project, type: 'decision', title: 'Lamps are billed per hour' });
    agentSaves(database, 'obs-other', { project: 'other', title: 'Of another project' });
    database
      .prepare(`INSERT INTO user_prompts(sync_id, session_id, content, project) VALUES('prompt-1', ?, ?, ?)`)
      .run(`manual-save-${project}`, PROMPT, project);
  });
  return file;
}

/** What the program has, in order. */
export function liveTitles(file: string): readonly string[] {
  const sql = 'SELECT title FROM observations WHERE deleted_at IS NULL ORDER BY title';
  return withLive(file, (database) =>
    database
      .prepare(sql)
      .all()
      .map((row) => String(row['title'])),
  );
}

const chunksIn = (clone: string) => git(clone, 'status', '--porcelain', '--untracked-files=all');

/** Waits for the question which memories to use, and answers it. */
export async function answerQuestion(
  window: Workbench,
  answer: 'Use the Program' | 'Keep the Folder',
  whileAsked: () => Promise<void> = async () => undefined,
): Promise<void> {
  const question = window.toasts().filter({ hasText: 'The Engram program keeps memories on this machine' }).first();
  await question.waitFor({ timeout: 30_000 });
  await whileAsked();
  await question.locator('.monaco-button', { hasText: answer }).click();
}

/** The memories of agents: asked once, shown before they leave, and found by the program's search when the team shares. */
export const liveMemories: Journey = {
  name: 'The memories of the Engram program',
  run: async (stage) => {
    const { carol } = await sharedTeam(stage.folder);
    const file = liveDatabaseOf(stage, 'lantern-shop');
    const window = await stage.open(carol);
    await answerQuestion(window, 'Use the Program', () => stage.picture(window, 'live-question'));
    await eventually('what the team shared is in the program’s database', () => liveTitles(file).length === 2 + demoMemories, 20_000);
    assert.ok(searchAsProgram(file, 'idempotent').length > 0, 'the program’s search finds it');
    await window.openSidebar();
    await window.view('Chunks').locator('.pane-header', { hasText: 'Engram program: lantern-shop' }).first().waitFor();
    await window.seesStatus(/2 to share/);
    const saved = performance.now();
    withLive(file, (database) => agentSaves(database, 'obs-later', { project: 'lantern-shop', title: 'Saved by an agent meanwhile' }));
    await window.seesStatus(/3 to share/);
    console.log(`   an agent’s memory is counted after ${Math.round(performance.now() - saved)} ms`);
    await window.statusItem.click();
    await window.modalButton('Share Memories Only').waitFor();
    await stage.picture(window, 'live-preview');
    assert.equal(await chunksIn(carol), '', 'nothing leaves before the answer');
    await window.modalButton('Share Memories Only').click();
    await eventually('the memories are in a chunk', async () => /chunks\//.test(await chunksIn(carol)));
    await window.seesStatus(/commit to share/);
    assert.deepEqual(integrityOf(file), ['ok']);
    assert.equal(existsSync(path.join(carol, '.engram/engram.db')), true, 'the folder’s own memories stay where they were');
  },
};
