import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/engine/cloud/cloudPorts.ts';
import { type FetchAnswer, FetchHttp, type FetchInit, type FetchLike } from '../../../src/engine/cloud/fetchHttp.ts';
import { EngramError } from '../../../src/engine/errors.ts';

const CANARY = 'egm_CANARY_5b1d';
const SERVER = 'https://cloud.example/base/';
const REQUEST: HttpRequest = { method: 'GET', url: 'https://cloud.example/base/sync/pull', timeoutMs: 1000, maxBytes: 1000 };

type Token = ConstructorParameters<typeof FetchHttp>[0]['token'];

function httpOver(fetch: FetchLike, token: Token = () => CANARY): FetchHttp {
  return new FetchHttp({ fetch, token, server: SERVER, after: () => () => undefined });
}

function answer(status: number, parts: Iterable<string> = [], headers: Readonly<Record<string, string>> = {}): FetchAnswer {
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield Buffer.from(part);
  }
  return { status, headers: new Headers(headers), body: body() };
}

async function failureOf(http: FetchHttp, request = REQUEST): Promise<EngramError> {
  const error = await http.send(request).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!EngramError.is(error)) throw error ?? new Error('no error');
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('CANARY');
  return error;
}

/** An error as a runtime, a proxy or a library might make it, with all that it knows in it. */
function talkative(code: string): Error {
  const inner = Object.assign(new Error(`connect ${SERVER}?token=${CANARY}`), { code, headers: { Authorization: `Bearer ${CANARY}` } });
  return new TypeError(`fetch failed: Bearer ${CANARY}`, { cause: new AggregateError([inner], CANARY) });
}

describe('HTTP over a fetch', () => {
  it.each([
    ['ECONNREFUSED', undefined],
    ['ENOTFOUND', undefined],
    ['UND_ERR_SOCKET', undefined],
    ['EPROTO', undefined],
    ['ERR_SSL_WRONG_VERSION_NUMBER', undefined],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
    ['CERT_HAS_EXPIRED', 'certificate'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate'],
  ])('says %s, and nothing else of the error', async (code, subject) => {
    const error = await failureOf(httpOver(() => Promise.reject(talkative(code))));
    expect(error).toMatchObject({ code: 'cloud-unreachable', subject });
    expect(error.message).toContain(`(${code})`);
    expect(error.cause).toBeUndefined();
  });

  it.each([undefined, 'text', { code: CANARY }, Object.assign(new Error(CANARY), { code: CANARY }), new Error(CANARY, { cause: CANARY })])(
    'does without a code: %#',
    async (thrown) => {
      const error = await failureOf(httpOver(() => Promise.reject(thrown)));
      expect(error.message).toMatch(/^The cloud server cannot be reached\. /);
    },
  );

  it('says that the answer broke off, whatever the runtime says', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{');
      throw talkative('UND_ERR_SOCKET');
    }
    const error = await failureOf(httpOver(async () => ({ status: 200, headers: new Headers(), body: body() })));
    expect(error.message).toContain('in the middle of its answer');
  });

  it.each([`${CANARY}\nX-Evil: 1`, `${CANARY} two`, `${CANARY}ñ`, `${CANARY}\0`])('sends nothing with a token like %j', async (token) => {
    let calls = 0;
    const http = httpOver(
      async () => {
        calls += 1;
        return answer(200);
      },
      () => token,
    );
    expect((await failureOf(http)).code).toBe('cloud-config');
    expect(calls).toBe(0);
  });

  it('sends nothing where the token cannot be read, and says nothing of why', async () => {
    const http = httpOver(
      async () => answer(200),
      () => Promise.reject(new Error(`keyring: ${CANARY}`)),
    );
    expect((await failureOf(http)).code).toBe('cloud-config');
  });

  it.each([undefined, '', '  '])('sends no header where the token is %j', async (token) => {
    const seen: FetchInit[] = [];
    const http = httpOver(
      async (_, init) => {
        seen.push(init);
        return answer(200, ['{}']);
      },
      () => token,
    );
    await http.send(REQUEST);
    expect(seen[0]?.headers).toEqual({});
  });

  it('asks for the token each time, and trims it', async () => {
    const tokens = ['one ', '\ttwo'];
    const seen: (string | undefined)[] = [];
    const http = httpOver(
      async (_, init) => {
        seen.push(init.headers['Authorization']);
        return answer(200, ['{}']);
      },
      () => tokens.shift(),
    );
    await http.send(REQUEST);
    await http.send(REQUEST);
    expect(seen).toEqual(['Bearer one', 'Bearer two']);
  });

  it('blots the token out of the headers and the body of a refusal, also where it is cut into pieces', async () => {
    const pieces = ['no ', CANARY.slice(0, 5), CANARY.slice(5), ` ${Buffer.from(CANARY).toString('base64')}`];
    const { headers, body } = await httpOver(async () => answer(401, pieces, { 'X-Echo': `Bearer ${CANARY}` })).send(REQUEST);
    expect(headers.get('x-echo')).toBe('Bearer ***');
    expect(Buffer.from(body).toString()).toMatch(/^no \*\*\* \*\*\*=*$/);
  });

  it('leaves a body with status 200 as it is, byte for byte', async () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(CANARY)]);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    const http = httpOver(async () => ({ status: 200, headers: new Headers(), body: body() }));
    expect(Buffer.from((await http.send(REQUEST)).body)).toEqual(bytes);
  });

  it('takes a redirect that the runtime hides for what it is', async () => {
    expect((await failureOf(httpOver(async () => answer(0)))).code).toBe('cloud-answer');
  });

  it.each([
    'http://cloud.example/x',
    'https://cloud.example:444/x',
    'https://cloud.example.evil.example/',
    'https://x@cloud.example/',
    '//evil.example/',
    'data:,x',
  ])('does not go where a redirect leads to: %s', async (location) => {
    const asked: string[] = [];
    const http = httpOver(async (url) => {
      asked.push(url);
      return answer(302, [], { Location: location });
    });
    expect((await failureOf(http)).code).toBe('cloud-answer');
    expect(asked).toEqual([REQUEST.url]);
  });

  it.each(['https://evil.example/sync/pull', 'http://cloud.example/base/sync/pull', 'file:///etc/passwd', 'no address'])(
    'does not ask another server because it is told to: %s',
    async (url) => {
      const http = httpOver(() => expect.fail('it was asked'));
      expect((await failureOf(http, { ...REQUEST, url })).code).toBe('cloud-config');
    },
  );

  it('follows ten redirects and not eleven', async () => {
    let left = 10;
    const http = httpOver(async () => {
      left -= 1;
      return left < 0 ? answer(200, ['{}']) : answer(308, [], { Location: `/${left}` });
    });
    expect((await http.send(REQUEST)).status).toBe(200);
    left = 11;
    expect((await failureOf(http)).message).toContain('without end');
  });

  it('asks nothing that is cancelled already', async () => {
    let calls = 0;
    const http = httpOver(async () => {
      calls += 1;
      return answer(200);
    });
    await expect(http.send(REQUEST, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    expect(calls).toBe(0);
  });

  it('ends in time even where the runtime does not listen to its signal', async () => {
    let ring = (): void => undefined;
    const fetch: FetchLike = () => new Promise(() => undefined);
    const http = new FetchHttp({
      fetch,
      token: () => CANARY,
      server: SERVER,
      after: (ms, call) => {
        expect(ms).toBe(REQUEST.timeoutMs);
        ring = call;
        return () => undefined;
      },
    });
    setTimeout(() => ring(), 5);
    const error = await failureOf(http);
    expect(error.message).toMatch(/^The cloud server did not answer in full within 1 second/);
  });
});
