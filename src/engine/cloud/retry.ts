import { EngramError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import type { Http, HttpRequest, HttpResponse } from './cloudPorts.ts';
import { HttpStatusError, isUnstorable } from './httpStatusError.ts';
import { retryAfterMs } from './retryAfter.ts';

/** What waiting needs of the outside; given by the caller, so that tests need not wait. */
export interface RetryMeans {
  readonly clock: Clock;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** @throws {EngramError} cancelled, as soon as the signal is aborted */
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface RetryPolicy {
  /** Repetitions after the first try. */
  readonly repetitions: number;
  /** Milliseconds before the first repetition; doubled for each one after it. */
  readonly baseMs: number;
  readonly maxDelayMs: number;
  /** A server that asks for a longer pause gets it from whoever syncs next, not from a person who waits here. */
  readonly maxRetryAfterMs: number;
  /** No repetition starts later than this after the first try. */
  readonly maxTotalMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { repetitions: 3, baseMs: 500, maxDelayMs: 8000, maxRetryAfterMs: 30_000, maxTotalMs: 90_000 };

/**
 * Repeats what fails for a while only: 408, 429 and 5xx, no connection, no answer in time, an answer that broke off. Never what the server
 * meant (400, 401, 403, 404, 409, 413, …), nor a 500 about an entry that it cannot store, nor a certificate that is not trusted.
 *
 * Every request of this protocol may be repeated although the first may have arrived: reading changes nothing; a chunk is stored under the
 * hash of its content, and the same chunk again is a success; mutations that arrive twice get two numbers there, and whoever pulls
 * them merges the same version of the same row twice, which changes nothing.
 */
export function retrying(http: Http, means: RetryMeans, policy: RetryPolicy = DEFAULT_RETRY): Http {
  return { send: (request, signal) => new Attempts({ http, means, policy, request, signal }).run() };
}

interface Parts {
  readonly http: Http;
  readonly means: RetryMeans;
  readonly policy: RetryPolicy;
  readonly request: HttpRequest;
  readonly signal: AbortSignal | undefined;
}

class Attempts {
  readonly #parts: Parts;
  readonly #startedMs: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startedMs = parts.means.clock.now();
  }

  async run(): Promise<HttpResponse> {
    const { policy, means, signal } = this.#parts;
    for (let repetition = 0; ; repetition += 1) {
      const outcome = await this.#once();
      const delay = repetition < policy.repetitions ? this.#delay(outcome, repetition) : undefined;
      if (delay === undefined) {
        if (outcome instanceof EngramError) throw outcome;
        return outcome;
      }
      await means.wait(delay, signal);
    }
  }

  async #once(): Promise<HttpResponse | EngramError> {
    try {
      return await this.#parts.http.send(this.#parts.request, this.#parts.signal);
    } catch (error) {
      if (EngramError.is(error)) return error;
      throw error;
    }
  }

  /** Milliseconds until the next try; `undefined`: there is none. */
  #delay(outcome: HttpResponse | EngramError, repetition: number): number | undefined {
    if (!isTransient(outcome)) return undefined;
    const { policy, means } = this.#parts;
    const asked = outcome instanceof EngramError ? undefined : retryAfterMs(outcome, means.clock.now());
    if (asked !== undefined && asked > policy.maxRetryAfterMs) return undefined;
    const delay = Math.max(asked ?? 0, backoff(policy, repetition, means.random()));
    return means.clock.now() + delay - this.#startedMs > policy.maxTotalMs ? undefined : delay;
  }
}

/** Doubled each time up to a limit, and spread by a quarter, so that a whole team does not come back in the same moment. */
function backoff({ baseMs, maxDelayMs }: RetryPolicy, repetition: number, random: number): number {
  return Math.round(Math.min(baseMs * 2 ** repetition, maxDelayMs) * (0.75 + random / 2));
}

function isTransient(outcome: HttpResponse | EngramError): boolean {
  if (outcome instanceof EngramError) return isTransientError(outcome);
  return isTransientStatus(outcome.status) && !isUnstorable(outcome);
}

/** Whether the same request may pass a little later. */
export function isTransientError(error: EngramError): boolean {
  if (error instanceof HttpStatusError) return isTransientStatus(error.status) && !error.isContentRefusal;
  return error.code === 'cloud-unreachable' && error.subject !== CERTIFICATE;
}

function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** The `subject` of a `cloud-unreachable` that waiting does not mend. */
export const CERTIFICATE = 'certificate';
