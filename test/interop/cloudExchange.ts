import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CloudGopher } from './cloudGopher.ts';
import { ourPlayer, type Player, theirPlayer } from './cloudPlayers.ts';
import type { CloudServer } from './cloudServer.ts';
import { HOSTILE, LONG, observation, prompt, session } from './everything.ts';
import { OurCloudMember } from './ourCloud.ts';
import type { EngramProgram } from './programs.ts';
import { insert, live, type Row, type Rows } from './rows.ts';

/** What a server and every program take: PostgreSQL has no NUL, and the programs cut the spaces around titles and contents off. */
const TEXT = HOSTILE.replaceAll('\0', '').trim();

/** Whole projects, from one program to the other through the server. */
export function cloudExchange(program: EngramProgram, server: () => CloudServer): void {
  const project = (kind: string): string => `${kind}-${program.generation}`;

  it('has what ours has: rows of every kind, edits, deletions', async () => {
    const ours = await OurCloudMember.join(server(), project('ours'));
    fill(ours, project('ours'));
    expect((await ours.push()).problems).toEqual([]);
    change(ours);
    expect((await ours.push()).problems).toEqual([]);
    const gopher = new CloudGopher(program, server());
    await gopher.enroll(project('ours'));
    await gopher.pull(project('ours'));
    expect(seen(gopher.rows())).toEqual(seen(ours.rows()));
    expect(seen(ours.rows()).observations).toHaveLength(4);
  });

  it('gives ours what it has: edits, topics, deletions, ended sessions', async () => {
    const player = await theirPlayer(new CloudGopher(program, server()), project('theirs'));
    await writeAll(player);
    await player.push();
    const early = await OurCloudMember.join(server(), project('theirs'));
    await early.pull();
    expect(seen(early.rows())).toEqual(seen(player.rows()));
    await changeAll(player);
    await player.push();
    const late = await OurCloudMember.join(server(), project('theirs'), { name: 'bob' });
    for (const ours of [early, late]) {
      expect((await ours.pull()).problems).toEqual([]);
      expect(seen(ours.rows()), ours.name).toEqual(seen(player.rows()));
      expect(await ours.push(), ours.name).toMatchObject({ isEmpty: true, problems: [] });
    }
  });

  it('cannot revert what ours changed, with the old rows that it sends back', async () => {
    const member = await OurCloudMember.join(server(), project('echo'));
    const ours = ourPlayer(member, project('echo'));
    await ours.session('s1');
    for (const title of ['Kept', 'Edited', 'Deleted']) await ours.save('s1', title);
    await ours.prompt('s1', 'Unsaid');
    await ours.push();
    // In the same second the rows that it sends back would be our very chunk, byte for byte, and it would keep quiet.
    await sleep(1_100);
    const gopher = await theirPlayer(new CloudGopher(program, server()), project('echo'));
    await gopher.pull();
    await ours.edit(idOf(ours, 'Edited'), 'Edited later');
    await ours.remove(idOf(ours, 'Deleted'), false);
    await ours.unprompt(String(ours.rows().prompts[0]?.['sync_id']));
    await ours.push();
    const expected = seen(ours.rows());

    await gopher.push();
    const chunks = await server().chunks(project('echo'));
    expect(chunks.map(({ created_by }) => created_by)).toEqual(['alice', 'alice', 'gopher']);
    await ours.pull();
    expect(seen(ours.rows())).toEqual(expected);
    await ours.push();
    expect(await server().chunks(project('echo'))).toEqual(chunks);
    const late = await OurCloudMember.join(server(), project('echo'), { name: 'bob' });
    await late.pull();
    expect(seen(late.rows())).toEqual(expected);
  });
}

function idOf(player: Player, title: string): string {
  return String(player.rows().observations.find((row) => row['title'] === title)?.['sync_id']);
}

function fill(ours: OurCloudMember, project: string): void {
  const at = '2024-01-01 10:00:00';
  ours.write((database) => {
    insert(database, 'sessions', session('s-open', { project }));
    insert(database, 'sessions', session('s-ended', { project, ended_at: '2024-01-02 18:00:00', summary: TEXT }));
    const add = (id: string, fields: Parameters<typeof observation>[2]): void =>
      insert(database, 'observations', observation(id, 's-open', { project, ...fields }));
    add('obs-plain', {});
    add('obs-hostile', { title: TEXT, content: TEXT, type: 'bugfix', session_id: 's-ended' });
    add('obs-long', { content: LONG, tool_name: 'Edit', topic_key: 'decision/é', revision_count: 7, last_seen_at: at });
    add('obs-count', { duplicate_count: 2n ** 31n, revision_count: 3 });
    add('obs-gone', {});
    for (const id of ['prompt-kept', 'prompt-gone'])
      insert(database, 'user_prompts', prompt(id, 's-ended', { project, content: `${id} ${TEXT}` }));
  });
}

function change(ours: OurCloudMember): void {
  const at = '2024-02-01 10:00:00';
  ours.write((database) => {
    database
      .prepare(`UPDATE observations SET title = ?, revision_count = 2, updated_at = ? WHERE sync_id = 'obs-plain'`)
      .run(`Edited ${TEXT}`, at);
    database.prepare(`UPDATE observations SET deleted_at = ?, updated_at = ? WHERE sync_id = 'obs-gone'`).run(at, at);
    database.prepare(`UPDATE sessions SET ended_at = ?, summary = 'Over' WHERE id = 's-open'`).run(at);
    database.exec(`DELETE FROM user_prompts WHERE sync_id = 'prompt-gone'`);
    insert(database, 'prompt_tombstones', { sync_id: 'prompt-gone', session_id: 's-ended', deleted_at: at });
  });
}

async function writeAll(player: Player): Promise<void> {
  await player.session('s1');
  await player.session('s2');
  for (const title of [TEXT, 'Edited', 'Hidden', 'Gone']) await player.save('s1', title);
  await player.save('s2', 'Topic', 'topic/one');
  await player.save('s2', 'Topic again', 'topic/one');
  for (const text of ['Said', 'Unsaid']) await player.prompt('s2', text);
}

async function changeAll(player: Player): Promise<void> {
  await player.edit(idOf(player, 'Edited'), 'Edited once');
  await player.edit(idOf(player, 'Edited once'), 'Edited twice');
  await player.remove(idOf(player, 'Hidden'), false);
  await player.remove(idOf(player, 'Gone'), true);
  await player.unprompt(String(player.rows().prompts.find((row) => row['content'] === 'Unsaid')?.['sync_id']));
  await player.save('s2', 'Topic once more', 'topic/one');
  await player.end('s1');
}

/** What a person sees. */
function seen(rows: Rows): Readonly<Record<keyof Rows, readonly Row[]>> {
  return { ...rows, observations: live(rows.observations) };
}
