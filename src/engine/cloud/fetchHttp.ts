import { EngramError } from '../errors.ts';
import { encodeGoString } from '../goJson.ts';
import type { Http, HttpRequest, HttpResponse } from './cloudPorts.ts';
import { CERTIFICATE } from './retry.ts';
import { validateServerUrl } from './serverUrl.ts';

/** As much of `fetch` as is used; the one of Node and the one of VS Code's extension host both fit. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchAnswer>;

export interface FetchInit {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array;
  readonly redirect: 'manual';
  readonly credentials: 'omit';
  readonly cache: 'no-store';
  readonly referrerPolicy: 'no-referrer';
  readonly signal: AbortSignal;
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: { forEach(each: (value: string, name: string) => void): void };
  readonly body: AsyncIterable<Uint8Array> | null;
}

export interface FetchHttpParts {
  readonly fetch: FetchLike;
  /** Calls once after so many milliseconds. @returns a function that prevents it */
  readonly after: (ms: number, call: () => void) => () => void;
  /** Address of the server; what stands behind the host does not matter. */
  readonly server: string;
  /** Asked before each request; `undefined` or blank: there is none, and none is sent. */
  readonly token: () => string | undefined | Promise<string | undefined>;
}

/** As Go's HTTP client. */
const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A pushed body goes along with these; the others would turn the push into a mere look. */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * HTTP with one cloud server over a `fetch`. The token goes to the origin of that server and nowhere else: no request and no redirect
 * leaves it. Errors hold no URL, no header and no error of the runtime, because each of those may hold the token; and where a server
 * repeats the token in the text of an error, it is blotted out.
 */
export class FetchHttp implements Http {
  readonly #parts: FetchHttpParts;
  readonly #origin: string;

  /** @throws {EngramError} cloud-config */
  constructor(parts: FetchHttpParts) {
    this.#parts = parts;
    this.#origin = new URL(validateServerUrl(parts.server)).origin;
  }

  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const token = await this.#token();
    const exchange = new Exchange({ ...this.#parts, origin: this.#origin, request, token, signal });
    try {
      return await exchange.run();
    } finally {
      exchange.end();
    }
  }

  async #token(): Promise<string> {
    let token: string;
    try {
      token = ((await this.#parts.token()) ?? '').trim();
    } catch {
      // Without its cause: whatever it is, it stood next to the token.
      throw new EngramError('cloud-config', 'The cloud token cannot be read from where it is kept. Nothing was sent; enter it again.');
    }
    if (token === '' || TOKEN.test(token)) return token;
    throw new EngramError('cloud-config', 'The cloud token has spaces or special characters. Nothing was sent; enter it again.');
  }
}

interface ExchangeParts extends Omit<FetchHttpParts, 'token' | 'server'> {
  readonly origin: string;
  readonly request: HttpRequest;
  /** `''`: none. */
  readonly token: string;
  readonly signal: AbortSignal | undefined;
}

class Exchange {
  readonly #parts: ExchangeParts;
  readonly #abort = new AbortController();
  readonly #ended: Promise<never>;
  /** The token in every spelling in which a server may repeat it, the longest first. */
  readonly #secrets: readonly string[];
  #fail: (error: EngramError) => void = () => undefined;
  readonly #stopTimer: () => void;
  readonly #cancel = (): void => this.#fail(new EngramError('cancelled', 'Cancelled.'));

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#secrets = spellings(parts.token);
    this.#ended = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // It has its other end in `run`; where that is through already, nobody is left to hear it.
    this.#ended.catch(() => undefined);
    this.#stopTimer = parts.after(parts.request.timeoutMs, () => this.#fail(tooSlow(parts.request.timeoutMs)));
    parts.signal?.addEventListener('abort', this.#cancel);
    if (parts.signal?.aborted) this.#cancel();
  }

  /** The timer and the signal decide even where a runtime does not listen to its abort signal. */
  async run(): Promise<HttpResponse> {
    if (this.#parts.signal?.aborted) return this.#ended;
    return Promise.race([this.#ended, this.#follow()]);
  }

  end(): void {
    this.#stopTimer();
    this.#parts.signal?.removeEventListener('abort', this.#cancel);
    this.#abort.abort();
  }

  async #follow(): Promise<HttpResponse> {
    let url = this.#parts.request.url;
    if (!URL.canParse(url) || new URL(url).origin !== this.#parts.origin) {
      throw new EngramError('cloud-config', 'The cloud token is for another server than this request. Nothing was sent.');
    }
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#fetch(url);
      const headers = this.#headers(answer);
      const location = REDIRECTS.has(answer.status) ? headers.get('location') : undefined;
      if (location === undefined) return { status: answer.status, headers, body: await this.#body(answer) };
      if (redirects === MAX_REDIRECTS) throw strange('It sends on from one address to the next without end.');
      if (this.#parts.request.method === 'POST' && !KEEPS_METHOD.has(answer.status)) {
        throw strange('It answers a push with the address of a page, as a login page does.');
      }
      url = this.#next(location, url);
    }
  }

  /** Where a redirect leads to. */
  #next(url: string, base: string): string {
    const target = URL.canParse(url, base) ? new URL(url, base) : undefined;
    if (target?.origin === this.#parts.origin && target.username === '' && target.password === '') return target.href;
    const other = target === undefined || target.origin === 'null' ? 'an address that cannot be used' : this.#clean(target.origin);
    throw new EngramError(
      'cloud-answer',
      `The cloud server sends on to ${other}. Nothing was sent there, because the token is for ${this.#parts.origin} only. If the server has moved, enter its new address.`,
    );
  }

  async #fetch(url: string): Promise<FetchAnswer> {
    const { request, token } = this.#parts;
    const headers: Record<string, string> = {};
    if (token !== '') headers['Authorization'] = `Bearer ${token}`;
    if (request.body) headers['Content-Type'] = 'application/json';
    let answer: FetchAnswer;
    try {
      answer = await this.#parts.fetch(url, {
        method: request.method,
        headers,
        ...(request.body ? { body: request.body } : {}),
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        signal: this.#abort.signal,
      });
    } catch (error) {
      throw unreachable(error);
    }
    // A browser's way of hiding where a redirect leads to.
    if (answer.status === 0) throw strange('It sends on to another address.');
    return answer;
  }

  #headers(answer: FetchAnswer): ReadonlyMap<string, string> {
    const headers = new Map<string, string>();
    answer.headers.forEach((value, name) => {
      headers.set(name.toLowerCase(), this.#clean(value));
    });
    return headers;
  }

  async #body(answer: FetchAnswer): Promise<Uint8Array> {
    const { maxBytes } = this.#parts.request;
    const parts: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const part of answer.body ?? []) {
        length += part.length;
        if (length > maxBytes) break;
        parts.push(part);
      }
    } catch {
      throw new EngramError('cloud-unreachable', `The connection to the cloud server broke off in the middle of its answer. ${SAFE}`);
    }
    if (length > maxBytes) throw strange(`Its answer is longer than ${Math.ceil(maxBytes / 1024)} KiB.`);
    const body = Buffer.concat(parts);
    return answer.status === 200 ? body : Buffer.from(this.#clean(body.toString('latin1')), 'latin1');
  }

  /** Blots the token out. It is ASCII, so that it can be found in a text of whatever encoding, byte by byte. */
  #clean(text: string): string {
    return this.#secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
  }
}

/** A token of two or three characters guards nothing, and stands in every text. */
const SHORTEST_SECRET = 4;

function spellings(token: string): readonly string[] {
  if (token.length < SHORTEST_SECRET) return [];
  const inJson = [JSON.stringify(token), encodeGoString(token)].map((quoted) => quoted.slice(1, -1));
  const base64 = Buffer.from(token).toString('base64').replace(/=+$/, '');
  return [...new Set([token, ...inJson, encodeURIComponent(token), base64])].sort((a, b) => b.length - a.length);
}

const SAFE = 'Nothing is lost: what was not confirmed stays pending. Check the connection, then sync again.';

function tooSlow(ms: number): EngramError {
  return new EngramError('cloud-unreachable', `The cloud server did not answer in full within ${Math.round(ms / 1000)} seconds. ${SAFE}`);
}

function strange(what: string): EngramError {
  return new EngramError(
    'cloud-answer',
    `This is no answer of an Engram cloud server. ${what} Nothing is lost; check the server’s address.`,
  );
}

/** Only the code of the error is used: its text may hold the address, a header, or what a proxy thinks of them. */
function unreachable(error: unknown): EngramError {
  const code = codeOf(error);
  if (/CERT|^(?:UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/.test(code)) {
    return new EngramError(
      'cloud-unreachable',
      `The cloud server’s certificate is not trusted (${code}). Nothing was sent. Check the address, or ask whoever runs the server.`,
      { subject: CERTIFICATE },
    );
  }
  return new EngramError('cloud-unreachable', `The cloud server cannot be reached${code === '' ? '' : ` (${code})`}. ${SAFE}`);
}

/** The first code in a chain of causes: `fetch` wraps what happened in an error without one. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code = 'code' in at ? at.code : undefined;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return '';
}
