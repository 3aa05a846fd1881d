import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { engramFolder } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { observation, prompt, relation, session } from './everything.ts';
import { OurMember } from './ourFolder.ts';
import type { EngramProgram } from './programs.ts';
import { insert, type Row } from './rows.ts';
import { Teammate } from './teammate.ts';

/** The programs take these for no id at all; rows of such a session are held back. */
const BLANK_IDS = [' ', '\n', '\t\r', '\u00a0'];
const ODD_IDS = [' padded ', '\ufeff', 'a/b\\c', "o'neil", 'UPPER', 'é🫠', 'a\tb', 'x'.repeat(500), '__proto__', 'null', '-1'];
const ODD_TIMES = ['', ' ', 'yesterday', '2024-01-01', '9999-12-31 23:59:59', '2024-01-01T10:00:00.123456789+02:00', '0000-00-00 00:00:00'];

/** Rows that no program writes and that a folder may bring all the same. */
export function oddRows(program: EngramProgram): void {
  it('imports what we export of rows with odd ids and times, and never stalls', async () => {
    const ours = new OurMember(engramFolder());
    const folder = dirname(ours.root);
    await databaseFrom(ours.root, []);
    const gopher = new Teammate(program);
    const expected = fillWithOddRows(ours);
    expect(await ours.sync()).toHaveLength(1);
    await gopher.importFrom(folder);
    expect(keys(gopher.rows().observations)).toEqual(expected.observations);
    expect(keys(gopher.rows().prompts)).toEqual(expected.prompts);

    editAll(ours);
    expect(await ours.sync()).toHaveLength(1);
    await gopher.importFrom(folder);
    const edited = gopher.rows();
    const titles = new Set(edited.observations.map((row) => row['title']));
    const seesEdits = program.generation === 'applies';
    if (seesEdits) expect([...titles]).toEqual(['Edited']);
    expect(keys(edited.observations)).toEqual(expected.observations);
    expect(edited.relations).toHaveLength(seesEdits ? ODD_IDS.length : 0);

    deleteAll(ours);
    expect(await ours.sync()).toHaveLength(1);
    await gopher.importFrom(folder);
    const left = gopher.rows();
    expect(keys(left.observations)).toEqual(seesEdits ? [] : expected.observations);
    // v1.16 never deletes a prompt without an id.
    expect(keys(left.prompts)).toEqual(seesEdits ? BLANK_IDS.map(() => '') : expected.prompts);
    expect(await ours.sync()).toEqual([]);
  });
}

/** The ids of what leaves. */
function fillWithOddRows(ours: OurMember): { readonly observations: readonly string[]; readonly prompts: readonly string[] } {
  const leave = { observations: ['obs'], prompts: [...BLANK_IDS, ...ODD_IDS] };
  ours.write((database) => {
    insert(database, 'sessions', session('s'));
    insert(database, 'observations', observation('obs', 's'));
    for (const id of BLANK_IDS) {
      insert(database, 'sessions', session(id));
      insert(database, 'observations', observation(`obs-of-${JSON.stringify(id)}`, id));
      insert(database, 'user_prompts', prompt(id, 's'));
    }
    for (const id of ODD_IDS) {
      insert(database, 'sessions', session(id));
      insert(database, 'observations', observation(id, id));
      insert(database, 'user_prompts', prompt(id, id));
    }
    for (const [number, at] of ODD_TIMES.entries()) {
      insert(database, 'sessions', session(`s-${number}`, { started_at: at, ended_at: at }));
      insert(database, 'observations', observation(`at-${number}`, `s-${number}`, { created_at: at, last_seen_at: at }));
      insert(database, 'user_prompts', prompt(`at-${number}`, `s-${number}`, { created_at: at }));
    }
  });
  const times = ODD_TIMES.map((_, number) => `at-${number}`);
  leave.observations.push(...ODD_IDS, ...times);
  leave.prompts.push(...times);
  const trimmed = (ids: readonly string[]): string[] => ids.map((id) => id.trim()).toSorted();
  return { observations: trimmed(leave.observations), prompts: trimmed(leave.prompts) };
}

function editAll(ours: OurMember): void {
  ours.write((database) => {
    database.exec(`UPDATE observations SET title = 'Edited', updated_at = '2025-01-01 10:00:00'`);
    database.exec(`UPDATE sessions SET summary = 'Ended'`);
    for (const id of ODD_IDS) insert(database, 'memory_relations', relation(id, 'obs', id));
  });
}

function deleteAll(ours: OurMember): void {
  ours.write((database) => {
    database.exec(`UPDATE observations SET deleted_at = '2026-01-01 10:00:00', updated_at = '2026-01-01 10:00:00'`);
    database.exec(`INSERT INTO prompt_tombstones(sync_id, deleted_at) SELECT sync_id, '2026-01-01 10:00:00' FROM user_prompts`);
    database.exec('DELETE FROM user_prompts');
  });
}

/** Ids, sorted. v1.14 gives a row with a blank one a random one: these are told as blank. */
function keys(rows: readonly Row[]): readonly string[] {
  return rows
    .map((row) =>
      String(row['sync_id'])
        .replace(/^prompt-[0-9a-f]{16}$/, '')
        .trim(),
    )
    .toSorted();
}
