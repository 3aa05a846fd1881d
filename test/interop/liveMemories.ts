import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { engramFolder, openIn, readChunk } from '../support/folder.ts';
import { deletion, memoryRow, receive, sessionRow } from '../support/liveMember.ts';
import type { EngramProgram } from './programs.ts';
import { Teammate } from './teammate.ts';

/** The program and ours work on its database at the same time. */
export function liveMemories(program: EngramProgram): void {
  it('finds at once what we import while it runs, and we export what it saves', async () => {
    const root = engramFolder();
    const folder = dirname(root);
    const gopher = new Teammate(program);
    const url = await gopher.serve(folder);
    const post = async (path: string, body: object): Promise<unknown> => {
      const answer = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
      expect(answer.status, await answer.clone().text()).toBe(201);
      return answer.json();
    };
    const find = async (word: string): Promise<readonly unknown[]> => {
      const found = (await (await fetch(`${url}/search?q=${word}`)).json()) as readonly { title: string }[] | null;
      return (found ?? []).map(({ title }) => title);
    };
    await post('/sessions', { id: 's-serve', project: 'demo', directory: folder });
    await post('/observations', { session_id: 's-serve', type: 'manual', title: 'Theirs', content: 'a walrus', project: 'demo' });
    await post('/sessions', { id: 's-other', project: 'other', directory: folder });
    await post('/observations', { session_id: 's-other', type: 'manual', title: 'Not of the team', content: 'x', project: 'other' });

    receive(root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-bob', { title: 'Bob’s', content: 'a narwhal' })] });
    const ours = openIn(root, { database: 'live', livePath: gopher.databasePath, project: 'demo' });
    expect(await ours.sync({})).toMatchObject({ imported: { memories: 1, problems: [] }, exported: { memories: 1, sessions: 1 } });
    expect(await find('narwhal')).toEqual(['Bob’s']);
    expect(await gopher.tool(folder, 'mem_search', { query: 'narwhal', project: 'demo' })).toContain('Bob’s');

    const { id } = (await post('/observations', {
      session_id: 's-serve',
      type: 'manual',
      title: 'Later',
      content: 'a manatee',
      project: 'demo',
    })) as {
      id: number;
    };
    expect((await ours.state()).toShare).toMatchObject({ memories: 1 });
    expect((await ours.exportNew({})).memories).toBe(1);
    await ours.edit('obs-bob', { content: 'a dugong' });
    expect(await find('dugong')).toEqual(['Bob’s']);
    expect(await find('narwhal')).toEqual([]);

    expect((await fetch(`${url}/observations/${id}?hard=true`, { method: 'DELETE' })).status).toBe(200);
    const { exported } = await ours.sync({});
    const mutations = (await readChunk(root, exported.chunkIds[0] ?? '')).mutations ?? [];
    expect(mutations.map(({ op }) => op).sort()).toEqual(['delete', 'upsert']);
    receive(root, { mutations: [deletion('obs-bob', '2099-01-01 10:00:00')] });
    await ours.importChunks({});
    expect(await find('dugong')).toEqual([]);
    expect((await ours.sync({})).exported.chunkIds).toEqual([]);
    expect(gopher.query('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
    expect(gopher.query('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
  });

  it('goes on saving while we import for seconds', async () => {
    const root = engramFolder();
    const gopher = new Teammate(program);
    const url = await gopher.serve(dirname(root));
    const post = (path: string, body: object): Promise<Response> => fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    await post('/sessions', { id: 's-serve', project: 'demo', directory: 'demo' });
    receive(root, {
      sessions: [sessionRow('s-bob')],
      observations: Array.from({ length: 6000 }, (_, index) => memoryRow(`obs-bob-${index}`)),
    });
    const ours = openIn(root, { database: 'live', livePath: gopher.databasePath, project: 'demo' });
    const importing = { isOver: false };
    const imported = ours.importChunks({}).finally(() => {
      importing.isOver = true;
    });
    const [refusals, saves]: [string[], string[]] = [[], []];
    for (let number = 0; !importing.isOver; number += 1) {
      const body = { session_id: 's-serve', type: 'manual', title: `Theirs ${number}`, content: `walrus ${number}`, project: 'demo' };
      const answer = await post('/observations', body);
      (answer.ok ? saves : refusals).push(await answer.text());
      await sleep(7);
    }
    expect(await imported).toMatchObject({ memories: 6000, problems: [] });
    process.stdout.write(`${program.name}: ${saves.length} saves beside our import, ${refusals.length} refused by the program\n`);
    expect(gopher.query(`SELECT count(*) AS n FROM observations WHERE session_id = 's-serve'`)).toEqual({ n: saves.length });
    // v1.14 reads before it writes and tries once: whatever any other program writes at that moment, its own second process too, is an error.
    if (program.generation !== 'inserts') expect(refusals).toEqual([]);
  }, 60_000);

  it('gives a record without an id a random one, and we know it again', async () => {
    const root = engramFolder();
    const folder = dirname(root);
    const gopher = new Teammate(program);
    const { sync_id: _none, ...legacy } = memoryRow('', { title: 'Legacy', content: 'Old' }) as { sync_id: string };
    receive(root, { sessions: [sessionRow('s-bob')], observations: [legacy] });
    expect(await gopher.importFrom(folder)).toBe(1);
    const ours = openIn(root, { database: 'live', livePath: gopher.databasePath, project: 'demo' });
    expect((await ours.sync({})).exported.chunkIds).toEqual([]);
    expect(gopher.rows().observations.map((row) => row['sync_id'])).toEqual([expect.stringMatching(/^obs-derived-/)]);
    expect(await gopher.run(folder, ['search', 'Legacy'])).toContain('Found 1');
    await gopher.importFrom(folder);
    expect(gopher.rows().observations).toHaveLength(1);
  });

  it('ignores edits that it has recorded as imported; we merge them', async () => {
    const root = engramFolder();
    const folder = dirname(root);
    const gopher = new Teammate(program);
    receive(root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-1'), memoryRow('obs-2')] });
    receive(root, { mutations: [deletion('obs-1')] });
    expect(await gopher.importFrom(folder)).toBe(2);
    const ours = openIn(root, { database: 'live', livePath: gopher.databasePath, project: 'demo' });
    expect((await ours.sync({})).exported.chunkIds).toEqual([]);
    expect((await ours.state()).totals.observations).toBe(1);
  });
}
