import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { engramFolder, openIn } from '../support/folder.ts';
import { memoryRow, receive, sessionRow } from '../support/liveMember.ts';
import type { EngramProgram } from './programs.ts';
import { Teammate } from './teammate.ts';

const FAR = '2099-01-01 12:00:00';
const SECOND_LATER = '2099-01-01 12:00:01';

/** Everything that a teammate with a clock decades ahead has shared; to that the program's own clock is slow. */
function receiveFromFarAhead(root: string): void {
  const names = ['obs-edited', 'obs-revised', 'obs-hidden', 'obs-gone', 'obs-kept'];
  const observations = names.map((name) => memoryRow(name, { title: name, topic_key: `topic/${name}`, created_at: FAR, updated_at: FAR }));
  const prompts = [{ id: 1, sync_id: 'prompt-1', session_id: 's-bob', content: 'P', project: 'demo', created_at: FAR }];
  receive(root, { sessions: [{ ...sessionRow('s-bob'), ended_at: FAR, summary: 'a long summary' }], observations, prompts });
}

/** The program changes what came from somebody with a fast clock. */
export function slowAgents(program: EngramProgram): void {
  it('edits, deletes and ends with a clock that is behind, and the whole team gets it', async () => {
    const root = engramFolder();
    const folder = dirname(root);
    const gopher = new Teammate(program);
    await gopher.open(folder);
    receiveFromFarAhead(root);
    const ours = openIn(root, { database: 'live', livePath: gopher.databasePath, project: 'demo' });
    expect((await ours.sync({})).imported.memories).toBe(5);

    const url = await gopher.serve(folder);
    const ask = async (method: string, path: string, body?: object): Promise<void> => {
      const answer = await fetch(`${url}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
      expect(answer.ok, `${method} ${path}: ${await answer.clone().text()}`).toBe(true);
    };
    const idOf = (syncId: string): unknown => gopher.query('SELECT id FROM observations WHERE sync_id = ?', syncId)['id'];
    await ask('PATCH', `/observations/${idOf('obs-edited')}`, { content: 'edited' });
    const again = {
      session_id: 's-bob',
      type: 'manual',
      title: 'again',
      content: 'revised',
      project: 'demo',
      topic_key: 'topic/obs-revised',
    };
    await ask('POST', '/observations', again);
    await ask('DELETE', `/observations/${idOf('obs-hidden')}`);
    await ask('DELETE', `/observations/${idOf('obs-gone')}?hard=true`);
    await ask('DELETE', `/prompts/${gopher.query('SELECT id FROM user_prompts')['id']}`);
    await ask('POST', '/sessions/s-bob/end', { summary: 'short' });

    expect((await ours.state()).toShare).toMatchObject({ edits: 2, deletes: 3 });
    await ours.sync({});
    const times = 'SELECT group_concat(DISTINCT updated_at) AS times FROM observations WHERE sync_id IN (?, ?, ?)';
    expect(gopher.query(times, 'obs-edited', 'obs-revised', 'obs-hidden')).toEqual({ times: SECOND_LATER });
    expect((await ours.sync({})).exported.chunkIds).toEqual([]);
    expect(gopher.query('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });

    const second = openIn(root);
    await second.sync({});
    expect(await second.memory('obs-edited')).toMatchObject({ content: 'edited', deleted: false });
    expect(await second.memory('obs-revised')).toMatchObject({ title: 'again', content: 'revised' });
    for (const id of ['obs-hidden', 'obs-gone']) expect(await second.memory(id).then(({ deleted }) => deleted)).toBe(true);
    expect((await second.readSession('s-bob')).text).toContain('short');
    expect((await second.state()).totals).toMatchObject({ observations: 3, prompts: 0 });
    expect((await second.sync({})).exported.chunkIds).toEqual([]);
  });

  it('is not taken for an agent when it imports chunks itself and completes its journal for the cloud', async () => {
    const root = engramFolder();
    const folder = dirname(root);
    const gopher = new Teammate(program);
    await gopher.open(folder);
    receiveFromFarAhead(root);
    const ours = openIn(root, { database: 'live', livePath: gopher.databasePath, project: 'demo' });
    await ours.sync({});
    const older = memoryRow('obs-kept', { title: 'older', updated_at: '2026-01-02 10:00:00' });
    const line = {
      seq: 1,
      target_key: 'cloud',
      entity: 'observation',
      entity_key: 'obs-kept',
      op: 'upsert',
      source: 'local',
      project: 'demo',
    };
    receive(root, {
      sessions: [sessionRow('s-bob')],
      mutations: [{ ...line, occurred_at: '2026-01-02 10:00:00', payload: JSON.stringify(older) }],
    });
    expect(await gopher.importFrom(folder)).toBe(1);
    await gopher.run(folder, ['cloud', 'enroll', 'demo']);
    expect((await ours.state()).toShare).toMatchObject({ edits: 0, memories: 0, deletes: 0 });
    expect((await ours.sync({})).exported.chunkIds).toEqual([]);
    expect((await ours.memory('obs-kept')).title).toBe('obs-kept');
  });
}
