import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chunkId } from '../../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../../src/engine/cloud/canonical.ts';
import { cloudTargetKey } from '../../../src/engine/cloud/pendingFilter.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel, refusal } from '../../support/cloudModel.ts';
import { WASM_PATH } from '../../support/wasm.ts';

let kit: DatabaseKit;
let server: CloudModel;
let ann: CloudMember;
let bob: CloudMember;

const member = (name: string): CloudMember => new CloudMember(kit, name, server.transport('demo'));
const problemsOf = (summary: { readonly problems: readonly { code: string; subject?: string; message: string }[] }): string[] =>
  summary.problems.map(({ code, subject = '' }) => `${code} ${subject}`.trim());

beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

beforeEach(() => {
  server = new CloudModel();
  [ann, bob] = [member('ann'), member('bob')];
});

describe('two members of a project', () => {
  it('share what one has saved, edited and deleted, once, and push nothing back', async () => {
    ann.save('obs-1');
    ann.save('obs-2');
    ann.prompt('prompt-1');
    const first = await ann.sync();
    expect(first.exported).toMatchObject({ sessions: 1, memories: 2, prompts: 1, mutations: 4, deletes: 0, heldBack: 0, problems: [] });
    expect(ann.pending()).toEqual([]);
    expect(await bob.sync()).toMatchObject({ imported: { imported: 1 }, exported: { chunkIds: [], mutations: 0 } });
    expect(bob.live()).toEqual(ann.live());
    ann.edit('obs-1', { title: 'Better' });
    ann.remove('obs-2');
    ann.removePrompt('prompt-1');
    expect((await ann.sync()).exported).toMatchObject({ memories: 1, mutations: 3, deletes: 2 });
    await bob.sync();
    expect(bob.titles()).toEqual(['Better']);
    expect(bob.live()).toEqual(ann.live());
    for (const each of [ann, bob, ann, bob]) expect((await each.sync()).exported.chunkIds).toEqual([]);
    expect(server.pushes.map(({ by }) => by)).toEqual(['ann', 'ann']);
    expect(bob.cloud.lastMutation('observation', 'obs-1')).toBeUndefined();
  });

  it('end with the later of two edits, whoever pushes last', async () => {
    ann.save('obs-1');
    await ann.sync();
    await bob.sync();
    bob.now = ann.now + 60_000;
    ann.edit('obs-1', { title: 'Earlier' });
    bob.edit('obs-1', { title: 'Later' });
    await bob.sync();
    await ann.sync();
    await bob.sync();
    expect([ann.titles(), bob.titles()]).toEqual([['Later'], ['Later']]);
    expect(server.pushes).toHaveLength(2);
  });
});

describe('what stays here', () => {
  it('is what is personal, of another project, or nothing that a server takes; it is counted and told, and the rest goes', async () => {
    ann.save('obs-1');
    ann.save('obs-personal', { scope: 'personal' });
    ann.session('session-other', { project: 'other' });
    ann.save('obs-other', { project: 'other', sessionId: 'session-other' });
    ann.save('obs-misplaced', { sessionId: 'session-other' });
    ann.save('obs-blank', { content: ' ' });
    ann.save('obs-nul', { title: 'a\0b' });
    const { exported } = await ann.sync();
    expect(exported).toMatchObject({ memories: 1, personal: 1, heldBack: 3 });
    expect(exported.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('Not sent: 1 of project “demo” in sessions of another project'),
      expect.stringContaining('Not sent: 2 that no server takes'),
    ]);
    await bob.sync();
    expect(bob.titles()).toEqual(['Title of obs-1']);
    expect(JSON.stringify(server.chunk('demo', exported.chunkIds[0] ?? ''))).not.toMatch(/personal|other|misplaced|obs-nul|obs-blank/);
    expect(await ann.syncer.status()).toMatchObject({ pendingMutations: 0, heldBack: 4, state: { lifecycle: 'healthy' } });
    expect((await ann.sync({ includePersonal: true })).exported).toMatchObject({ memories: 1, personal: 0 });
  });

  it('is acknowledged by nobody', async () => {
    ann.save('obs-personal', { scope: 'personal' });
    const payload = '{"sync_id":"obs-personal","session_id":"session-ann","type":"t","title":"t","content":"c","scope":"personal"}';
    ann.cloud.enqueue({ entity: 'observation', entityKey: 'obs-personal', op: 'upsert', payload, project: 'demo' }, ann.at);
    await ann.sync();
    expect(ann.pending()).toEqual(['upsert observation obs-personal']);
  });

  it('is one row that the server refuses for a reason of its own, found by halving; every other goes', async () => {
    for (let n = 0; n < 9; n += 1) ann.save(`obs-${n}`, { title: n === 5 ? 'bad' : `Good ${n}` });
    const { push } = server;
    server.push = (project, id, json, entry) => {
      if (new TextDecoder().decode(json).includes('"bad"')) throw refusal(400, 'upgrade_repairable_payload_invalid', 'bad');
      push.call(server, project, id, json, entry);
    };
    const { exported } = await ann.sync();
    expect(problemsOf(exported)).toEqual(['cloud-refused']);
    expect(exported.memories).toBe(8);
    expect(ann.pending()).toEqual(['upsert observation obs-5']);
    expect(ann.cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'pending' });
    await bob.sync();
    expect(bob.titles()).toEqual([0, 1, 2, 3, 4, 6, 7, 8].map((n) => `Good ${n}`));
  });
});

describe('the size of a chunk', () => {
  const sizes = (): number[] => server.ids('demo').map((id) => JSON.stringify(server.chunk('demo', id)).length);

  it('is at most about 4 MiB (W-35); what is larger alone goes alone', async () => {
    const large = 'x'.repeat(900_000);
    for (let n = 0; n < 5; n += 1) ann.save(`obs-${n}`, { content: `${n}${large}` });
    ann.save('obs-huge', { content: large.repeat(3) });
    const { exported } = await ann.sync();
    expect(exported).toMatchObject({ memories: 6, problems: [] });
    expect(sizes().filter((size) => size <= 4 * 1024 * 1024)).toHaveLength(3);
    expect(sizes().filter((size) => size > 4 * 1024 * 1024)).toHaveLength(1);
    expect(ann.pending()).toEqual([]);
    await bob.sync();
    expect(bob.live()).toEqual(ann.live());
  });

  it('is halved where a server takes less', async () => {
    const { push } = server;
    server.push = (project, id, json, entry) => {
      if (json.length > 3000) throw refusal(413, 'upgrade_repairable_payload_too_large', 'push payload too large');
      push.call(server, project, id, json, entry);
    };
    for (let n = 0; n < 8; n += 1) ann.save(`obs-${n}`);
    expect((await ann.sync()).exported).toMatchObject({ memories: 8, problems: [] });
    expect(server.ids('demo').length).toBeGreaterThan(2);
    await bob.sync();
    expect(bob.live()).toEqual(ann.live());
  });
});

it('another chunk of the same 8 digits gets out of the way by a salt', async () => {
  ann.save('obs-1');
  const { push } = server;
  let refusals = 0;
  server.push = (project, id, json, entry) => {
    refusals += 1;
    if (refusals < 3) throw refusal(409, 'upgrade_repairable_chunk_conflict', 'chunk conflict');
    push.call(server, project, id, json, entry);
  };
  const { exported } = await ann.sync();
  expect(server.chunk('demo', exported.chunkIds[0] ?? '')).toMatchObject({ x_salt: 2 });
  await bob.sync();
  expect(bob.live()).toEqual(ann.live());
});

describe('a chunk that the server lists and that cannot be used', () => {
  it('is a problem, keeps the project pending, and holds up neither the import of the others nor the export', async () => {
    ann.save('obs-1');
    await ann.sync();
    ann.save('obs-2');
    await ann.sync();
    server.replace('demo', server.ids('demo')[0] ?? '', '{"observations":{}}');
    bob.save('obs-bob');
    const { imported, exported } = await bob.sync();
    expect(problemsOf(imported.summary)[0]).toBe(`chunk-corrupt ${server.ids('demo')[0]}`);
    expect(exported).toMatchObject({ memories: 1 });
    expect(bob.titles()).toEqual(['Title of obs-2', 'Title of obs-bob']);
    expect(bob.cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'pending' });
    const cleo = member('cleo');
    cleo.save('obs-cleo');
    const alone = await cleo.syncer.export({ createdBy: 'cleo' });
    expect(problemsOf(alone)[0]).toBe(`chunk-corrupt ${server.ids('demo')[0]}`);
    expect(alone).toMatchObject({ memories: 1 });
  });

  it('is told of where it is not what its name says, and used all the same', async () => {
    ann.save('obs-1');
    await ann.sync();
    const [id = ''] = server.ids('demo');
    server.replace('demo', id, JSON.stringify({ ...server.chunk('demo', id), prompts: null }).replace('Content of', 'Altered'));
    const { imported } = await bob.sync();
    expect(problemsOf(imported.summary)).toEqual([`chunk-altered ${id}`]);
    expect(bob.titles()).toEqual(['Title of obs-1']);
    expect(bob.cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'healthy' });
  });
});

describe('what a canonical form changes or leaves out', () => {
  it('is news to nobody: blanks around a title, a missing project or scope, unknown fields, a session of the extension', async () => {
    ann.session('vscode-1');
    ann.save('obs-blanks', { title: '  padded  ', content: '\ttext ', sessionId: 'vscode-1' });
    ann.save('obs-homeless', { scope: '' });
    ann.save('obs-extra');
    ann.prompt('prompt-blanks', { content: ' asked ' });
    ann.databases.memories.run(`UPDATE observations SET project = NULL WHERE sync_id = 'obs-homeless'`);
    ann.databases.index.setExtra('observation', 'obs-extra', '{"x_new":{"a":1}}');
    expect((await ann.sync()).exported).toMatchObject({ memories: 3, prompts: 1, heldBack: 0, problems: [] });
    await bob.sync();
    expect(bob.titles()).toEqual(ann.titles());
    expect(bob.databases.index.extra('observation', 'obs-extra')).toBe('{"x_new":{"a":1}}');
    for (const each of [ann, bob]) {
      each.databases.loseIndex();
      for (let n = 0; n < 2; n += 1) expect((await each.sync()).exported).toMatchObject({ chunkIds: [], heldBack: 0 });
    }
    expect(bob.titles()).toEqual(ann.titles());
  });

  it('is told once of a memory that the database has twice', async () => {
    ann.save('obs-1', { title: 'First' });
    const columns = 'sync_id, session_id, type, content, project, scope, created_at';
    ann.databases.memories.run(
      `INSERT INTO observations(${columns}, title, updated_at) SELECT ${columns}, 'Second', '2026-02-01 00:00:00' FROM observations`,
    );
    const { exported } = await ann.sync();
    expect(exported).toMatchObject({ memories: 1, mutations: 2 });
    expect((await ann.sync()).exported.chunkIds).toEqual([]);
    await bob.sync();
    expect(bob.titles()).toEqual(['Second']);
  });
});

describe('an index that was lost', () => {
  it('is filled by reading again, before anything is sent', async () => {
    ann.save('obs-1');
    await ann.sync();
    await bob.sync();
    for (const each of [ann, bob]) {
      each.databases.loseIndex();
      expect((await each.syncer.export({ createdBy: 'x' })).chunkIds).toEqual([]);
    }
  });

  it('and a server that was emptied gets back from each member what was that member’s own', async () => {
    ann.save('obs-1');
    await ann.sync();
    await bob.sync();
    for (const id of server.ids('demo')) server.remove('demo', id);
    expect((await bob.sync()).exported).toMatchObject({ chunkIds: [], heldBack: 1 });
    expect((await ann.sync()).exported).toMatchObject({ memories: 1 });
    await bob.sync();
    expect((await bob.sync()).exported).toMatchObject({ chunkIds: [], heldBack: 0 });
  });
});

describe('a memory of another project', () => {
  it('is out of reach of a chunk, and of a single mutation (W-31)', async () => {
    for (const each of [ann, bob]) {
      each.session('session-web', { project: 'web' });
      each.save('obs-web', { project: 'web', sessionId: 'session-web', title: 'Of the web' });
    }
    const deletion = { sync_id: 'obs-web', deleted: true, deleted_at: '2030-01-01 00:00:00', hard_delete: true };
    const mutation = { entity: 'observation', entityKey: 'obs-web', op: 'delete', payload: JSON.stringify(deletion), project: 'demo' };
    const edit = {
      sync_id: 'obs-web',
      session_id: 's',
      type: 't',
      title: 'Taken',
      content: 'c',
      scope: 'project',
      updated_at: '2029-01-01 00:00:00',
    };
    const mutations = [{ ...mutation, entity_key: 'obs-web', seq: 1, target_key: 'cloud', source: 'x', occurred_at: '' }];
    const bytes = canonicalizeForProject(
      new TextEncoder().encode(JSON.stringify({ sessions: [], observations: [], prompts: [], mutations })),
      'demo',
    );
    const counts = { sessions: 0, memories: 0, prompts: 0 };
    server.push('demo', chunkId(bytes), bytes, { id: chunkId(bytes), createdBy: 'evil', createdAt: '2026-01-02T00:00:00Z', ...counts });
    server.take([{ ...mutation, op: 'upsert', payload: JSON.stringify(edit) }, mutation]);
    expect((await ann.sync()).imported.summary).toMatchObject({ deletes: 0, edits: 0, heldBack: 1 });
    await bob.autosync({ transport: server.channel() }).runOnce();
    expect([ann.titles(), bob.titles()]).toEqual([['Of the web'], ['Of the web']]);
    expect([ann, bob].flatMap(({ databases }) => databases.index.heldBack())).toEqual([]);
  });
});

describe('a session of another project', () => {
  it('is not taken from it by a client that rewrites it (corrections.md)', async () => {
    ann.session('shared', { project: 'web', directory: '/w' });
    const chunk = { sessions: [{ id: 'shared', project: 'demo', directory: '/w', started_at: '2026-01-01 00:00:00' }] };
    const bytes = canonicalizeForProject(new TextEncoder().encode(JSON.stringify(chunk)), 'demo');
    const counts = { sessions: 1, memories: 0, prompts: 0 };
    server.push('demo', chunkId(bytes), bytes, { id: chunkId(bytes), createdBy: 'go', createdAt: '2026-01-02T00:00:00Z', ...counts });
    await ann.sync();
    await bob.sync();
    expect([ann, bob].map(({ databases }) => databases.store.session('shared')?.project)).toEqual(['web', 'demo']);
    expect(server.pushes).toHaveLength(1);
  });
});

describe('before anything is sent', () => {
  it('a project is asked for', async () => {
    const nobody = new CloudMember(kit, 'nobody', server.transport(''), '');
    const error = {
      code: 'cloud-config',
      message: 'cloud sync requires an explicit --project scope; --all is not supported in cloud mode',
    };
    await expect(nobody.sync()).rejects.toMatchObject(error);
  });

  it('its enrolment is looked at, and the refusal is noted', async () => {
    ann.cloud.unenroll('demo');
    ann.tap = (parts) => ({ ...parts, transport: new Proxy(parts.transport, { get: () => expect.unreachable('the server was asked') }) });
    const message = 'cloud sync blocked_unenrolled: project "demo" is not enrolled for cloud sync';
    for (const call of [ann.syncer.import(), ann.syncer.export({ createdBy: 'ann' }), ann.sync()]) {
      await expect(call).rejects.toMatchObject({ code: 'cloud-unenrolled', message });
    }
    const state = { lifecycle: 'degraded', reasonCode: 'blocked_unenrolled', reasonMessage: message, lastError: message };
    expect(ann.cloud.syncState(cloudTargetKey('demo'))).toMatchObject(state);
  });
});

describe('a failure is noted with its reason', () => {
  const cases = [
    [401, '', 'auth_required', ''],
    [403, 'policy_forbidden', 'policy_forbidden', ''],
    [409, 'sync-paused', 'paused', ''],
    [503, '', 'transport_failed', '2026-01-31T00:00:31Z'],
  ] as const;
  it.each(cases)('%i %s', async (status, code, reasonCode, backoffUntil) => {
    ann.save('obs-1');
    server.push = () => {
      throw refusal(status, code, 'no');
    };
    await expect(ann.sync()).rejects.toMatchObject({ code: 'cloud-refused', status });
    expect(ann.cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'degraded', reasonCode, backoffUntil });
    expect(ann.pending()).toEqual(['upsert session session-ann', 'upsert observation obs-1']);
    server = Object.assign(server, { push: CloudModel.prototype.push });
    expect((await ann.sync()).exported).toMatchObject({ memories: 1 });
    expect(ann.cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'healthy', reasonCode: '', consecutiveFailures: 0 });
    expect(ann.pending()).toEqual([]);
  });
});
