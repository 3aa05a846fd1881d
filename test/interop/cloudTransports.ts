import { expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/nodeHttp.ts';
import { retryMeans } from '../../src/adapters/retryMeans.ts';
import { canonicalizeForProject } from '../../src/engine/cloud/canonical.ts';
import type { NewMutation } from '../../src/engine/cloud/cloudPorts.ts';
import { HttpStatusError } from '../../src/engine/cloud/httpStatusError.ts';
import { MutationTransport, type PulledMutation } from '../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../src/engine/cloud/remoteTransport.ts';
import { retrying } from '../../src/engine/cloud/retry.ts';
import { ChunkNotFoundError } from '../../src/engine/errors.ts';
import type { Int } from '../../src/engine/records.ts';
import type { CloudServer } from './cloudServer.ts';

const BY = { createdBy: 'ann', createdAt: '2026-01-02T03:04:05Z' };
const PROJECT = 'other';
/** Together more than a server takes; one text of this size our own reader would refuse. */
const HUGE = Array.from({ length: 9 }, () => 'x'.repeat(1_000_000));

/** Both transports against a real server: what is pushed comes back, and each refusal is read for what it is. */
export function transports(server: () => CloudServer): void {
  const httpOf = (token: string) => retrying(nodeHttp({ server: server().url, token: () => token }), retryMeans());
  const remote = (project = PROJECT, token = server().token) => new RemoteTransport({ http: httpOf(token), server: server().url, project });
  const mutations = () => new MutationTransport({ http: httpOf(server().token), server: server().url });

  const chunkOf = (content: string) =>
    Buffer.from(
      JSON.stringify({
        sessions: [{ id: 'tr-s', project: PROJECT, directory: '/d', started_at: '2026-01-02 03:04:05' }],
        observations: [],
        prompts: [{ id: 1, sync_id: 'tr-p', session_id: 'tr-s', content, project: PROJECT, created_at: '2026-01-02 03:05:01' }],
      }),
    );

  const hugeChunk = () =>
    Buffer.from(
      JSON.stringify({ sessions: [], observations: [], prompts: HUGE.map((content, id) => ({ id, sync_id: `tr-${id}`, content })) }),
    );

  async function refusal(work: Promise<unknown>): Promise<HttpStatusError> {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    if (error instanceof HttpStatusError) return error;
    throw error ?? new Error('the server did not refuse it');
  }

  async function pullAll(): Promise<readonly PulledMutation[]> {
    const all: PulledMutation[] = [];
    for (let since: Int = 0, more = true; more; ) {
      const page = await mutations().pullMutations(since);
      expect(page.unusable).toEqual([]);
      all.push(...page.mutations);
      [since, more] = [page.nextSeq, page.hasMore];
    }
    return all;
  }

  it('push a chunk, again, list it and pull it', async () => {
    const json = chunkOf('ñ <b> & \u2028 1e21');
    const { id, storedAs } = await remote().pushChunk(json, BY);
    expect(storedAs).toBe(id);
    expect(await remote().pushChunk(json, { ...BY, createdBy: 'bob' })).toEqual({ id, storedAs });
    const listed = (await remote().readManifest()).chunks.filter((entry) => entry.id === id);
    expect(listed).toMatchObject([{ createdBy: 'ann', createdAt: BY.createdAt, sessions: 1, prompts: 1 }]);
    const back = await remote().readChunk(id);
    expect(Buffer.from(canonicalizeForProject(back, PROJECT))).toEqual(Buffer.from(canonicalizeForProject(json, PROJECT)));
    await expect(remote().readChunk('0123abcd')).rejects.toBeInstanceOf(ChunkNotFoundError);
  });

  it('read refusals for what they are', async () => {
    expect((await refusal(remote(PROJECT, 'a-wrong-token').readManifest())).isAuthFailure).toBe(true);
    expect((await refusal(remote(PROJECT, '').readManifest())).isAuthFailure).toBe(true);
    expect((await refusal(remote('secret').readManifest())).isPolicyFailure).toBe(true);
    expect((await refusal(remote('secret').pushChunk(chunkOf('x'), BY))).isPolicyFailure).toBe(true);
    expect((await refusal(remote().pushChunk(hugeChunk(), BY))).isTooLarge).toBe(true);
    const unstorable = await refusal(remote().pushChunk(chunkOf('\0'), BY));
    expect(unstorable).toMatchObject({ status: 500, isContentRefusal: true });
  });

  it('send all mutations that can be stored, once and in order, and name those that cannot', { timeout: 120_000 }, async () => {
    const entry = (index: number, more: object = {}): NewMutation => {
      const payload = JSON.stringify({ id: `tr-${index}`, project: PROJECT, directory: '/d', ...more });
      return { project: PROJECT, entity: 'session', entityKey: `tr-${index}`, op: 'upsert', payload };
    };
    const entries = Array.from({ length: 230 }, (_, index) => entry(index));
    entries[17] = entry(17, { summary: 'a\0b' });
    entries[150] = entry(150, { parts: HUGE });
    entries[151] = { ...entry(151), payload: '{"id":' };
    const before = (await pullAll()).length;
    const { sent, refused, stoppedBy } = await mutations().push(entries);
    expect(stoppedBy).toBeUndefined();
    expect(refused.map(({ item }) => item.entityKey)).toEqual(['tr-17', 'tr-150', 'tr-151']);
    expect(sent.length).toBe(227);
    expect(refused[1]?.error).toMatchObject({ isTooLarge: true });
    const pulled = (await pullAll()).slice(before);
    expect(pulled.map(({ entityKey }) => entityKey)).toEqual(sent.map(({ entityKey }) => entityKey));
    expect(pulled.map(({ payload }) => JSON.parse(payload) as unknown)).toEqual(sent.map(({ payload }) => JSON.parse(payload) as unknown));
  });

  it('find a project paused, and go on when it is not any more', async () => {
    const set = (enabled: boolean) =>
      server().query(
        `INSERT INTO cloud_project_controls (project, sync_enabled, updated_by) VALUES ('${PROJECT}', ${enabled}, 'test')
         ON CONFLICT (project) DO UPDATE SET sync_enabled = ${enabled}`,
      );
    const entry: NewMutation = {
      project: PROJECT,
      entity: 'session',
      entityKey: 'p',
      op: 'upsert',
      payload: '{"id":"p","directory":"/d"}',
    };
    await set(false);
    expect((await refusal(remote().pushChunk(chunkOf('paused'), BY))).isPaused).toBe(true);
    const outcome = await mutations().push([entry]);
    expect(outcome).toMatchObject({ sent: [], refused: [], stoppedBy: { isPaused: true } });
    await remote().readManifest();
    await set(true);
    await remote().pushChunk(chunkOf('paused'), BY);
    expect((await mutations().push([entry])).sent).toEqual([entry]);
  });
}
