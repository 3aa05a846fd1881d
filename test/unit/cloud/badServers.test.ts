import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeHttp } from '../../../src/adapters/nodeHttp.ts';
import { cloudFailure } from '../../../src/engine/cloud/cloudFailure.ts';
import type { Http, NewMutation } from '../../../src/engine/cloud/cloudPorts.ts';
import { MutationTransport } from '../../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../../src/engine/cloud/remoteTransport.ts';
import { retrying } from '../../../src/engine/cloud/retry.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { cloudHttp } from '../../../src/host/cloudHttp.ts';
import { type Answer, CloudServer, startRawServer } from '../../support/cloudServer.ts';
import { FakeRetry } from '../../support/fakeRetry.ts';
import { selfSigned } from '../../support/selfSigned.ts';

/** In the form of a token; it must not stand in anything that a person or a log may see. */
const CANARY = 'egm_CANARY+7f3a/9c21=&"<deadbeef>';
const ENTRY = { createdBy: 'ann', createdAt: '2026-01-02T03:04:05Z' };
const MUTATION: NewMutation = { project: 'demo', entity: 'session', entityKey: 's1', op: 'upsert', payload: '{"id":"s1"}' };
const ATTEMPTS = 4;

const makers: readonly [string, (server: string) => Http][] = [
  ['of the command line', (server) => nodeHttp({ server, token: () => CANARY })],
  ['of the editor', (server) => cloudHttp(server, async () => CANARY)],
];

interface Operations {
  readonly manifest: () => Promise<unknown>;
  readonly chunk: () => Promise<unknown>;
  readonly push: () => Promise<unknown>;
  readonly 'mutation push': () => Promise<unknown>;
  readonly 'mutation pull': () => Promise<unknown>;
}

function operations(http: Http, server: string, limits = { maxChunkBytes: 50_000, maxManifestBytes: 50_000 }): Operations {
  const remote = new RemoteTransport({ http, server, project: 'demo', limits });
  const mutations = new MutationTransport({ http, server });
  return {
    manifest: () => remote.readManifest(),
    chunk: () => remote.readChunk('aaaaaaaa'),
    push: () => remote.pushChunk(Buffer.from('{}'), ENTRY),
    'mutation push': async () => {
      const { sent, refused, stoppedBy } = await mutations.push([MUTATION]);
      expect(sent).toEqual([]);
      throw stoppedBy ?? refused[0]?.error ?? new Error('it was sent');
    },
    'mutation pull': () => mutations.pullMutations(0),
  };
}

/** The error of an operation that must fail, after a look at all that a log could show of it. */
async function failure(work: () => Promise<unknown>): Promise<EngramError> {
  const error = await work().then(
    (value) => expect.fail(`no error but ${inspect(value)}`),
    (caught: unknown) => caught,
  );
  expectNoToken(error);
  if (!EngramError.is(error)) throw error;
  return error;
}

function expectNoToken(error: unknown): void {
  const seen = `${inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })}${JSON.stringify(error)}${String(error)}`;
  expect(seen).not.toContain('CANARY');
  expect(seen).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 12));
}

/** One sentence or a few, for a person: what is safe and what to do next stand in it. */
function expectSentence(error: EngramError): void {
  const { sentence } = cloudFailure(error);
  expect(sentence).toMatch(/^[A-Z].*\.( It says: .*)?$/);
  expect(sentence).toMatch(/lost|pending|Nothing was sent|was sent there/);
  expect(sentence.length).toBeLessThan(420);
}

describe.each(makers)('HTTP %s', (_, make) => {
  let server: CloudServer;
  let retry: FakeRetry;
  beforeEach(async () => {
    server = await CloudServer.start();
    retry = new FakeRetry();
  });
  afterEach(() => server.close());

  /** Both share all but the `fetch`: what is checked of one in every detail is tried with the other. */
  const isFirst = make === makers[0]?.[1];
  const over = (url = server.url): Operations => operations(retrying(make(url), retry), url);
  const names = ['manifest', 'chunk', 'push', 'mutation push', 'mutation pull'] as const;

  interface Case {
    readonly answer: Answer;
    readonly reason: string;
    readonly code?: string;
    readonly attempts: number;
    /** Milliseconds, where the server's wish decides them. */
    readonly waits?: readonly number[];
    readonly only?: readonly (typeof names)[number][];
  }

  const json = (body: object): Pick<Answer, 'headers' | 'body'> => ({
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const paused = { error_class: 'policy', error_code: 'sync-paused', error: 'sync is paused for project "demo"' };
  const conflict = { error_class: 'repairable', error_code: 'upgrade_repairable_chunk_conflict', error: 'write chunk: conflict' };
  const unstorable = 'insert mutations: cloudstore: insert mutation: ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)';
  const html = '<html><head><title>Sign in</title></head><body>Please sign in</body></html>';
  const routesWith404 = ['mutation push', 'mutation pull'] as const;

  const cases: Readonly<Record<string, Case>> = {
    '401': { answer: { status: 401, body: 'unauthorized: invalid bearer token\n' }, reason: 'auth_required', attempts: 1 },
    '401 that repeats the token': {
      answer: { status: 401, body: `no such token: ${CANARY} (${encodeURIComponent(CANARY)})` },
      reason: 'auth_required',
      attempts: 1,
    },
    '401 that repeats the token in JSON': {
      answer: { status: 401, ...json({ error: `bad ${CANARY}` }) },
      reason: 'auth_required',
      attempts: 1,
    },
    '403': { answer: { status: 403, body: 'forbidden' }, reason: 'policy_forbidden', attempts: 1 },
    '404': { answer: { status: 404, body: '404 page not found\n' }, reason: 'server_unsupported', attempts: 1, only: routesWith404 },
    '404 for the manifest': { answer: { status: 404, body: html }, reason: 'transport_failed', attempts: 1, only: ['manifest', 'push'] },
    '405': { answer: { status: 405, body: 'Method Not Allowed\n' }, reason: 'transport_failed', attempts: 1 },
    '409 paused': { answer: { status: 409, ...json(paused) }, reason: 'paused', attempts: 1 },
    '409 conflict': { answer: { status: 409, ...json(conflict) }, reason: 'upgrade_repairable_chunk_conflict', attempts: 1 },
    '409 of somebody else': { answer: { status: 409, body: html }, reason: 'transport_failed', attempts: 1 },
    '413': { answer: { status: 413, body: html }, reason: 'upgrade_repairable_payload_too_large', attempts: 1 },
    '400 too large': {
      answer: { status: 400, body: 'invalid request body: http: request body too large\n' },
      reason: 'upgrade_repairable_payload_too_large',
      attempts: 1,
    },
    '408': { answer: { status: 408 }, reason: 'transport_failed', attempts: ATTEMPTS, waits: [500, 1000, 2000] },
    '429': { answer: { status: 429, body: 'slow down' }, reason: 'transport_failed', attempts: ATTEMPTS, waits: [500, 1000, 2000] },
    '429 with seconds': {
      answer: { status: 429, headers: { 'Retry-After': '7' } },
      reason: 'transport_failed',
      attempts: ATTEMPTS,
      waits: [7000, 7000, 7000],
    },
    '429 with a date': {
      answer: { status: 429, headers: { 'Retry-After': 'Fri, 02 Jan 2026 03:04:25 GMT' } },
      reason: 'transport_failed',
      attempts: ATTEMPTS,
      waits: [20_000, 1000, 2000],
    },
    '429 with a long pause': { answer: { status: 429, headers: { 'Retry-After': '3600' } }, reason: 'transport_failed', attempts: 1 },
    '429 with nonsense': {
      answer: { status: 429, headers: { 'Retry-After': 'soon' } },
      reason: 'transport_failed',
      attempts: ATTEMPTS,
      waits: [500, 1000, 2000],
    },
    '500': { answer: { status: 500, body: 'list mutations: x\n' }, reason: 'transport_failed', attempts: ATTEMPTS },
    '500 about an entry': { answer: { status: 500, body: unstorable }, reason: 'transport_failed', attempts: 1 },
    '502 HTML': {
      answer: { status: 502, headers: { 'Content-Type': 'text/html' }, body: html },
      reason: 'transport_failed',
      attempts: ATTEMPTS,
    },
    '503 with Retry-After': {
      answer: { status: 503, headers: { 'Retry-After': '2' } },
      reason: 'transport_failed',
      attempts: ATTEMPTS,
      waits: [2000, 2000, 2000],
    },
    '504': { answer: { status: 504 }, reason: 'transport_failed', attempts: ATTEMPTS },
    'HTML with 200': {
      answer: { status: 200, headers: { 'Content-Type': 'text/html' }, body: html },
      reason: 'transport_failed',
      code: 'cloud-answer',
      attempts: 1,
    },
    'an empty 200': { answer: { status: 200 }, reason: 'transport_failed', code: 'cloud-answer', attempts: 1 },
    'half a JSON': { answer: { status: 200, body: '{"version":1,"chu' }, reason: 'transport_failed', code: 'cloud-answer', attempts: 1 },
    'a list': { answer: { status: 200, body: '[]' }, reason: 'transport_failed', code: 'cloud-answer', attempts: 1 },
    'a redirect to another host': {
      answer: { status: 302, headers: { Location: `https://evil.example/?t=${encodeURIComponent(CANARY)}` } },
      reason: 'transport_failed',
      code: 'cloud-answer',
      attempts: 1,
    },
    'a redirect to a host named after the token': {
      answer: { status: 307, headers: { Location: 'https://egm_CANARY.evil.example/' } },
      reason: 'transport_failed',
      code: 'cloud-answer',
      attempts: 1,
    },
    'a redirect to nowhere': {
      answer: { status: 302, headers: { Location: 'javascript:alert(1)' } },
      reason: 'transport_failed',
      code: 'cloud-answer',
      attempts: 1,
    },
    'a redirect without an address': { answer: { status: 302 }, reason: 'transport_failed', attempts: 1 },
    'a login page behind a redirect': {
      answer: { status: 302, headers: { Location: '/login' } },
      reason: 'transport_failed',
      code: 'cloud-answer',
      attempts: 1,
      only: ['push', 'mutation push'],
    },
    'an answer without end': {
      answer: { status: 200, body: 'x'.repeat(3_000_000) },
      reason: 'transport_failed',
      code: 'cloud-answer',
      attempts: 1,
      only: ['manifest', 'chunk', 'push', 'mutation push'],
    },
  };

  it.each(Object.entries(cases))('%s', async (name, one) => {
    server.answer = () => one.answer;
    for (const operation of one.only ?? (isFirst ? names : names.slice(2, 4))) {
      if (operation === 'chunk' && one.answer.status === 404) continue;
      server.seen.length = 0;
      retry = new FakeRetry();
      const error = await failure(over()[operation]);
      const said = cloudFailure(error);
      expect(said.reason, operation).toBe(one.reason);
      expect(error.code).toBe(one.code ?? 'cloud-refused');
      expect(server.seen.length, operation).toBe(one.attempts);
      expect(said.isTransient).toBe(one.attempts > 1 || name === '429 with a long pause');
      expectSentence(error);
      if (one.waits) expect(retry.waits).toEqual(one.waits);
      for (const { target, headers } of server.seen) {
        expect(target).not.toContain('CANARY');
        expect(headers.authorization).toBe(`Bearer ${CANARY}`);
      }
    }
    if (name === '429 with a long pause') expect(cloudFailure(await failure(over().manifest)).retryAfterMs).toBe(3_600_000);
  });

  it('sends nothing to another server on this machine, whatever the port, and the token least of all', async () => {
    const other = await CloudServer.start(() => ({ status: 200, body: '{}' }));
    server.answer = () => ({ status: 307, headers: { Location: `${other.url}/sync/push` } });
    for (const name of names) expect((await failure(over()[name])).code).toBe('cloud-answer');
    expect(other.seen).toEqual([]);
    expect((await failure(() => make(server.url).send({ method: 'GET', url: other.url, timeoutMs: 1000, maxBytes: 10 }))).code).toBe(
      'cloud-config',
    );
    expect(other.seen).toEqual([]);
    other.close();
  });

  it('follows redirects of the same server: a look as a look, a push as a push', async () => {
    server.answer = ({ target }) => {
      if (!target.startsWith('/new')) return { status: 307, headers: { Location: `/new${target}` } };
      return { status: 200, body: '{"accepted_seqs":[1]}' };
    };
    await over().manifest();
    await over().push();
    expect(server.seen.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'GET /sync/pull?project=demo',
      'GET /new/sync/pull?project=demo',
      'POST /sync/push',
      'POST /new/sync/push',
    ]);
    expect(server.seen[3]?.body).toBe(server.seen[2]?.body);
  });

  it('stops a body that never ends, and closes its connection', async () => {
    let closed = (): void => undefined;
    const end = new Promise<void>((resolve) => {
      closed = resolve;
    });
    server.answer = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(20_000)), 1);
      response.on('close', () => {
        clearInterval(timer);
        closed();
      });
      return undefined;
    };
    const error = await failure(over().manifest);
    expect(error.code).toBe('cloud-answer');
    expectSentence(error);
    await end;
    expect(server.seen.length).toBe(1);
  });

  it.each(['no answer at all', 'no body', 'slow bytes'])('ends %s after its time, closes the connection and tries again', async (kind) => {
    const closed: Promise<void>[] = [];
    server.answer = (_, response) => {
      closed.push(new Promise((resolve) => response.on('close', resolve)));
      if (kind === 'no answer at all') return undefined;
      response.writeHead(200).write(' ');
      const timer = setInterval(() => kind === 'slow bytes' && response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      return undefined;
    };
    const http = make(server.url);
    let attempts = 0;
    const impatient: Http = {
      send: (request, signal) => {
        attempts += 1;
        return http.send({ ...request, timeoutMs: 60 }, signal);
      },
    };
    const error = await failure(operations(retrying(impatient, retry), server.url).push);
    expect(error.code).toBe('cloud-unreachable');
    expect(cloudFailure(error)).toMatchObject({ reason: 'transport_failed', isTransient: true });
    expectSentence(error);
    expect(attempts).toBe(ATTEMPTS);
    await Promise.all(closed);
  });

  const whole = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"accepted_seqs":[1]}';
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"accepte\r\nc\r\nd_seqs":[1]}\r\n0\r\n\r\n`;
  const endless = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"accepted_seqs":[1]}';

  it.each([
    ['a length', whole],
    ['chunks', chunked],
    ['nothing but its end', endless],
  ])('is not deceived by a connection that drops at any byte of an answer with %s', async (_name, text) => {
    let upTo = 0;
    const drop = (socket: Socket): void => {
      socket.end(text.slice(0, upTo));
    };
    const raw = await startRawServer(drop);
    const mutations = new MutationTransport({ http: make(raw.url), server: raw.url });
    const codes = new Map<string, number>();
    const step = isFirst ? 1 : 7;
    for (upTo = 0; upTo < text.length; upTo += step) {
      const { sent, refused, stoppedBy } = await mutations.push([MUTATION]);
      expect(refused).toEqual([]);
      expect(sent, `after ${upTo} bytes`).toEqual([]);
      expectNoToken(stoppedBy);
      if (stoppedBy) expectSentence(stoppedBy);
      codes.set(stoppedBy?.code ?? '', (codes.get(stoppedBy?.code ?? '') ?? 0) + 1);
    }
    expect((await mutations.push([MUTATION])).sent.length).toBe(1);
    const allowed = text === endless ? ['cloud-unreachable', 'cloud-answer'] : ['cloud-unreachable'];
    expect([...codes.keys()].sort()).toEqual(allowed.sort());
    raw.close();
  });

  it('tries again when the connection was reset, and again when nobody listens', async () => {
    let connections = 0;
    const raw = await startRawServer((socket) => {
      connections += 1;
      socket.resetAndDestroy();
    });
    for (const name of names) {
      connections = 0;
      const error = await failure(over(raw.url)[name]);
      expect(cloudFailure(error)).toMatchObject({ reason: 'transport_failed', isTransient: true });
      expectSentence(error);
      expect(connections).toBe(ATTEMPTS);
    }
    raw.close();
    retry = new FakeRetry();
    const error = await failure(over(raw.url).manifest);
    expect(error.message).toContain('ECONNREFUSED');
    expect(retry.waits.length).toBe(ATTEMPTS - 1);
  });

  it.each(['garbage', 'SSH-2.0-OpenSSH_9\r\n', 'HTTP/1.1 abc\r\n\r\n', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}\r\n\r\n{}`])(
    'does not take %j for an answer',
    async (text) => {
      const raw = await startRawServer((socket) => void socket.end(text));
      const error = await failure(over(raw.url).push);
      expect(error.code).toBe('cloud-unreachable');
      expectSentence(error);
      raw.close();
    },
  );

  it('refuses a packed answer that would unpack past the limit', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(30_000_000, ' '));
    expect(bomb.length).toBeLessThan(40_000);
    server.answer = () => ({ status: 200, headers: { 'Content-Encoding': 'gzip' }, body: bomb });
    expect((await failure(over().manifest)).code).toBe('cloud-answer');
    server.answer = () => ({ status: 200, headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('{"version":1}') });
    expect(await over().manifest()).toMatchObject({ version: 1 });
    server.answer = () => ({ status: 200, headers: { 'Content-Encoding': 'gzip' }, body: 'no gzip' });
    expect((await failure(over().manifest)).code).toBe('cloud-unreachable');
  });

  it('does not trust a certificate that nobody vouches for, and does not try again', async () => {
    let requests = 0;
    const secure = createSecureServer(selfSigned('cloud.example'), (_request, response) => {
      requests += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
    for (const name of names) {
      const error = await failure(over(url)[name]);
      expect(error).toMatchObject({ code: 'cloud-unreachable', subject: 'certificate' });
      expect(error.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
      expect(cloudFailure(error)).toMatchObject({ reason: 'transport_failed', isTransient: false });
      expectSentence(error);
    }
    expect(requests).toBe(0);
    expect(retry.waits).toEqual([]);
    secure.close();
  });

  it.each(['before', 'while it waits for an answer', 'in the middle of the answer'])('can be cancelled %s', async (when) => {
    const control = new AbortController();
    if (when === 'before') control.abort();
    server.answer = (_, response) => {
      if (when === 'in the middle of the answer') response.writeHead(200).write('{');
      setTimeout(() => control.abort(), 20);
      return undefined;
    };
    const http = retrying(make(server.url), retry);
    const remote = new RemoteTransport({ http, server: server.url, project: 'demo' });
    expect((await failure(() => remote.withSignal(control.signal).readManifest())).code).toBe('cancelled');
    expect(server.seen.length).toBe(when === 'before' ? 0 : 1);
    expect(retry.waits).toEqual([]);
  });
});
