import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Http, HttpRequest, HttpResponse, NewMutation } from '../../../src/engine/cloud/cloudPorts.ts';
import { MutationTransport } from '../../../src/engine/cloud/mutationTransport.ts';
import { EngramError } from '../../../src/engine/errors.ts';

const SERVER = 'http://127.0.0.1:1';

function mutation(key: number, payload = '{}'): NewMutation {
  return { project: 'demo', entity: 'session', entityKey: String(key), op: 'upsert', payload };
}

function answer(status: number, body: string): HttpResponse {
  return { status, headers: new Map(), body: Buffer.from(body) };
}

/** A server's rules: what it stores, in order; all of a request or nothing. */
class ModelServer implements Http {
  readonly stored: string[] = [];
  requests = 0;
  largest = 0;
  readonly #poison: ReadonlySet<string>;
  readonly #refusal: HttpResponse;
  readonly #maxBytes: number;
  /** Of a request: `lost` was stored, but its answer did not arrive; `dropped` did not arrive. */
  readonly luck: ('ok' | 'lost' | 'dropped')[];

  constructor(of: { poison?: Iterable<number>; refusal?: HttpResponse; maxBytes?: number; luck?: ('ok' | 'lost' | 'dropped')[] }) {
    this.#poison = new Set([...(of.poison ?? [])].map(String));
    this.#refusal = of.refusal ?? answer(400, 'invalid request body: x');
    this.#maxBytes = of.maxBytes ?? Number.POSITIVE_INFINITY;
    this.luck = of.luck ?? [];
  }

  async send({ body }: HttpRequest): Promise<HttpResponse> {
    this.requests += 1;
    const luck = this.luck.shift() ?? 'ok';
    const text = Buffer.from(body ?? []).toString();
    const { entries } = JSON.parse(text) as { entries: readonly { entity_key: string }[] };
    this.largest = Math.max(this.largest, entries.length);
    if (luck === 'dropped') throw new EngramError('cloud-unreachable', 'x');
    if (text.length > this.#maxBytes) return answer(413, 'push payload too large');
    if (entries.length > 100) return answer(400, 'batch too large: max 100 entries per request');
    if (entries.some((entry) => this.#poison.has(entry.entity_key))) return this.#refusal;
    this.stored.push(...entries.map((entry) => entry.entity_key));
    if (luck === 'lost') throw new EngramError('cloud-unreachable', 'x');
    return answer(200, JSON.stringify({ accepted_seqs: entries.map((_, index) => index) }));
  }
}

const refusals = fc.constantFrom(
  answer(400, 'invalid request body: json: cannot unmarshal'),
  answer(400, '{"error":"invalid relation payload","reason_code":"validation_error"}'),
  answer(413, '<html>413 Request Entity Too Large</html>'),
  answer(500, 'insert mutations: cloudstore: insert mutation: ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)'),
  answer(500, 'insert mutations: cloudstore: canonicalize materialized mutation batch chunk: mutations[0]: session payload id is required'),
  answer(500, 'insert mutations: cloudstore: materialize mutation batch session "s1": json: cannot unmarshal string'),
);

describe('pushing mutations', () => {
  it('sends all that can be stored, once and in order, and names exactly what cannot', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 250 }),
        fc.array(fc.nat(249), { maxLength: 6 }),
        refusals,
        async (count, poison, refusal) => {
          const server = new ModelServer({ poison, refusal });
          const entries = Array.from({ length: count }, (_, index) => mutation(index));
          const { sent, refused, stoppedBy } = await new MutationTransport({ http: server, server: SERVER }).push(entries);
          const bad = new Set(poison);
          const keys = entries.map(({ entityKey }) => entityKey);
          expect(stoppedBy).toBeUndefined();
          expect(server.stored).toEqual(keys.filter((key) => !bad.has(Number(key))));
          expect(sent.map(({ entityKey }) => entityKey)).toEqual(server.stored);
          expect(refused.map(({ item }) => item.entityKey)).toEqual(keys.filter((key) => bad.has(Number(key))));
          expect(server.largest).toBeLessThanOrEqual(100);
          expect(server.requests).toBeLessThanOrEqual(Math.ceil(count / 100) + 14 * bad.size);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stops with everything else: nothing is taken for sent that was not confirmed, and sending the rest again loses and changes nothing', async () => {
    const luck = fc.array(fc.constantFrom('ok' as const, 'lost' as const, 'dropped' as const), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 250 }), fc.array(fc.nat(249), { maxLength: 3 }), luck, async (count, poison, fate) => {
        const server = new ModelServer({ poison, luck: [...fate] });
        const transport = new MutationTransport({ http: server, server: SERVER });
        let pending = Array.from({ length: count }, (_, index) => mutation(index));
        const refusedKeys = new Set<string>();
        for (let round = 0; round <= fate.length; round += 1) {
          const { sent, refused, stoppedBy } = await transport.push(pending);
          const stored = new Set(server.stored);
          expect(sent.filter(({ entityKey }) => !stored.has(entityKey))).toEqual([]);
          for (const { item } of refused) refusedKeys.add(item.entityKey);
          const done = new Set([...sent, ...refused.map(({ item }) => item)]);
          pending = pending.filter((entry) => !done.has(entry));
          if (!stoppedBy) break;
          expect(stoppedBy.code).toBe('cloud-unreachable');
        }
        expect(pending).toEqual([]);
        const good = Array.from({ length: count }, (_, index) => String(index)).filter((key) => !refusedKeys.has(key));
        expect([...new Set(server.stored)].sort()).toEqual(good.sort());
      }),
      { numRuns: 60 },
    );
  });

  it('halves what is too large for the server, and names the entry that is too large by itself', async () => {
    const server = new ModelServer({ maxBytes: 2000 });
    const entries = Array.from({ length: 40 }, (_, index) =>
      mutation(index, JSON.stringify({ content: 'x'.repeat(index === 7 ? 3000 : 100) })),
    );
    const { sent, refused, stoppedBy } = await new MutationTransport({ http: server, server: SERVER }).push(entries);
    expect(stoppedBy).toBeUndefined();
    expect(sent.length).toBe(39);
    expect(refused.map(({ item }) => item.entityKey)).toEqual(['7']);
    expect(refused[0]?.error).toMatchObject({ code: 'cloud-refused', status: 413, isTooLarge: true });
  });

  it('sends about 4 MiB at a time', async () => {
    const server = new ModelServer({ maxBytes: 4 * 1024 * 1024 + 2000 });
    const payload = JSON.stringify({ content: 'x'.repeat(1_000_000) });
    const { sent } = await new MutationTransport({ http: server, server: SERVER }).push(
      Array.from({ length: 9 }, (_, index) => mutation(index, payload)),
    );
    expect(sent.length).toBe(9);
    expect(server.requests).toBe(3);
  });

  it.each([401, 403, 404, 409, 429, 500, 503])('does not try halves after %i', async (status) => {
    const server = new ModelServer({ poison: [0], refusal: answer(status, 'x') });
    const { sent, refused, stoppedBy } = await new MutationTransport({ http: server, server: SERVER }).push([mutation(0), mutation(1)]);
    expect({ sent, refused, requests: server.requests }).toEqual({ sent: [], refused: [], requests: 1 });
    expect(stoppedBy).toMatchObject({ code: 'cloud-refused', status });
  });

  it('reports an entry whose payload is no JSON, without its text, and sends the others', async () => {
    const server = new ModelServer({});
    const entries = [mutation(0), mutation(1, '{"secret text'), mutation(2)];
    const { sent, refused } = await new MutationTransport({ http: server, server: SERVER }).push(entries);
    expect(sent.map(({ entityKey }) => entityKey)).toEqual(['0', '2']);
    expect(refused.map(({ item }) => item.entityKey)).toEqual(['1']);
    expect(refused[0]?.error.message).not.toContain('secret');
  });

  it.each(['{}', 'null', '{"accepted_seqs":[]}', '{"accepted_seqs":[1,2,3]}', '{"accepted_seqs":["1","2"]}', '[]', '<html>'])(
    'does not take %s for a confirmation of two entries',
    async (body) => {
      const http: Http = { send: async () => answer(200, body) };
      const { sent, stoppedBy } = await new MutationTransport({ http, server: SERVER }).push([mutation(0), mutation(1)]);
      expect(sent).toEqual([]);
      expect(stoppedBy?.code).toBe('cloud-answer');
    },
  );

  it('is cancelled between two requests, with what was confirmed', async () => {
    const control = new AbortController();
    const server = new ModelServer({});
    const http: Http = {
      send: async (request, signal) => {
        if (signal?.aborted) throw new EngramError('cancelled', 'Cancelled.');
        const response = await server.send(request);
        control.abort();
        return response;
      },
    };
    const transport = new MutationTransport({ http, server: SERVER }).withSignal(control.signal);
    const { sent, stoppedBy } = await transport.push(Array.from({ length: 150 }, (_, index) => mutation(index)));
    expect(sent.length).toBe(100);
    expect(stoppedBy?.code).toBe('cancelled');
  });
});
