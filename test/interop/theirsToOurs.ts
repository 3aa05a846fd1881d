import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { engramFolder } from '../support/folder.ts';
import { fillWithEverything, observation, prompt, session } from './everything.ts';
import { OurMember } from './ourFolder.ts';
import type { EngramProgram } from './programs.ts';
import { insert, live, oneForm, type Rows } from './rows.ts';
import { Teammate } from './teammate.ts';

/** A folder that the program wrote is read by ours. */
export function theirsToOurs(program: EngramProgram): void {
  it('comes to us row by row, and is exported by us never again', async () => {
    const root = engramFolder();
    const folder = dirname(root);
    const gopher = new Teammate(program);
    await useTheTools(gopher, folder);
    gopher.write(fillWithEverything);
    expect(await gopher.exportTo(folder)).toMatch(/^[0-9a-f]{8}$/);
    const first = gopher.rows();
    changeLater(gopher);
    expect(await gopher.exportTo(folder)).toMatch(/^[0-9a-f]{8}$/);

    const ours = new OurMember(root);
    expect(await ours.folder.importChunks({})).toMatchObject({ chunks: 2, problems: [] });
    const here = oneForm(ours.rows());
    const there = oneForm(shared(gopher, first));
    expect(live(here.observations)).toEqual(live(there.observations));
    expect(here.sessions).toEqual(there.sessions);
    expect(here.prompts).toEqual(there.prompts);
    expect(await ours.sync()).toEqual([]);
    expect(await ours.folder.exportNew({ includePersonal: true, includeDeleted: true })).toMatchObject({ chunkIds: [] });
    expect(oneForm(ours.rows())).toEqual(here);
  });
}

/** A day of work with the program itself: sessions, memories, revisions, prompts, deletions. */
async function useTheTools(gopher: Teammate, folder: string): Promise<void> {
  await gopher.tool(folder, 'mem_session_start', { id: 's-tools', directory: join(folder, 'sub') });
  const save = async (title: string, more: object = {}): Promise<number> => {
    const values = { title, content: `**What** <${title}>`, type: 'decision', session_id: 's-tools', ...more };
    return Number(JSON.parse(await gopher.tool(folder, 'mem_save', values)).id);
  };
  await save('A topic', { topic_key: 'Decision/One Thing' });
  await save('A topic, revised', { topic_key: 'decision/one-thing', content: 'And <private>a secret</private> of it' });
  const edited = await save('To be edited');
  await gopher.tool(folder, 'mem_update', { id: edited, content: 'Edited 🫠' });
  await gopher.tool(folder, 'mem_delete', { id: await save('To be hidden') });
  await gopher.tool(folder, 'mem_delete', { id: await save('To be gone'), hard_delete: true });
  await gopher.tool(folder, 'mem_save_prompt', { content: 'Do "it" & more' });
  await gopher.tool(folder, 'mem_session_end', { id: 's-tools', summary: 'Done <all>' });
  await gopher.run(folder, ['save', 'From the command line', 'words', '--project', 'Demo--One', '--scope', 'personal']);
}

/** In an hour, because a row of the second in which an export ran is never exported by the program. */
function changeLater(gopher: Teammate): void {
  gopher.write((database) => {
    const { at } = database.prepare(`SELECT datetime('now', '+1 hour') AS at`).get() as { at: string };
    insert(database, 'sessions', session('s-later', { started_at: at }));
    insert(database, 'observations', observation('obs-later', 's-later', { created_at: at }));
    insert(database, 'observations', observation('obs-later-too', 's-open', { created_at: at }));
    insert(database, 'user_prompts', prompt('prompt-later', 's-later', { created_at: at }));
    database.prepare(`UPDATE observations SET title = 'Edited', updated_at = ? WHERE sync_id = 'obs-plain'`).run(at);
    database.prepare(`UPDATE observations SET deleted_at = ?, updated_at = ? WHERE sync_id = 'obs-emoji'`).run(at, at);
  });
}

/** What of it the program has exported: v1.14 an edit or deletion never, v1.16 the edits and deletions of memories. */
function shared(gopher: Teammate, first: Rows): Rows {
  const now = gopher.rows();
  if (gopher.program.generation === 'applies') return now;
  const before = new Map(first.observations.map((row) => [row['sync_id'], row]));
  return { ...now, observations: now.observations.map((row) => before.get(row['sync_id'] ?? null) ?? row) };
}
