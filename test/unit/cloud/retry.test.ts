import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryMeans } from '../../../src/adapters/retryMeans.ts';
import type { Http, HttpResponse } from '../../../src/engine/cloud/cloudPorts.ts';
import { DEFAULT_RETRY, retrying } from '../../../src/engine/cloud/retry.ts';
import { retryAfterMs } from '../../../src/engine/cloud/retryAfter.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { FakeRetry } from '../../support/fakeRetry.ts';

const REQUEST = { method: 'GET', url: 'http://127.0.0.1/', timeoutMs: 1000, maxBytes: 1000 } as const;

function answer(status: number, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: new Map(Object.entries(headers)), body: new Uint8Array() };
}

/** Gives these one after the other, the last one for ever. */
function scripted(outcomes: readonly (HttpResponse | Error)[]): Http & { readonly calls: number } {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    send: async () => {
      const outcome = outcomes[Math.min(calls, outcomes.length - 1)];
      calls += 1;
      if (outcome === undefined || outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

const unreachable = new EngramError('cloud-unreachable', 'x');

describe('repeating requests', () => {
  it('gives the answer as soon as there is one', async () => {
    const retry = new FakeRetry();
    const http = scripted([answer(503), unreachable, answer(200)]);
    expect((await retrying(http, retry).send(REQUEST)).status).toBe(200);
    expect(retry.waits).toEqual([500, 1000]);
  });

  it('gives the last answer, or the last error, when the repetitions are used up', async () => {
    expect((await retrying(scripted([unreachable, unreachable, unreachable, answer(503)]), new FakeRetry()).send(REQUEST)).status).toBe(
      503,
    );
    await expect(retrying(scripted([answer(503), unreachable]), new FakeRetry()).send(REQUEST)).rejects.toBe(unreachable);
  });

  it('repeats 408, 429 and 5xx, and no other status', async () => {
    for (let status = 200; status < 600; status += 1) {
      const http = scripted([answer(status)]);
      await retrying(http, new FakeRetry()).send(REQUEST);
      expect(http.calls, `${status}`).toBe(status === 408 || status === 429 || status >= 500 ? 4 : 1);
    }
  });

  it.each(['cancelled', 'cloud-answer', 'cloud-config'] as const)('does not repeat after %s', async (code) => {
    const http = scripted([new EngramError(code, 'x')]);
    await expect(retrying(http, new FakeRetry()).send(REQUEST)).rejects.toMatchObject({ code });
    expect(http.calls).toBe(1);
  });

  it('passes on an error that is a mistake of its own', async () => {
    const mistake = new TypeError('x');
    await expect(retrying(scripted([mistake]), new FakeRetry()).send(REQUEST)).rejects.toBe(mistake);
  });

  it('waits longer each time, never more than its limits, and never in step with others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined }),
        fc.integer({ min: 0, max: 12 }),
        async (chance, seconds, repetitions) => {
          const retry = new FakeRetry();
          retry.chance = chance;
          const started = retry.nowMs;
          const policy = { ...DEFAULT_RETRY, repetitions };
          const http = scripted([answer(503, seconds === undefined ? {} : { 'retry-after': String(seconds) })]);
          await retrying(http, retry, policy).send(REQUEST);
          expect(http.calls).toBe(retry.waits.length + 1);
          expect(retry.waits.length).toBeLessThanOrEqual(repetitions);
          expect(retry.nowMs - started).toBeLessThanOrEqual(policy.maxTotalMs);
          for (const [index, wait] of retry.waits.entries()) {
            const full = Math.min(policy.baseMs * 2 ** index, policy.maxDelayMs);
            expect(wait).toBeGreaterThanOrEqual(Math.max(Math.floor(full * 0.75), (seconds ?? 0) * 1000));
            expect(wait).toBeLessThanOrEqual(Math.max(Math.ceil(full * 1.25), policy.maxRetryAfterMs));
          }
          if (seconds !== undefined && seconds * 1000 > policy.maxRetryAfterMs) expect(retry.waits).toEqual([]);
        },
      ),
    );
  });

  it.each([
    [0, [375, 750, 1500]],
    [0.999, [625, 1250, 2499]],
  ])('spreads its pauses: %d', async (chance, waits) => {
    const retry = new FakeRetry();
    retry.chance = chance;
    await retrying(scripted([answer(503)]), retry).send(REQUEST);
    expect(retry.waits).toEqual(waits);
  });

  it('can be cancelled while it waits', async () => {
    const control = new AbortController();
    const http = scripted([answer(503)]);
    const running = retrying(http, retryMeans(), { ...DEFAULT_RETRY, baseMs: 60_000, maxDelayMs: 60_000 }).send(REQUEST, control.signal);
    setTimeout(() => control.abort(), 10);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(http.calls).toBe(1);
  });

  it('waits by this machine’s clock', async () => {
    const { clock, random, wait } = retryMeans();
    const before = clock.now();
    await wait(15, undefined);
    expect(clock.now() - before).toBeGreaterThanOrEqual(14);
    expect(random()).toBeLessThan(1);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  const read = (value: string): number | undefined => retryAfterMs(answer(429, { 'retry-after': value }), now);

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
    ['Fri Jan  2 03:05:05 2026 GMT', 60_000],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['99999999999999999999', undefined],
    ['soon', undefined],
    ['2030', 2_030_000],
    ['', undefined],
    ['Fri, 99 Foo 2026 03:05:05 GMT', undefined],
  ])('reads %j', (value, ms) => expect(read(value)).toBe(ms));

  it('is never negative, whatever stands there', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(read(value) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
