import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { demoMemories } from '../../scripts/demoTeam.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { badChunks, badManifests, type Damage, listOrphan } from './badFolders.ts';
import { sharedTeam } from './clones.ts';
import type { Journey, Stage } from './journey.ts';

/** Everything that our log channels hold so far, of all windows of the server. */
function ourLog({ server }: Stage): string {
  const files = readdirSync(server.logs, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /engram-team-memory[^/]*\/[^/]+\.log$/.test(name),
  );
  return files.map((name) => readFileSync(path.join(server.logs, name), 'utf8')).join('\n');
}

const chunks: Journey = {
  name: 'Chunks that cannot be read',
  run: async (stage) => {
    const { carol } = await sharedTeam(stage.folder);
    const engram = path.join(carol, '.engram');
    for (const damage of badChunks) damage.inflict(engram);
    listOrphan(engram, 'Nobody knows my session');
    const window = await stage.open(carol);
    await eventually('all good rows are imported', () => memoriesIn(carol).length === demoMemories + 1, 30_000);
    assert.ok(memoriesIn(carol).includes('Nobody knows my session'));
    await window.openSidebar();
    // The list draws only what is on screen, so each sentence is looked for in the log; test/unit/ui/rows has each as a row.
    await window.seesRow('Chunks', /cannot be read|too large|not here/);
    await stage.picture(window, 'bad-chunks');
    for (const damage of badChunks)
      await eventually(`the log tells of the chunk that is ${damage.name}`, () => damage.says.test(ourLog(stage)));
  },
};

const manifests: readonly Journey[] = badManifests.map((damage) => ({
  name: `A manifest that is ${damage.name}`,
  run: (stage: Stage) => survive(stage, damage),
}));

/** The chunks lie there all the same: they are imported, and the sentence tells what is wrong. */
async function survive(stage: Stage, damage: Damage): Promise<void> {
  const { carol } = await sharedTeam(stage.folder);
  damage.inflict(path.join(carol, '.engram'));
  const window = await stage.open(carol);
  await window.openSidebar();
  await window.seesRow('Chunks', damage.says, 20_000);
  await eventually('the chunks that are here are imported', () => memoriesIn(carol).length === demoMemories);
  await eventually('the log tells it', () => damage.says.test(ourLog(stage)));
  assert.equal(await window.toasts().filter({ hasText: 'could not finish' }).count(), 0);
}

const linkedFolder: Journey = {
  name: 'An .engram that is a symbolic link',
  run: async (stage) => {
    const { carol } = await sharedTeam(stage.folder);
    const outside = path.join(stage.folder, 'outside');
    renameSync(path.join(carol, '.engram'), outside);
    symlinkSync(outside, path.join(carol, '.engram'));
    const before = readdirSync(outside);
    const window = await stage.open(carol);
    await window.openSidebar();
    await eventually('one sentence in the view', async () => /link/i.test((await window.view('Chunks').textContent()) ?? ''), 20_000);
    assert.deepEqual(readdirSync(outside), before);
  },
};

/** Hostile and broken files beside good ones: each gets its sentence, everything else keeps working, nothing is lost. */
export const badInput: readonly Journey[] = [chunks, ...manifests, linkedFolder];
