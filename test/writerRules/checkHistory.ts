import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RelationRecord } from '../../src/engine/records.ts';
import type { ModelFolder } from '../models/chunkFolder.ts';
import type { Member } from '../models/member.ts';
import type { BlankDatabases, OurMember } from '../support/ourMember.ts';
import { checkChunks } from './chunkRules.ts';
import { type History, history } from './history.ts';
import { type LiveRows, ourRows } from './liveRows.ts';
import { checkPlainReader, checkSafeReader, mustImport, outOfOrder } from './readers.ts';
import { Team } from './team.ts';
import { checkVisit, copyFolder, mustExport } from './visits.ts';

/** Rounds until nobody writes anything any more; one that never ends is found after so many. */
const MOST_ROUNDS = 6;

/**
 * The writer rules over the random history of one seed: what ours writes, the models of v1.14.0 and v1.16.1 can read.
 *
 * @throws with the seed and the smallest history that fails as well.
 */
export async function checkSeed(blank: BlankDatabases, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(history, (one) => checkHistory(blank, one)),
    { seed, numRuns: 1 },
  );
}

export async function checkHistory(blank: BlankDatabases, one: History): Promise<void> {
  const team = new Team(blank, one);
  try {
    const readers = [team.teammate('v1.14.0'), team.teammate('v1.16.1')];
    let seen: string | undefined;
    const follow = (): void => {
      if (team.remote.manifest === seen) return;
      seen = team.remote.manifest;
      for (const reader of readers) mustImport(reader, team.remote);
    };
    follow();
    for (const action of one.actions) {
      await team.act(action);
      follow();
      if (action.kind === 'visit') for (const visitor of team.visitors) checkVisit(visitor, team.remote);
    }
    team.visitorsSave();
    await settle(() => syncAll(team, follow));
    await checkEnd(team, one, readers);
  } finally {
    team.close();
  }
}

/** @returns whether anything is new in the shared folder: what a member exported at home before counts too. */
async function syncAll(team: Team, follow: () => void): Promise<boolean> {
  const before = team.remote.manifest;
  for (const member of team.members) {
    await team.sync(member);
    follow();
  }
  return team.remote.manifest !== before;
}

async function settle(round: () => Promise<boolean>): Promise<void> {
  for (let rounds = 1; await round(); rounds += 1) assert(rounds < MOST_ROUNDS, 'the syncs never end');
}

async function checkEnd(team: Team, one: History, readers: readonly Member[]): Promise<void> {
  const folder = copyFolder(team.remote);
  checkChunks(folder);
  const live = await newcomersRows(team, folder);
  for (const member of team.members) checkExporter(member, live, team.erased.get(member) ?? new Set());
  const crossed = await outOfOrder(folder);
  if (!one.isBranched) assert.deepEqual([...crossed], [], 'a later entry brings an older version');
  const fresh = [team.teammate('v1.14.0'), team.teammate('v1.16.1')];
  for (const member of fresh) mustImport(member, folder);
  for (const member of [...readers, ...fresh]) {
    if (member.release === 'v1.14.0') checkPlainReader(member, folder, live);
    else checkSafeReader(member, live, crossed);
  }
  for (const visitor of team.visitors) checkVisit(visitor, folder);
  await checkTogether(team, folder, live);
}

/**
 * The memories of a member and of the team are the same, but for personal ones and what a member erased. Sessions may differ: what two
 * of them know of one is united by value, and one with nothing but personal rows stays at home.
 */
function checkExporter(member: OurMember, live: LiveRows, erased: ReadonlySet<string>): void {
  const personal = [...member.store.observations()].filter((row) => row.scope === 'personal').map((row) => `observation:${row.syncId}`);
  const left = new Set([...erased, ...personal]);
  const memories = (rows: LiveRows): LiveRows => {
    return Object.fromEntries(Object.entries(rows).filter(([key]) => /^(?:observation|prompt):/.test(key) && !left.has(key)));
  };
  const own = ourRows(member);
  assert.deepEqual(memories(own), memories(live), `the memories of ${member.name} and of the team`);
  for (const [key, row] of Object.entries(live).filter(([name]) => name.startsWith('relation:'))) {
    const { sourceId, targetId } = row as RelationRecord;
    // One to a memory that is deleted, or was erased here, may wait until that memory comes again.
    const waits = [sourceId, targetId].some((id) => !(`observation:${id}` in live) || erased.has(`observation:${id}`));
    if (!waits) assert.deepEqual(own[key], row, `the relation ${key} of the team, as ${member.name} has it`);
  }
}

/** What the folder says, as a new member of ours reads it, who has nothing to add. */
async function newcomersRows(team: Team, folder: ModelFolder): Promise<LiveRows> {
  const newcomer = team.newcomer(copyFolder(folder));
  try {
    await newcomer.importNew();
    assert.deepEqual((await newcomer.exportNew()).chunkIds, [], 'what was imported is exported again');
    return ourRows(newcomer);
  } finally {
    newcomer.close();
  }
}

/** Everybody, the visitors too, syncs in one folder until nobody writes: that comes to an end, and changes no row of ours. */
async function checkTogether(team: Team, remote: ModelFolder, live: LiveRows): Promise<void> {
  const folder = copyFolder(remote);
  await settle(async () => {
    let wrote = false;
    for (const visitor of team.visitors) {
      team.nowMs += 60_000;
      mustImport(visitor, folder, 'unless a teammate wrote it');
      const chunk = mustExport(visitor, folder);
      wrote = wrote || chunk.sessions.length + chunk.observations.length + chunk.prompts.length > 0;
    }
    for (const member of team.members) {
      member.folder = folder;
      await member.importNew();
      wrote = (await member.exportNew()).chunkIds.length > 0 || wrote;
    }
    return wrote;
  });
  const after = await newcomersRows(team, folder);
  assert.deepEqual(Object.fromEntries(Object.keys(live).map((key) => [key, after[key]])), live, 'rows of ours after everybody has synced');
}
