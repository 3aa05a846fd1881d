import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeHttp } from '../../../src/adapters/nodeHttp.ts';
import { canonicalizeForProject } from '../../../src/engine/cloud/canonical.ts';
import { CanonicalError } from '../../../src/engine/cloud/canonicalError.ts';
import type { NewMutation } from '../../../src/engine/cloud/cloudPorts.ts';
import { HttpStatusError } from '../../../src/engine/cloud/httpStatusError.ts';
import { MutationTransport } from '../../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../../src/engine/cloud/remoteTransport.ts';
import { normalizeProject } from '../../../src/engine/goText.ts';
import { type Answer, CloudServer } from '../../support/cloudServer.ts';
import { type GoldenError, type GoldenExchange, readGoldenCloud, withGoldenCloud } from '../../support/goldenCloud.ts';
import { SAMPLE, SAMPLE_MUTATIONS } from './cloudSamples.ts';

/** Elements by file; a file that grows must be looked at. */
const COUNTS = {
  'health-and-auth.json': 22,
  'manifest.json': 8,
  'push.json': 66,
  'pull.json': 14,
  'mutation-push.json': 34,
  'mutation-pull.json': 12,
  'insecure.json': 5,
  'allow-list-wildcard.json': 5,
} as const;

type Operation = 'manifest' | 'chunk' | 'push' | 'mutation-push' | 'mutation-pull';

/** What the client reads of an answer: a value, or an error. */
type Reading = { readonly value: unknown } | { readonly error: unknown };

/** The operation of ours whose answer this is. A route that we never ask is read as one that we do. */
function operationOf({ request }: GoldenExchange): Operation {
  if (request.path === '/sync/mutations/push') return 'mutation-push';
  if (request.path === '/sync/mutations/pull') return 'mutation-pull';
  if (request.path === '/sync/push') return 'push';
  return request.path.startsWith('/sync/pull/') ? 'chunk' : 'manifest';
}

/** Why the client never sends a request like this one; `undefined`: it does, and must send exactly this. */
function neverSent(exchange: GoldenExchange): string | undefined {
  const { method, path, query = '', headers, body } = exchange.request;
  const isPush = operationOf(exchange) === 'push' || operationOf(exchange) === 'mutation-push';
  if (!path.startsWith('/sync/p') && !path.startsWith('/sync/mutations/')) return 'another route';
  if (method !== (isPush ? 'POST' : 'GET')) return 'another method';
  if (!/^Bearer [!-~]+$/.test(headers['Authorization'] ?? '')) return 'no token, or not in its form';
  if (operationOf(exchange) === 'push') return whyNotPushed(pushOf(exchange));
  if (operationOf(exchange) === 'mutation-push') return entriesOf(body) ? undefined : 'a body of another shape';
  if (operationOf(exchange) === 'mutation-pull') return /^since_seq=\d+&limit=\d+$/.test(query) ? undefined : 'another query';
  if (!/^\/sync\/pull(\/[A-Za-z0-9_-]+)?$/.test(path)) return 'a hostile id';
  return /^project=[a-z-]+$/.test(query) ? undefined : 'a project that is not normalised';
}

function whyNotPushed(push: ReturnType<typeof pushOf>): string | undefined {
  if (typeof push === 'string') return 'data without a canonical form: refused here, in the same words';
  return push ? undefined : 'a body of another shape, or a project that is not normalised';
}

interface RecordedPush {
  readonly project: string;
  readonly created_by: string;
  readonly client_created_at: string;
  /** In its canonical form: that is what ours sends. */
  readonly data: unknown;
}

/** What a recorded push is about; a text: why ours refuses to push it; `undefined`: ours has no such request. */
function pushOf({ request }: GoldenExchange): RecordedPush | string | undefined {
  const body = typeof request.body === 'string' ? parsed(request.body) : undefined;
  const { project, data, created_by: by = '', client_created_at: at = '' } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof project !== 'string' || normalizeProject(project).normalized !== project || project === '' || request.query) return undefined;
  if (typeof data !== 'object' || typeof by !== 'string' || typeof at !== 'string') return undefined;
  try {
    const canonical = Buffer.from(canonicalizeForProject(Buffer.from(JSON.stringify(data)), project)).toString();
    return { project, created_by: by, client_created_at: at.trim(), data: JSON.parse(canonical) as unknown };
  } catch (error) {
    if (error instanceof CanonicalError) return error.message;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function entriesOf(body: GoldenExchange['request']['body']): readonly NewMutation[] | undefined {
  if (typeof body !== 'string' || !body.startsWith('{"entries":[{')) return undefined;
  const { entries, ...rest } = JSON.parse(body) as { entries: readonly Readonly<Record<string, unknown>>[] };
  // `created_by` is a key that the server knows and the client does not send.
  if (Object.keys(rest).length > 0) return undefined;
  const isWhole = (entry: object): boolean => Object.keys(entry).join() === 'project,entity,entity_key,op,payload';
  if (!entries.every(isWhole)) return undefined;
  return entries.map(({ project, entity, entity_key, op, payload }) => ({
    project: String(project),
    entity: String(entity),
    entityKey: String(entity_key),
    op: String(op),
    payload: JSON.stringify(payload),
  }));
}

for (const [file, count] of Object.entries(COUNTS)) {
  withGoldenCloud(file, (path) => replay(file, readGoldenCloud<GoldenExchange[]>(path), count));
}

withGoldenCloud('channels.json', (path) => {
  const { 'v1.14.0': older, 'v1.16.1': newer } = readGoldenCloud<Record<string, GoldenExchange[]>>(path);
  replay('channels.json', [...(older ?? []), ...(newer ?? [])], 17);
});

function replay(file: string, exchanges: readonly GoldenExchange[], count: number): void {
  let server: CloudServer;
  beforeAll(async () => {
    server = await CloudServer.start();
  });
  afterAll(() => server.close());

  function read(exchange: GoldenExchange, isOurs: boolean): Promise<unknown> {
    const { path, query = '', headers, body } = exchange.request;
    const token = (headers['Authorization'] ?? '').replace(/^Bearer /, '');
    const http = nodeHttp({ server: server.url, token: () => (isOurs ? token : 'fake-token') });
    const parameters = new URLSearchParams(isOurs ? query : 'project=demo&since_seq=0&limit=100');
    const recorded = isOurs ? pushOf(exchange) : undefined;
    const push = typeof recorded === 'string' ? undefined : recorded;
    const project = push?.project ?? parameters.get('project') ?? 'demo';
    const remote = new RemoteTransport({ http, server: server.url, project });
    const mutations = new MutationTransport({ http, server: server.url });
    switch (operationOf(exchange)) {
      case 'manifest':
        return remote.readManifest();
      case 'chunk':
        return remote.readChunk(isOurs ? (path.split('/').at(-1) ?? '') : '0123abcd');
      case 'push':
        return remote.pushChunk(Buffer.from(push ? JSON.stringify(push.data) : SAMPLE), {
          createdBy: push?.created_by ?? 'alice',
          createdAt: push?.client_created_at ?? '',
        });
      case 'mutation-push':
        return mutations.pushMutations((isOurs ? entriesOf(body) : undefined) ?? SAMPLE_MUTATIONS);
      case 'mutation-pull':
        return mutations.pullMutations(Number(parameters.get('since_seq')), Number(parameters.get('limit')));
    }
  }

  async function reading(exchange: GoldenExchange, answer: Answer, isOurs: boolean): Promise<Reading> {
    server.answer = () => answer;
    server.seen.length = 0;
    try {
      return { value: await read(exchange, isOurs) };
    } catch (error) {
      return { error };
    }
  }

  let same = 0;
  const others = new Map<string, number>();

  it.each(exchanges.map((exchange) => [exchange.name, exchange] as const))('%s', async (_, exchange) => {
    const reason = neverSent(exchange);
    const first = await reading(exchange, exchange.response, reason === undefined);
    check(exchange, { answer: exchange.response, expected: exchange.client_error, actual: first });
    if (reason === undefined) {
      same += 1;
      checkRequest(exchange, server);
    } else others.set(reason, (others.get(reason) ?? 0) + 1);
    const newer = exchange['response_v1.16.1'];
    if (!newer) return;
    const expected = exchange['client_error_v1.16.1'];
    check(exchange, { answer: newer, expected, actual: await reading(exchange, newer, reason === undefined) });
  });

  it.each(exchanges.filter((one) => typeof pushOf(one) === 'string').map((one) => [one.name, one] as const))(
    'refuses before it is sent: %s',
    (_, one) => {
      // Unless something else was wrong with it, the server had said the same.
      if (one.response.status === 400) expect(one.client_error?.text.endsWith(`: ${pushOf(one)}`), `${pushOf(one)}`).toBe(true);
      else expect([409, 500]).toContain(one.response.status);
    },
  );

  it('is all of the file', () => {
    expect(exchanges.length).toBe(count);
    expect(same + [...others.values()].reduce((sum, of) => sum + of, 0)).toBe(count);
    const reasons = [...others].map(([reason, of]) => `${of} ${reason}`).join(', ');
    console.log(`golden ${file}: ${count} answers read, ${same} requests sent as recorded; not sent: ${reasons || 'none'}`);
  });
}

function checkRequest(exchange: GoldenExchange, { seen }: CloudServer): void {
  const { request } = exchange;
  const push = operationOf(exchange) === 'push' ? pushOf(exchange) : undefined;
  if (typeof push === 'string') throw new Error(push);
  expect(seen.length).toBe(1);
  const [{ method, target, headers, body } = { method: '', target: '', headers: {}, body: '' }] = seen;
  expect(method).toBe(request.method);
  expect(new URL(target, 'http://x').pathname).toBe(request.path);
  expect([...new URL(target, 'http://x').searchParams]).toEqual([...new URLSearchParams(request.query)]);
  expect(headers.authorization).toBe(request.headers['Authorization']);
  if (push) expect(JSON.parse(body)).toEqual({ ...push, chunk_id: expect.stringMatching(/^[0-9a-f]{8}$/) });
  else if (typeof request.body === 'string') expect(JSON.parse(body)).toEqual(JSON.parse(request.body));
  else expect(body).toBe('');
}

function check(exchange: GoldenExchange, of: { answer: Answer; expected: GoldenError | undefined; actual: Reading }): void {
  const { answer, expected, actual } = of;
  if (answer.status === 200) {
    if (exchange.request.path === '/health')
      expect(actual).toEqual({ value: { version: 0, chunks: [], unusable: [], extra: expect.anything() } });
    else expect(actual, exchange.name).toHaveProperty('value');
    if ('value' in actual) checkValue(exchange, answer, actual.value);
    return;
  }
  const error = 'error' in actual ? actual.error : undefined;
  if (operationOf(exchange) === 'chunk' && answer.status === 404) {
    expect(error).toMatchObject({ name: 'ChunkNotFoundError', message: expected?.text ?? 'sync: chunk not found' });
    return;
  }
  if (!(error instanceof HttpStatusError)) {
    // The recorded redirect leads to an address of the same server that answers with the same redirect.
    expect(answer.status).toBe(307);
    expect(error).toMatchObject({ code: 'cloud-answer' });
    return;
  }
  expect(error.status).toBe(answer.status);
  if (!expected) return;
  // The recorded client asked for the chunk 0123abcd and pushed 5705a2b4, ours the ones of the request.
  const named = (text: string): string => text.replace(/ chunk [0-9a-f]{8}:/, ' chunk …:');
  expect(named(error.message)).toBe(named(expected.text));
  expect(error).toMatchObject({ errorClass: expected.error_class ?? '', errorCode: expected.error_code ?? '' });
  expect(error.isAuthFailure).toBe(expected.is_auth_failure ?? false);
  expect(error.isPolicyFailure).toBe(expected.is_policy_failure ?? false);
  expect(error.isRepairable).toBe(expected.is_repairable_migration_failure ?? false);
  expect(error.isPaused).toBe(expected.error_code === 'sync-paused');
}

/** That nothing of an answer got lost on the way. */
function checkValue(exchange: GoldenExchange, answer: Answer, value: unknown): void {
  const operation = operationOf(exchange);
  const body = String(answer.body);
  if (operation === 'chunk') {
    expect(Buffer.from(value as Uint8Array).toString()).toBe(body);
    return;
  }
  const json = JSON.parse(body) as {
    chunks?: object[];
    mutations?: { seq: number; payload: unknown }[];
    accepted_seqs?: number[];
    chunk_id?: string;
  };
  if (operation === 'manifest') expect(value).toMatchObject({ unusable: [], chunks: (json.chunks ?? []).map(renamed) });
  if (operation === 'push') {
    // The server names a chunk by the same canonical form, so what ours computes must be what it answers.
    const id = neverSent(exchange) === undefined ? json.chunk_id : '5705a2b4';
    expect(value).toEqual({ id, storedAs: json.chunk_id });
  }
  if (operation === 'mutation-push') expect(value).toEqual(json.accepted_seqs);
  if (operation !== 'mutation-pull') return;
  const { mutations, unusable } = value as { mutations: { seq: number; payload: string }[]; unusable: unknown[] };
  expect(unusable).toEqual([]);
  const got = mutations.map(({ seq, payload }) => ({ seq, payload: JSON.parse(payload) as unknown }));
  expect(got).toEqual((json.mutations ?? []).map(({ seq, payload }) => ({ seq, payload })));
}

function renamed(entry: object): object {
  const names: Readonly<Record<string, string>> = { created_by: 'createdBy', created_at: 'createdAt' };
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [names[key] ?? key, value as unknown]));
}
