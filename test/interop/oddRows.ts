import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { engramFolder } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { observation, prompt, relation, session } from './everything.ts';
import { OurMember } from './ourFolder.ts';
import type { EngramProgram } from './programs.ts';
import { insert } from './rows.ts';
import { Teammate } from './teammate.ts';

const ODD_IDS = ['', ' ', ' padded ', 'a/b\\c', "o'neil", 'UPPER', 'é🫠', 'a\tb', 'x'.repeat(500), '__proto__', 'null', '-1'];
const ODD_TIMES = ['', ' ', 'yesterday', '2024-01-01', '9999-12-31 23:59:59', '2024-01-01T10:00:00.123456789+02:00', '0000-00-00 00:00:00'];

export function oddRows(program: EngramProgram): void {
  it('imports rows with odd ids and times, and never stalls', async () => {
    const ours = new OurMember(engramFolder());
    await databaseFrom(ours.root, []);
    const gopher = new Teammate(program);
    ours.write((database) => {
      for (const [n, id] of ODD_IDS.entries()) {
        insert(database, 'sessions', session(id));
        insert(database, 'observations', observation(`obs-in-${n}`, id));
        insert(database, 'observations', observation(`${id}`, id));
        insert(database, 'user_prompts', prompt(`${id}`, id));
      }
      for (const [n, at] of ODD_TIMES.entries()) {
        insert(database, 'sessions', session(`s-at-${n}`, { started_at: at, ended_at: at }));
        insert(database, 'observations', observation(`obs-at-${n}`, `s-at-${n}`, { created_at: at, updated_at: at, last_seen_at: at }));
        insert(database, 'user_prompts', prompt(`prompt-at-${n}`, `s-at-${n}`, { created_at: at }));
      }
      insert(database, 'observations', observation('obs-homeless', 's-at-0', { type: '', project: '', scope: 'Personal' }));
    });
    await ours.sync();
    await gopher.importFrom(dirname(ours.root));
    console.log(gopher.rows().observations.length, ours.rows().observations.length, gopher.rows().prompts.length, ours.rows().prompts.length, gopher.rows().sessions.length);
    ours.write((database) => {
      database.exec(`UPDATE observations SET title = 'Edited', updated_at = '2025-01-01 10:00:00'`);
      database.exec(`UPDATE sessions SET summary = 'Ended'`);
      for (const [n, id] of ODD_IDS.entries()) insert(database, 'memory_relations', relation(id, `obs-in-${n}`, id));
      for (const [n] of ODD_TIMES.entries()) insert(database, 'memory_relations', relation(`rel-at-${n}`, `obs-at-${n}`, 'obs-in-1'));
    });
    console.log((await ours.sync()).length);
    await gopher.importFrom(dirname(ours.root));
    ours.write((database) => {
      database.exec(`UPDATE observations SET deleted_at = '2026-01-01 10:00:00', updated_at = '2026-01-01 10:00:00'`);
      database.exec(`INSERT INTO prompt_tombstones(sync_id, deleted_at) SELECT sync_id, '2026-01-01 10:00:00' FROM user_prompts`);
      database.exec(`DELETE FROM user_prompts`);
    });
    console.log((await ours.sync()).length);
    await gopher.importFrom(dirname(ours.root));
    console.log(gopher.rows().observations.map((r) => `${r["sync_id"]}:${r["title"]}`), gopher.rows().prompts.map((r) => r["sync_id"]), gopher.rows().relations.length);
    expect(await ours.sync()).toEqual([]);
  });
}
