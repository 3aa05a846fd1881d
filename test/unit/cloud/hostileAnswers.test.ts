import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudFailure } from '../../../src/engine/cloud/cloudFailure.ts';
import type { Http } from '../../../src/engine/cloud/cloudPorts.ts';
import { HttpStatusError } from '../../../src/engine/cloud/httpStatusError.ts';
import { MutationTransport } from '../../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../../src/engine/cloud/remoteTransport.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { isChunkId } from '../../../src/engine/manifest.ts';

const SERVER = 'http://localhost:9';
const ENTRY = { createdBy: 'ann', createdAt: '' };

function saying(body: string | Uint8Array, status = 200): Http {
  return { send: async () => ({ status, headers: new Map(), body: Buffer.from(body as string) }) };
}

function remoteOver(http: Http): RemoteTransport {
  return new RemoteTransport({ http, server: SERVER, project: 'demo' });
}

const keys = fc.constantFrom(
  'version',
  'chunks',
  'id',
  'mutations',
  'seq',
  'payload',
  'has_more',
  'accepted_seqs',
  'error',
  'error_code',
  'x',
);
const values = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e300, '', '../evil', 'demo', '0123abcd'),
    fc.string(),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 5 }),
  ),
})).node;
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string().map((text) => Buffer.from(text)),
  values.map((value) => Buffer.from(JSON.stringify(value) ?? '')),
  fc.tuple(values, fc.nat(60)).map(([value, cut]) => Buffer.from((JSON.stringify(value) ?? '').slice(0, cut))),
);

describe('answers of a hostile server', () => {
  it('are read, or refused with an EngramError that has a reason and a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, fc.constantFrom(200, 200, 200, 201, 400, 401, 409, 500), async (body, status) => {
        const http = saying(body, status);
        const mutations = new MutationTransport({ http, server: SERVER });
        const works = [
          () => remoteOver(http).readManifest(),
          () => remoteOver(http).readChunk('0123abcd'),
          () => remoteOver(http).pushChunk(Buffer.from('{}'), ENTRY),
          () => mutations.pushMutations([]),
          () => mutations.pullMutations(0),
        ];
        for (const work of works) {
          const error = await work().then(
            () => undefined,
            (caught: unknown) => caught,
          );
          if (error === undefined) continue;
          if (!EngramError.is(error)) throw error;
          expect(['cloud-refused', 'cloud-answer']).toContain(error.code);
          const { reason, sentence } = cloudFailure(error);
          expect(reason).toMatch(/^[a-z_]+$/);
          expect(sentence.length).toBeGreaterThan(20);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('cost an entry of the manifest, not the manifest; what is left can only be plain names', async () => {
    const ids = ['../evil', 'a/b', '', 'ok-1', 5, null, 'x'.repeat(129), '0123abcd', 'a\0', '..'];
    const manifest = await remoteOver(
      saying(JSON.stringify({ version: 1, chunks: [...ids.map((id) => ({ id })), 'text'] })),
    ).readManifest();
    expect(manifest.chunks.map(({ id }) => id)).toEqual(['ok-1', '0123abcd']);
    expect(manifest.unusable.length).toBe(9);
    expect(manifest.chunks.every(({ id }) => isChunkId(id))).toBe(true);
  });

  it.each([
    ['nested a hundred thousand times', '['.repeat(100_000)],
    ['an object with 50,000 keys', `{${Array.from({ length: 50_000 }, (_, index) => `"${index}":0`).join(',')}}`],
    ['two million numbers', `{"chunks":[${'0,'.repeat(2_000_000)}0]}`],
    ['a number of a million digits', `{"version":${'9'.repeat(1_000_000)}}`],
  ])('are refused soon where they are made to cost memory: %s', async (_, body) => {
    const started = performance.now();
    await expect(remoteOver(saying(body)).readManifest()).rejects.toMatchObject({ code: 'cloud-answer' });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('cost one mutation, not the page', async () => {
    const rows = [
      'text',
      { seq: 'x' },
      { seq: 2, op: 5 },
      { seq: 9_007_199_254_740_993n.toString() },
      { seq: 3, project: 'demo', op: 'upsert', payload: { a: [1.0] } },
    ];
    const page = await new MutationTransport({
      http: saying(JSON.stringify({ mutations: rows, has_more: true })),
      server: SERVER,
    }).pullMutations(1);
    expect(page.mutations).toEqual([
      { seq: 3, project: 'demo', entity: '', entityKey: '', op: 'upsert', payload: '{"a":[1]}', occurredAt: '' },
    ]);
    expect(page.unusable.map(({ reason }) => reason)).toEqual([
      'it is text, not an object',
      'seq is no whole number',
      'op is a number, not text',
      'seq is no whole number',
    ]);
    expect(page).toMatchObject({ nextSeq: 3, hasMore: true });
  });

  it('do not make the client ask for the same page for ever', async () => {
    const again = saying('{"mutations":[{"seq":5}],"has_more":true,"latest_seq":5}');
    expect((await new MutationTransport({ http: again, server: SERVER }).pullMutations(4)).hasMore).toBe(true);
    expect((await new MutationTransport({ http: again, server: SERVER }).pullMutations(5)).hasMore).toBe(false);
    const empty = saying('{"mutations":[],"has_more":true,"latest_seq":0}');
    expect(await new MutationTransport({ http: empty, server: SERVER }).pullMutations(7)).toMatchObject({ hasMore: false, nextSeq: 7 });
  });

  it('keep numbers beyond 2^53 exact', async () => {
    const http = saying('{"mutations":[{"seq":9007199254740993,"payload":{"n":9007199254740993}}]}');
    const page = await new MutationTransport({ http, server: SERVER }).pullMutations(9_007_199_254_740_992n);
    expect(page.nextSeq).toBe(9_007_199_254_740_993n);
    expect(page.mutations[0]?.payload).toBe('{"n":9007199254740993}');
  });

  it('are cut, where they are errors as long as a book', () => {
    const error = new HttpStatusError('fetch manifest', { status: 500, headers: new Map(), body: Buffer.from('é'.repeat(3_000_000)) });
    expect(error.body.length).toBe(1001);
    const long = { status: 400, headers: new Map(), body: Buffer.from(JSON.stringify({ error: 'x'.repeat(5000) })) };
    expect(new HttpStatusError('x', long).body).toBe(`${'x'.repeat(1000)}…`);
  });

  it('may name another id for a chunk, if it is a plain one', async () => {
    const push = async (body: string) => (await remoteOver(saying(body)).pushChunk(Buffer.from('{}'), ENTRY)).storedAs;
    const id = await push('{}');
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(await push('{"chunk_id":"deadbeef"}')).toBe('deadbeef');
    expect(await push('{"chunk_id":"../evil"}')).toBe(id);
    expect(await push('{"chunk_id":5}')).toBe(id);
  });

  it('never see an id that is no plain name, nor a manifest', async () => {
    const http: Http = { send: () => expect.fail('it was asked') };
    for (const id of ['', '.', '../evil', 'a/b', 'a b', 'a?b', 'a%2fb', 'x'.repeat(129)]) {
      await expect(remoteOver(http).readChunk(id)).rejects.toMatchObject({ code: 'invalid-input' });
      await expect(
        remoteOver(http).writeChunk(id, Buffer.from('{}'), { id: '' as never, ...ENTRY, sessions: 0, memories: 0, prompts: 0 }),
      ).rejects.toMatchObject({ code: 'invalid-input' });
    }
    await remoteOver(http).writeManifest({ version: 2, chunks: [], unusable: [] });
  });
});
