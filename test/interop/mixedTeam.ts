import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { engramFolder } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { observation, prompt, session } from './everything.ts';
import { OurMember } from './ourFolder.ts';
import type { EngramProgram } from './programs.ts';
import { insert, live, type Row, type Rows } from './rows.ts';
import { Teammate } from './teammate.ts';

/** One of a team that shares a folder. */
interface Member {
  readonly name: string;
  /** Whether edits and deletions of this member reach the others: those of v1.14 never do. */
  readonly sharesEdits: boolean;
  /** Whether those of others arrive: v1.14 sees none. */
  readonly seesEdits: boolean;
  rows(): Rows;
  write(work: (database: DatabaseSync) => void): void;
  /** Imports, then exports. Resolves to whether a chunk was written. */
  sync(): Promise<boolean>;
}

/** What the team agrees on: every memory by its `sync_id`, with the title of its last shared edit. */
interface Truth {
  readonly titles: Map<string, string>;
  readonly edits: Map<string, number>;
  readonly deleted: Set<string>;
  /** Deletions that v1.14 keeps to itself, with the name of that member. */
  readonly deletedAtHome: Map<string, string>;
  readonly prompts: Set<string>;
}

const ROUNDS_OF_WORK = 3;
/** One in which everybody's last changes go out, one in which v1.16 repeats what was edited, and one in which all is quiet. */
const MAX_ROUNDS_TO_REST = 3;

/** Members of ours and of every program that is here take turns on one folder, until nobody has anything to export. */
export function mixedTeam(programs: readonly EngramProgram[]): void {
  it('comes to rest, and everybody has every memory', { timeout: 120_000 }, async () => {
    const members = await teamOf(programs);
    const truth: Truth = { titles: new Map(), edits: new Map(), deleted: new Set(), deletedAtHome: new Map(), prompts: new Set() };
    for (let round = 0; round < ROUNDS_OF_WORK; round += 1) {
      for (const member of members) {
        await member.sync();
        // The programs never export a row of the second of the newest entry.
        await sleep(1_050);
        work(member, round, truth);
        expect(await member.sync(), `${member.name} shares`).toBe(true);
      }
    }
    for (const member of members) burst(member, truth);
    let rounds = 0;
    for (let exported = true; exported; rounds += 1) {
      expect(rounds, 'rounds until nobody exports').toBeLessThan(MAX_ROUNDS_TO_REST);
      exported = false;
      for (const member of members) exported = (await member.sync()) || exported;
    }
    console.log(`interop: ${members.length} members came to rest in round ${rounds} after the last change`);
    for (const member of members) expectTruth(member, truth);
  });
}

async function teamOf(programs: readonly EngramProgram[]): Promise<Member[]> {
  const root = engramFolder();
  const folder = dirname(root);
  await databaseFrom(root, []);
  const ours = new OurMember(root);
  const members: Member[] = [
    {
      ...{ name: 'ours', sharesEdits: true, seesEdits: true },
      rows: () => ours.rows(),
      write: (change) => ours.write(change),
      sync: async () => (await ours.sync()).length > 0,
    },
  ];
  for (const [index, program] of programs.entries()) {
    const gopher = new Teammate(program);
    await gopher.open(folder);
    const edits = program.generation === 'applies';
    members.push({
      ...{ name: `member-${index + 1}`, sharesEdits: edits, seesEdits: edits },
      rows: () => gopher.rows(),
      write: (change) => gopher.write(change),
      sync: async () => {
        await gopher.importFrom(folder);
        return (await gopher.exportTo(folder)) !== undefined;
      },
    });
  }
  return members;
}

/** A new memory and a prompt of one's own, an edit of the newest memory of another, a deletion of one's own of the round before. */
function work(member: Member, round: number, truth: Truth): void {
  const at = timestamp();
  const id = (kind: string, of = round): string => `${kind}-${member.name}-${of}`;
  const other = live(member.rows().observations).find((row) => isOthers(row, member) && truth.titles.has(String(row['sync_id'])));
  const edited = other && String(other['sync_id']);
  member.write((database) => {
    if (round === 0) insert(database, 'sessions', session(`s-${member.name}`, { started_at: at }));
    for (const kind of ['obs', 'gone']) insert(database, 'observations', observation(id(kind), `s-${member.name}`, { created_at: at }));
    insert(database, 'user_prompts', prompt(id('prompt'), `s-${member.name}`, { created_at: at }));
    const edit = database.prepare(
      'UPDATE observations SET title = ?, revision_count = revision_count + 1, updated_at = ? WHERE sync_id = ?',
    );
    if (edited) edit.run(`Edited by ${id('')}`, at, edited);
    const hide = database.prepare('UPDATE observations SET deleted_at = ?, updated_at = ? WHERE sync_id = ?');
    if (round > 0) hide.run(at, at, id('gone', round - 1));
  });
  for (const kind of ['obs', 'gone']) truth.titles.set(id(kind), `Title of ${id(kind)}`);
  truth.prompts.add(id('prompt'));
  if (!member.sharesEdits) {
    if (round > 0) truth.deletedAtHome.set(id('gone', round - 1), member.name);
    return;
  }
  if (edited) truth.titles.set(edited, `Edited by ${id('')}`);
  if (edited) truth.edits.set(edited, (truth.edits.get(edited) ?? 0) + 1);
  if (round > 0) truth.deleted.add(id('gone', round - 1));
}

/**
 * Everybody at once, before anybody syncs. What ours did arrives. The programs never export a row that is as old as the newest entry, so
 * only one of them can be lucky here: of theirs nothing is expected but that it ends.
 */
function burst(member: Member, truth: Truth): void {
  const at = timestamp();
  const syncId = `${member.name === 'ours' ? 'obs' : 'burst'}-${member.name}-last`;
  member.write((database) => {
    insert(database, 'observations', observation(syncId, `s-${member.name}`, { created_at: at }));
    const edit = database.prepare('UPDATE observations SET title = ?, updated_at = ? WHERE sync_id = ?');
    edit.run(`Edited by ${member.name}`, at, `${member.name === 'ours' ? 'obs' : 'gone'}-${member.name}-${ROUNDS_OF_WORK - 1}`);
  });
  if (member.name !== 'ours') return;
  truth.titles.set(syncId, `Title of ${syncId}`);
  const edited = `obs-ours-${ROUNDS_OF_WORK - 1}`;
  truth.titles.set(edited, 'Edited by ours');
  truth.edits.set(edited, (truth.edits.get(edited) ?? 0) + 1);
}

function timestamp(): string {
  return new Date().toISOString().slice(0, 19).replace('T', ' ');
}

function isOthers(row: Row, member: Member): boolean {
  return String(row['sync_id']).startsWith('obs-') && !String(row['sync_id']).includes(member.name);
}

/** All but what the programs changed in the burst. */
function isAgreed(syncId: string): boolean {
  return !syncId.startsWith('burst-') && !(syncId.startsWith('gone-member') && syncId.endsWith(`-${ROUNDS_OF_WORK - 1}`));
}

function expectTruth(member: Member, truth: Truth): void {
  const rows = member.rows();
  const observations = live(rows.observations).filter((row) => isAgreed(String(row['sync_id'])));
  const alive = [...truth.titles].filter(([syncId]) => !truth.deleted.has(syncId) && isAgreed(syncId));
  expect(
    rows.prompts.map((row) => row['sync_id']),
    member.name,
  ).toEqual([...truth.prompts].toSorted());
  if (member.seesEdits) {
    expect(
      observations.map((row) => [row['sync_id'], row['title']]),
      member.name,
    ).toEqual(alive.toSorted());
    return;
  }
  // v1.14 has every memory, with the title it had when it came, and once more for each edit that a v1.16 member repeats in an array.
  const times = Map.groupBy(observations, (row) => String(row['sync_id']));
  const expected = alive.filter(([syncId]) => truth.deletedAtHome.get(syncId) !== member.name);
  for (const [syncId] of expected) expect(times.get(syncId)?.length ?? 0, `${syncId} at ${member.name}`).toBeGreaterThan(0);
  for (const [syncId, copies] of times) expect(copies.length, syncId).toBeLessThanOrEqual(1 + (truth.edits.get(syncId) ?? 0));
}
