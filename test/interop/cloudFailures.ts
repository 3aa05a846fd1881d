import { expect, it } from 'vitest';
import type { Http } from '../../src/engine/cloud/cloudPorts.ts';
import { EngramError } from '../../src/engine/errors.ts';
import type { CloudServer } from './cloudServer.ts';
import { observation, session } from './everything.ts';
import { OurCloudMember } from './ourCloud.ts';
import { insert } from './rows.ts';

/** What ours makes of a real server's refusals, and of answers that never arrive. */
export function cloudFailures(server: () => CloudServer): void {
  it('takes a chunk once, whether its answer was lost or its request', async () => {
    const lost = { before: false, after: false };
    const tap = (http: Http): Http => ({
      send: async (request, signal) => {
        const isLost = request.method === 'POST';
        if (isLost && lost.before) throw new EngramError('cloud-unreachable', 'the request was lost');
        const response = await http.send(request, signal);
        if (isLost && lost.after) throw new EngramError('cloud-unreachable', 'the answer was lost');
        return response;
      },
    });
    const ours = await OurCloudMember.join(server(), 'lost', { tap });
    save(ours, 'lost', 'one');
    lost.before = true;
    await expect(ours.push()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    expect(await server().chunks('lost')).toEqual([]);
    lost.before = false;
    lost.after = true;
    await expect(ours.push()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    expect(await server().chunks('lost')).toHaveLength(1);
    lost.after = false;
    await ours.push();
    save(ours, 'lost', 'two');
    await ours.push();
    const bob = await OurCloudMember.join(server(), 'lost', { name: 'bob' });
    await bob.pull();
    expect(bob.rows().observations).toEqual(ours.rows().observations);
    const sent = `SELECT count(*), count(DISTINCT m->>'entity_key') FROM cloud_chunks, jsonb_array_elements(payload->'mutations') AS m
      WHERE project_name = 'lost' AND m->>'entity' = 'observation'`;
    expect(await server().query(sent)).toBe('2|2');
  });

  it('says why it refuses, and what was not sent goes out later', async () => {
    const stranger = await OurCloudMember.join(server(), 'refused', { token: 'another' });
    save(stranger, 'refused', 'one');
    await expect(stranger.push()).rejects.toMatchObject({ code: 'cloud-refused', status: 401 });
    expect(stateOf(stranger, 'refused')).toEqual({ reason: 'auth_required' });

    const elsewhere = await OurCloudMember.join(server(), 'not-in-the-list');
    await expect(elsewhere.pull()).rejects.toMatchObject({ code: 'cloud-refused', status: 403, errorCode: 'policy_forbidden' });
    expect(stateOf(elsewhere, 'not-in-the-list')).toEqual({ reason: 'policy_forbidden' });

    const paused = await OurCloudMember.join(server(), 'refused');
    save(paused, 'refused', 'two');
    await server().query(`INSERT INTO cloud_project_controls(project, sync_enabled, updated_by) VALUES('refused', false, 'admin')`);
    await expect(paused.push()).rejects.toMatchObject({ code: 'cloud-refused', status: 409, errorCode: 'sync-paused' });
    expect(stateOf(paused, 'refused')).toEqual({ reason: 'paused' });
    await server().query(`UPDATE cloud_project_controls SET sync_enabled = true WHERE project = 'refused'`);
    await paused.push();
    expect(stateOf(paused, 'refused')).toEqual({ reason: null });
    expect(await server().chunks('refused')).toHaveLength(1);
  });

  it('takes an export of more than its limit in several chunks', async () => {
    const ours = await OurCloudMember.join(server(), 'large');
    ours.write((database) => {
      insert(database, 'sessions', session('s-large', { project: 'large' }));
      for (let number = 0; number < 110; number += 1) {
        insert(
          database,
          'observations',
          observation(`obs-${number}`, 's-large', { project: 'large', content: `${number} ${'x'.repeat(49_000)}` }),
        );
      }
    });
    const { chunkIds, problems } = await ours.push();
    expect(problems).toEqual([]);
    expect(chunkIds.length).toBeGreaterThan(1);
    const bob = await OurCloudMember.join(server(), 'large', { name: 'bob' });
    await bob.pull();
    expect(bob.rows()).toEqual(ours.rows());
  });
}

function save(ours: OurCloudMember, project: string, name: string): void {
  ours.write((database) => {
    insert(database, 'sessions', session(`s-${name}`, { project }));
    insert(database, 'observations', observation(`obs-${name}`, `s-${name}`, { project }));
  });
}

function stateOf(ours: OurCloudMember, project: string): unknown {
  let state: unknown;
  ours.write((database) => {
    state = database.prepare('SELECT reason_code AS reason FROM sync_state WHERE target_key = ?').get(`cloud:${project}`);
  });
  return { ...(state as object) };
}
