import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeHttp } from '../../../src/adapters/nodeHttp.ts';
import { engramFolder, openIn, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { TeamServer } from '../../support/teamServer.ts';

async function setUp() {
  const server = await TeamServer.start();
  onTestFinished(() => server.close());
  const data = temporaryFolder();
  const folder = openIn(engramFolder(), { cloud: { server: server.url, project: 'demo', autosync: true } }, WASM_PATH, {
    http: nodeHttp({ server: server.url, token: () => 'fake-token' }),
    dataDirectory: () => data,
  });
  await folder.initialise();
  return { server, folder };
}

const mutationOf = (seq: number, title: string) => ({
  seq,
  project: 'demo',
  entity: 'observation',
  entity_key: `obs-${seq}`,
  op: 'upsert',
  payload: { sync_id: `obs-${seq}`, session_id: 's-1', type: 'decision', title, content: 'Content', project: 'demo', scope: 'project' },
  occurred_at: '2026-02-01T09:00:00Z',
});
const session = {
  seq: 1,
  project: 'demo',
  entity: 'session',
  entity_key: 's-1',
  op: 'upsert',
  payload: { id: 's-1', project: 'demo', directory: '/demo' },
  occurred_at: '2026-02-01T09:00:00Z',
};

describe('the cloud by itself', () => {
  it('sends chunks as a sync by hand does, and fetches what only came as mutations', async () => {
    const { server, folder } = await setUp();
    await folder.cloudEnroll('');
    await folder.save({ title: 'Mine', content: 'Content', project: 'demo' });
    server.mutations.push(session, mutationOf(2, 'From automatic sync elsewhere'));
    const first = await folder.cloudSync({ automatic: true });
    expect(first).toMatchObject({ exported: { memories: 1 }, imported: { memories: 1, sessions: 1, problems: [] } });
    expect(server.chunks('demo')).toHaveLength(1);
    expect((await folder.search('elsewhere', {})).map(({ title }) => title)).toEqual(['From automatic sync elsewhere']);
    const again = await folder.cloudSync({ automatic: true });
    expect(again).toMatchObject({ exported: { chunkIds: [] }, imported: { memories: 0, problems: [] } });
    expect([server.chunks('demo').length, server.asked.filter(({ method }) => method === 'POST').length]).toEqual([1, 1]);
  });

  it('sends nothing of another project that the database says is enrolled', async () => {
    const { server, folder } = await setUp();
    await folder.cloudEnroll('');
    await folder.cloudEnroll('elsewhere');
    await folder.save({ title: 'Not yours', content: 'Content', project: 'elsewhere' });
    await folder.cloudSync({ automatic: true });
    expect(server.asked.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('waits after a failure, asks nobody meanwhile, and can be started by hand all the same', async () => {
    const { server, folder } = await setUp();
    await folder.cloudEnroll('');
    await folder.save({ title: 'Mine', content: 'Content', project: 'demo' });
    server.token = 'another';
    // The first pause is about a second, which a busy machine may need for one try; each is twice as long as the one before.
    const tries: { readonly isSkipped: boolean; readonly asked: number }[] = [];
    while (tries.length < 10 && !tries.at(-1)?.isSkipped) {
      const before = server.asked.length;
      const outcome = await folder.cloudSync({ automatic: true }).catch(() => undefined);
      tries.push({ isSkipped: outcome?.skipped === true, asked: server.asked.length - before });
    }
    expect(tries[0]).toMatchObject({ isSkipped: false });
    expect(tries.at(-1)).toEqual({ isSkipped: true, asked: 0 });
    server.token = 'fake-token';
    expect(await folder.cloudSync({})).toMatchObject({ exported: { memories: 1 } });
  });

  it('asks what the server has aside, and says what it said until the next sync', async () => {
    const { server, folder } = await setUp();
    await folder.cloudEnroll('');
    expect((await folder.cloudState()).asked).toBeUndefined();
    server.broken = 503;
    await folder.cloudAsk();
    const { asked } = await folder.cloudState();
    expect(asked).toMatchObject({ toFetch: 0, reasonCode: 'transport_failed', problem: { code: 'cloud-refused' } });
    expect(server.asked).toHaveLength(1);
    server.broken = undefined;
    await folder.cloudSync({});
    expect((await folder.cloudState()).asked).toBeUndefined();
  });

  it('tells a token that is refused from a project that is, and keeps neither', async () => {
    const { server, folder } = await setUp();
    expect(await folder.cloudCheck(server.url)).toEqual({ outcome: 'ok', project: 'demo', chunks: 0, message: '' });
    server.allowed = [];
    expect(await folder.cloudCheck(server.url)).toMatchObject({ outcome: 'project', message: 'forbidden: project is not allowed' });
    server.token = 'another';
    expect(await folder.cloudCheck(server.url)).toMatchObject({ outcome: 'token' });
    await expect(folder.cloudCheck('http://cloud.example')).rejects.toMatchObject({ code: 'cloud-config' });
    await expect(folder.cloudCheck('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'cloud-config' });
  });
});
