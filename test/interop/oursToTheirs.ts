import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { putManifest, readChunk } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { observation, relation, session } from './everything.ts';
import { folderOfOurs, OurMember } from './ourFolder.ts';
import type { EngramProgram } from './programs.ts';
import { insert, live, type Row } from './rows.ts';
import { Teammate } from './teammate.ts';

/** A folder that ours wrote is read by the program, and what the program writes afterwards comes back. */
export function oursToTheirs(program: EngramProgram): void {
  it('imports our folder, field by field', async () => {
    const ours = await folderOfOurs();
    const gopher = new Teammate(program);
    expect(await gopher.importFrom(dirname(ours.root))).toBe(4);
    expectToHold(gopher, ours);
  });

  it('imports our folder in as many pulls as it has chunks', async () => {
    const ours = await folderOfOurs();
    const manifest = JSON.parse(readFileSync(join(ours.root, 'manifest.json'), 'utf8'));
    const gopher = new Teammate(program);
    for (let count = 1; count <= manifest.chunks.length; count += 1) {
      putManifest(ours.root, { ...manifest, chunks: manifest.chunks.slice(0, count) });
      expect(await gopher.importFrom(dirname(ours.root))).toBe(1);
    }
    expectToHold(gopher, ours);
    expect(await gopher.importFrom(dirname(ours.root))).toBe(0);
  });

  it('imports an export that is split into several chunks', async () => {
    const ours = new OurMember();
    await databaseFrom(ours.root, []);
    const numbers = Array.from({ length: 90 }, (_, number) => number);
    ours.write((database) => {
      insert(database, 'sessions', session('s-open'));
      for (const n of numbers)
        insert(database, 'observations', observation(`obs-${n}`, 's-open', { content: `${n} ${'x'.repeat(48_000)}` }));
    });
    expect((await ours.syncAndRemember()).length).toBeGreaterThan(1);
    ours.write((database) => {
      database.exec(`UPDATE observations SET title = 'Edited', content = content || '!', updated_at = '2024-02-01 10:00:00'`);
      database.exec(`UPDATE observations SET normalized_hash = NULL`);
      database.exec(`UPDATE sessions SET ended_at = '2024-02-01 10:00:00'`);
      for (const n of numbers) insert(database, 'memory_relations', relation(`rel-${n}`, `obs-${n}`, `obs-${89 - n}`));
    });
    expect((await ours.syncAndRemember()).length).toBeGreaterThan(1);
    const gopher = new Teammate(program);
    await gopher.importFrom(dirname(ours.root));
    const [here, there] = [ours.rows(), gopher.rows()];
    const seesEdits = program.generation === 'applies';
    expect(there.observations.map(withoutHash)).toEqual(
      (seesEdits ? here.observations : ours.firstShared('observations')).map(withoutHash),
    );
    expect(there.relations).toEqual(seesEdits ? here.relations : []);
    expect(there.sessions).toEqual(seesEdits ? here.sessions : ours.firstShared('sessions'));
  });

  it('exports nothing that came from us, and what is its own comes to us', async () => {
    const ours = await folderOfOurs();
    const folder = dirname(ours.root);
    const gopher = new Teammate(program);
    await gopher.importFrom(folder);
    await gopher.run(folder, ['save', 'A memory of theirs', 'said <there>', '--project', 'demo', '--type', 'decision']);
    const exported = await readChunk(ours.root, (await gopher.exportTo(folder)) ?? '');
    const own = exported.observations.filter((row) => row.title === 'A memory of theirs');
    const repeated = exported.observations.filter((row) => row.title !== 'A memory of theirs').map((row) => row.syncId);
    expect(own).toHaveLength(1);
    // v1.16 repeats a row that was edited after the newest entry, once. v1.14 looks at the time of creation only, and repeats nothing.
    const edited = ['obs-owned', 'obs-plain'];
    expect(repeated.toSorted()).toEqual(program.generation === 'applies' ? edited : []);
    expect(exported.sessions.map((row) => row.id)).toEqual(['manual-save-demo']);
    expect(exported.prompts).toEqual([]);
    expect(await gopher.exportTo(folder)).toBeUndefined();

    const before = ours.rows();
    expect(await ours.sync()).toEqual([]);
    const after = ours.rows();
    const arrived = gopher.rows().observations.filter((row) => row['title'] === 'A memory of theirs');
    expect(after.observations).toEqual([...before.observations, ...arrived].toSorted(bySyncId));
    expect(after.prompts).toEqual(before.prompts);
    expect(after.relations).toEqual(before.relations);
    expect(await gopher.importFrom(folder)).toBe(0);
  });
}

/** v1.16 holds what we hold. v1.14 takes each row as it was when it was first shared, and sees no later edit, no deletion, no relation. */
function expectToHold(gopher: Teammate, ours: OurMember): void {
  const here = ours.rows();
  const there = gopher.rows();
  expect([here.sessions.length, live(here.observations).length, here.prompts.length, here.relations.length]).toEqual([6, 10, 3, 2]);
  if (gopher.program.generation === 'applies') {
    expect(there).toEqual({ ...here, observations: live(here.observations) });
    return;
  }
  expect(there.observations).toEqual(ours.firstShared('observations'));
  expect(there.prompts).toEqual(ours.firstShared('prompts'));
  expect(there.sessions).toEqual(ours.firstShared('sessions'));
  expect(there.relations).toEqual([]);
}

function withoutHash({ normalized_hash: _, ...row }: Row): Row {
  return row;
}

function bySyncId(a: Row, b: Row): number {
  return String(a['sync_id']) < String(b['sync_id']) ? -1 : 1;
}
