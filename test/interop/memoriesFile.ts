import { copyFileSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { openIn } from '../support/folder.ts';
import { folderOfOurs, type OurMember } from './ourFolder.ts';
import type { EngramProgram } from './programs.ts';
import { live } from './rows.ts';
import { Teammate } from './teammate.ts';

/** The memories of ours are a database of the program's own shape: it opens and uses them. Afterwards they are its own. */
export function memoriesFile(program: EngramProgram): void {
  it('opens our memories, finds, saves, edits and deletes in them', async () => {
    const ours = await folderOfOurs();
    await ours.folder.close();
    const folder = dirname(ours.root);
    const gopher = new Teammate(program);
    copyFileSync(ours.databasePath, gopher.databasePath);
    await gopher.open(folder);
    expect(gopher.rows()).toEqual(ours.rows());

    const numberOf = (title: string): number => gopher.query('SELECT id FROM observations WHERE title = ?', title)['id'] as number;
    expect(await gopher.run(folder, ['search', 'obs-late'])).toContain('Title of obs-late');
    await gopher.run(folder, ['save', 'Saved there', 'a walrus', '--project', 'demo']);
    await gopher.tool(folder, 'mem_update', { id: numberOf('Title of obs-late'), content: 'a narwhal' });
    await gopher.tool(folder, 'mem_delete', { id: numberOf('Title of obs-last') });
    await gopher.tool(folder, 'mem_delete', { id: numberOf('Title of obs-topic'), hard_delete: true });
    await gopher.tool(folder, 'mem_save_prompt', { content: 'a prompt of theirs' });
    for (const word of ['walrus', 'narwhal']) expect(await gopher.run(folder, ['search', word])).toContain('Found 1');
    expect(await gopher.run(folder, ['search', 'obs-last'])).toContain('No memories found');
    expect(gopher.query('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
    // Its migration fills the search of memories, not that of prompts.
    const prompts = (word: string): unknown => gopher.query(`SELECT count(*) AS n FROM prompts_fts WHERE prompts_fts MATCH ?`, word);
    expect([prompts('theirs'), prompts('late')]).toEqual([{ n: 1 }, { n: 0 }]);
  });

  it('makes a search of our memories that agrees with them', async () => {
    const ours = await folderOfOurs();
    await ours.folder.close();
    const folder = dirname(ours.root);
    const gopher = new Teammate(program);
    copyFileSync(ours.databasePath, gopher.databasePath);
    // Hidden rows are left out by the migration, and the check would count each as an error.
    gopher.write((database) => database.exec('DELETE FROM observations WHERE deleted_at IS NOT NULL'));
    const id = gopher.query(`SELECT id FROM observations WHERE sync_id = 'obs-hostile'`)['id'];
    await gopher.tool(folder, 'mem_update', { id, content: 'a narwhal' });
    await gopher.tool(folder, 'mem_delete', { id, hard_delete: true });
    gopher.write((database) => {
      database.exec(`INSERT INTO observations_fts(observations_fts, rank) VALUES('integrity-check', 1)`);
    });
  });

  it('shares them with us from then on: both write, both find', async () => {
    const { ours, gopher, folder } = await savedByBoth();
    expect(await ours.folder.state()).toMatchObject({
      database: 'ok',
      problems: [],
      totals: { observations: live(gopher.rows().observations).length },
    });
    for (const word of ['dugong', 'walrus']) expect(await ours.folder.search(word, {})).toHaveLength(1);
    await ours.folder.save({ title: 'Ours again', content: 'a manatee', project: 'demo' });
    await ours.folder.edit('obs-plain', { content: 'a narwhal' });
    expect((await ours.folder.sync({})).exported).toMatchObject({ memories: 3, mutations: 3 });
    await ours.folder.close();
    copyFileSync(ours.databasePath, gopher.databasePath);
    for (const word of ['manatee', 'narwhal', 'walrus']) expect(await gopher.run(folder, ['search', word])).toContain('Found 1');
    expect(gopher.query('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
  });

  /** Ours, opened by the program, which saved one more; and given back. */
  async function savedByBoth(): Promise<{ ours: OurMember; gopher: Teammate; folder: string }> {
    const ours = await folderOfOurs();
    await ours.folder.save({ title: 'Never shared', content: 'a dugong' });
    await ours.folder.close();
    const folder = dirname(ours.root);
    const gopher = new Teammate(program);
    copyFileSync(ours.databasePath, gopher.databasePath);
    await gopher.run(folder, ['save', 'Saved there', 'a walrus', '--project', 'demo']);
    copyFileSync(gopher.databasePath, ours.databasePath);
    return { ours, gopher, folder };
  }

  it('leaves them read-only where the editor has no SQLite of its own, with nothing lost', async () => {
    const { ours, gopher } = await savedByBoth();
    const own = openIn(ours.root, {}, undefined, { findNative: () => undefined });
    const bytes = readFileSync(ours.databasePath);

    const state = await own.state();
    expect(state).toMatchObject({ database: 'foreign', totals: { observations: live(gopher.rows().observations).length } });
    expect(state.problems.map((problem) => problem.code)).toContain('store-foreign');
    for (const word of ['dugong', 'walrus']) expect(await own.search(word, {})).toHaveLength(1);
    const refused = { code: 'store-foreign', message: expect.stringContaining('shown read-only') };
    await expect(own.sync({})).rejects.toMatchObject(refused);
    await expect(own.save({ title: 'x', content: 'y' })).rejects.toMatchObject(refused);
    await expect(own.edit('obs-plain', { title: 'x' })).rejects.toMatchObject(refused);
    await expect(own.remove('obs-plain')).rejects.toMatchObject(refused);
    await own.close();
    expect(readFileSync(ours.databasePath).equals(bytes)).toBe(true);
    expect(ours.rows()).toEqual(gopher.rows());
  });
}
