import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeHttp } from '../../../src/adapters/nodeHttp.ts';
import type { HttpStatusError } from '../../../src/engine/cloud/httpStatusError.ts';
import { MutationTransport } from '../../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../../src/engine/cloud/remoteTransport.ts';
import { EngramError, type EngramErrorCode } from '../../../src/engine/errors.ts';
import type { Manifest } from '../../../src/engine/manifest.ts';
import { CloudServer } from '../../support/cloudServer.ts';
import { type GoldenClientCase, readGoldenCloud, withGoldenCloud } from '../../support/goldenCloud.ts';
import { ENTRY, SAMPLE, SAMPLE_MUTATIONS } from './cloudSamples.ts';

/** Where ours does something else than the Go client, and why. `sends`: how many requests go out, where it is not one as recorded. */
interface Difference {
  readonly why: string;
  /** The error, or what comes back. */
  readonly code?: EngramErrorCode;
  readonly result?: unknown;
  readonly sends?: number;
}

const PLAIN_WORDS = 'the same refusal, in plain words instead of names of Go types';
const HOSTILE_ID = 'an id that is no plain name never comes into an address';
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'manifest: array': { why: PLAIN_WORDS, code: 'cloud-answer' },
  'manifest: wrong type': { why: PLAIN_WORDS, code: 'cloud-answer' },
  'manifest: sessions 1.0': { why: 'a bad entry costs itself, not the list', result: { version: 0, chunks: [] } },
  'manifest: error JSON with a wrong type: class and code are dropped': {
    why: 'what can be read of an error is kept',
    code: 'cloud-refused',
  },
  'manifest: connection closed': { why: 'a sentence for a person, without the address', code: 'cloud-unreachable' },
  'manifest: redirect is followed without end': { why: 'a sentence for a person', code: 'cloud-answer', sends: 11 },
  'pull: empty body': { why: 'a sentence for a person', code: 'cloud-answer' },
  'pull: a space is not empty': { why: 'what is no JSON object is no chunk', code: 'cloud-answer' },
  'pull: id with a slash': { why: HOSTILE_ID, code: 'invalid-input', sends: 0 },
  'pull: id with dot segments': { why: HOSTILE_ID, code: 'invalid-input', sends: 0 },
  'pull: id with special characters': { why: HOSTILE_ID, code: 'invalid-input', sends: 0 },
  'pull: connection closed': { why: 'a sentence for a person, without the address', code: 'cloud-unreachable' },
  'push: ok, body ignored': { why: 'a page with status 200 has stored nothing', code: 'cloud-answer' },
  'push: given id blank stays blank in the error text': { why: HOSTILE_ID, code: 'invalid-input', sends: 0 },
  'push: given id is replaced by the computed one': { why: 'the text names what was sent, not what was given', code: 'cloud-refused' },
  'push: connection closed': { why: 'a sentence for a person, without the address', code: 'cloud-unreachable' },
  'push: redirect 307 keeps the body': { why: 'a sentence for a person', code: 'cloud-answer', sends: 11 },
  'push: redirect 302 becomes GET': { why: 'looking at a page has pushed nothing', code: 'cloud-answer', sends: 1 },
  'mutation push: wrong type': { why: PLAIN_WORDS, code: 'cloud-answer' },
  'mutation push: connection closed': { why: 'a sentence for a person, without the address', code: 'cloud-unreachable' },
  'mutation pull: connection closed': { why: 'a sentence for a person, without the address', code: 'cloud-unreachable' },
};

/** The words that a server's list or page is compared by. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? 'null');
}

function manifestResult({ version, chunks }: Manifest): unknown {
  return {
    version,
    chunks: chunks.map(({ id, createdBy, createdAt, sessions, memories, prompts }) => ({
      id,
      created_by: createdBy,
      created_at: createdAt,
      sessions,
      memories,
      prompts,
    })),
  };
}

withGoldenCloud('client.json', (path) => {
  const cases = readGoldenCloud<GoldenClientCase[]>(path);
  let server: CloudServer;

  beforeAll(async () => {
    server = await CloudServer.start();
  });
  afterAll(() => server.close());

  /** The operation of a case; what comes back is in the form of the golden data. */
  async function operate(one: GoldenClientCase): Promise<unknown> {
    const http = nodeHttp({ server: server.url, token: () => 'fake-token' });
    const sentBody = one.request_sent?.method === 'POST' ? (JSON.parse(one.request_sent.body) as { project?: string; data?: unknown }) : {};
    const target = new URL(one.request_sent?.target ?? '/', server.url);
    const project = sentBody.project ?? target.searchParams.get('project') ?? 'demo';
    const remote = new RemoteTransport({ http, server: server.url, project });
    const mutations = new MutationTransport({ http, server: server.url });
    switch (one.operation) {
      case 'ReadManifest':
        return manifestResult(await remote.readManifest());
      case 'ReadChunk':
        return `${(await remote.readChunk(one.chunk_id ?? '')).length} bytes`;
      case 'WriteChunk':
        await remote.writeChunk(one.given?.chunk_id ?? '0123abcd', Buffer.from(one.given?.data ?? SAMPLE), ENTRY);
        return 'ok';
      case 'PushMutations':
        return (await mutations.pushMutations(SAMPLE_MUTATIONS)) ?? null;
      case 'PullMutations': {
        const page = await mutations.pullMutations(5);
        const rows = page.mutations.map(({ seq, entity, entityKey, op, payload, occurredAt }) => ({
          seq,
          entity,
          entity_key: entityKey,
          op,
          payload: JSON.parse(payload) as unknown,
          occurred_at: occurredAt,
        }));
        return { mutations: rows, has_more: page.hasMore, latest_seq: page.nextSeq };
      }
    }
  }

  function checkRequest(one: GoldenClientCase, difference: Difference | undefined): void {
    const isSent = one.request_sent !== undefined;
    const expected = difference?.sends ?? (isSent ? 1 : 0);
    expect(server.seen.length).toBe(expected);
    const [last] = server.seen.slice(-1);
    if (!last || !one.request_sent || (difference?.sends === 1 && isSent)) return;
    expect(last.method).toBe(one.request_sent.method);
    expect(last.target).toBe(one.request_sent.target);
    expect(last.body).toBe(one.request_sent.body);
    expect(last.headers.authorization).toBe('Bearer fake-token');
    expect(last.headers['content-type']).toBe(one.request_sent.headers['Content-Type']);
  }

  function checkError(one: GoldenClientCase, error: unknown): void {
    if (!EngramError.is(error)) throw error;
    const text = one.error ?? '';
    if (one.is_chunk_not_found) expect(error).toMatchObject({ name: 'ChunkNotFoundError', message: text });
    else if (/: status \d+: /.test(text)) {
      expect(error).toMatchObject({ name: 'HttpStatusError', message: text, errorClass: one.error_class ?? '' });
      checkFlags(one, error as HttpStatusError);
    } else if (text.includes('canonicalize')) expect(error).toMatchObject({ code: 'chunk-corrupt', message: text });
    else {
      expect(error.code).toBe('cloud-answer');
      expect(error.message).toContain(` (${text}). `);
    }
  }

  function checkFlags(one: GoldenClientCase, error: HttpStatusError): void {
    expect(error.errorCode).toBe(one.error_code ?? '');
    expect(error.isAuthFailure).toBe(one.is_auth_failure ?? false);
    expect(error.isPolicyFailure).toBe(one.is_policy_failure ?? false);
    expect(error.isRepairable).toBe(one.is_repairable_migration_failure ?? false);
  }

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const difference = DIFFERENCES[name];
    server.seen.length = 0;
    server.answer = (_, response) => {
      if (typeof one.server_answer !== 'string') return one.server_answer;
      response.destroy();
      return undefined;
    };
    const outcome = await operate(one).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    checkRequest(one, difference);
    if (difference?.code !== undefined) expect(outcome).toMatchObject({ error: { code: difference.code } });
    else if ('error' in outcome) {
      expect(one.error, `${name}: ${outcome.error}`).toBeDefined();
      checkError(one, outcome.error);
    } else expect(comparable(outcome.result)).toEqual(difference?.result ?? withLists(one.result));
  });

  it('is all of the file, and every difference is one of its cases', () => {
    const names = new Set(cases.map(({ name }) => name));
    expect(cases.length).toBe(84);
    expect(Object.keys(DIFFERENCES).filter((name) => !names.has(name))).toEqual([]);
    console.log(`golden client.json: ${cases.length} cases, ${Object.keys(DIFFERENCES).length} of them differ for a reason`);
  });
});

/** A list that Go never made is an empty one here; and an empty page leaves the place where it was asked from. */
function withLists(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return result;
  const { latest_seq: latest, ...rest } = { chunks: undefined, mutations: undefined, latest_seq: undefined, ...result };
  return comparable({
    ...rest,
    ...('chunks' in result ? { chunks: result.chunks ?? [] } : {}),
    ...('mutations' in result ? { mutations: result.mutations ?? [], latest_seq: Number(latest) === 0 ? 5 : latest } : {}),
  });
}
