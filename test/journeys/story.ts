import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { layOutTeam } from '../../scripts/demoTeam.ts';
import { commitAndPush, git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import type { Journey } from './journey.ts';
import { editTitle, saveMemory } from './people.ts';
import type { Workbench } from './workbench.ts';

/** The requirement: 3 s after the end of a pull everything has arrived. */
const limitMs = 3000;

/** Two members and a late third share memories through git, clicking what a person clicks. */
export const theStory: Journey = {
  name: 'The story of a team',
  run: async ({ folder, open, picture }) => {
    const team = await layOutTeam(folder);
    const alice = await open(team.alice);
    const carol = await open(team.carol);

    await alice.command('Engram: Initialize .engram Here');
    await alice.seesStatus(/Engram/);
    await saveMemory(alice, 'Prices are integers in cents', 'No floating point between the database and the invoice.');
    await alice.seesStatus(/1 to share/);
    await alice.statusItem.click();
    await eventually('a chunk of alice', () => chunksOf(team.alice).length === 1);
    await commitAndPush(team.alice, 'Share a decision');

    const bob = await open(team.bob);
    await bob.openSidebar();
    await pullInTerminal(bob);
    await hasArrived(bob, team.bob);
    await picture(bob, 'after-a-pull');

    await saveMemory(bob, 'Local tests need TZ=UTC', 'Two invoice tests compare dates as text.');
    const before = chunksOf(team.bob).length;
    await bob.seesStatus(/1 to share/);
    await bob.statusItem.click();
    await eventually('a chunk of bob', () => chunksOf(team.bob).length === before + 1);
    const status = await git(team.bob, 'status', '--porcelain', '--untracked-files=all');
    assert.match(status, /^ M \.engram\/manifest\.json\n\?\? \.engram\/chunks\/[^\n]+\.jsonl\.gz\n$/);
    await commitAndPush(team.bob, 'Share a discovery');

    await pullInTerminal(alice);
    await eventually('alice has what bob saved', () => memoriesIn(team.alice).includes('Local tests need TZ=UTC'), limitMs);

    await editTitle(alice, 'Local tests need TZ=UTC', 'Tests need TZ=UTC');
    await alice.seesStatus(/1 to share/);
    await alice.statusItem.click();
    await alice.seesStatus(/commit to share/);
    await commitAndPush(team.alice, 'Correct a title');
    await pullInTerminal(bob);
    await eventually('bob has the edit', () => memoriesIn(team.bob).includes('Tests need TZ=UTC'), limitMs);
    assert.equal(memoriesIn(team.bob).length, 2);

    await pullInTerminal(carol);
    await eventually('carol has everything with her first pull', () => memoriesIn(team.carol).length === 2, limitMs);
  },
};

/** Without a click, and all within the limit: database, status item and both views. */
async function hasArrived(window: Workbench, folder: string): Promise<void> {
  const end = performance.now() + limitMs;
  const left = (): number => Math.max(1, end - performance.now());
  await eventually('the memory is in the database', () => memoriesIn(folder).includes('Prices are integers in cents'), left());
  await window.seesStatus(/synced/, left());
  await window.view('Pending imports').locator('.welcome-view', { hasText: 'All up to date' }).waitFor({ timeout: left() });
  await window.rows('Chunks').filter({ hasText: 'alice' }).first().waitFor({ timeout: left() });
}

/** Waits for the end of the pull itself, so that the limit afterwards is ours alone. */
async function pullInTerminal(window: Workbench): Promise<void> {
  const mark = `pulled-${Math.round(performance.now())}`;
  await window.terminal(`git pull --quiet; echo ${mark.replace('-', '""-')}`);
  await eventually('the end of git pull', async () => (await window.terminalText()).includes(mark), 20_000);
}

/** Written and listed: a commit between the two would share a chunk that no manifest names. */
function chunksOf(folder: string): string[] {
  const { chunks } = JSON.parse(readFileSync(path.join(folder, '.engram/manifest.json'), 'utf8')) as { chunks: { id: string }[] };
  return chunks.map(({ id }) => id);
}
