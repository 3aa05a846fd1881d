import { EngramError } from '../errors.ts';
import { getFold, isJsonObject, parseGoJson } from '../goJson.ts';
import { goLower, goTrim } from '../goText.ts';
import { decodeUtf8 } from '../goUtf8.ts';
import type { HttpResponse } from './cloudPorts.ts';
import { retryAfterMs } from './retryAfter.ts';

/** Of an answer's text; a proxy's error page may be long. */
const MAX_BODY_CHARACTERS = 1000;
/** A longer answer is no error of an Engram server. */
const MAX_JSON_BYTES = 1 << 20;
/** What a server says of a batch with more than 100 entries, and before v1.16 of a body over 8 MiB (golden/cloud/http/mutation-push.json). */
const TOO_LARGE = /^batch too large: |: request body too large$/;
/** What it says of an entry that it cannot store: no time and no repetition changes that. The server's 500 is for the whole batch. */
const UNSTORABLE = /\(SQLSTATE 22...\)|: (?:canonicalize|materialize) /;

/** What the server said in its own words; all `''` where it said nothing of the kind. */
interface ServerWords {
  readonly errorClass: string;
  readonly errorCode: string;
  readonly body: string;
}

/**
 * The cloud server answered a request with another status than 200 (Go `remote.HTTPStatusError`). `message` is Go's text
 * `cloud: <operation>: status <status>: <body>`.
 */
export class HttpStatusError extends EngramError {
  declare readonly code: 'cloud-refused';
  /** Such as `fetch manifest`, `push chunk 0123abcd`. */
  readonly operation: string;
  readonly status: number;
  /** `repairable`, `blocked`, `policy`, or `''`. */
  readonly errorClass: string;
  /** Such as `policy_forbidden`; `server_unsupported` where there is no such route. */
  readonly errorCode: string;
  /** The server's sentence, or the text of its answer, cut at 1,000 characters. Hostile. */
  readonly body: string;
  /** How long the server asked to wait, milliseconds; `undefined` where it did not. */
  readonly retryAfterMs: number | undefined;

  /** @param nowMs what a date in `Retry-After` is compared with */
  constructor(operation: string, response: HttpResponse, detail: { errorCode?: string; nowMs?: number } = {}) {
    const words = { ...serverWords(response.body), ...(detail.errorCode === undefined ? {} : { errorCode: detail.errorCode }) };
    super('cloud-refused', `cloud: ${operation}: status ${response.status}: ${words.body}`);
    this.name = 'HttpStatusError';
    this.operation = operation;
    this.status = response.status;
    this.errorClass = words.errorClass;
    this.errorCode = words.errorCode;
    this.body = words.body;
    this.retryAfterMs = retryAfterMs(response, detail.nowMs ?? Date.now());
  }

  /** No token, or a wrong one. */
  get isAuthFailure(): boolean {
    return this.status === 401;
  }

  /** The server does not take this project. */
  get isPolicyFailure(): boolean {
    return this.status === 403;
  }

  /** Somebody has paused the project on the server; what is pending stays pending. */
  get isPaused(): boolean {
    return this.status === 409 && this.errorCode === 'sync-paused';
  }

  /** Go `IsRepairableMigrationFailure`. */
  get isRepairable(): boolean {
    return goLower(this.errorClass) === 'repairable';
  }

  /** The server has no such route: it is older, or no Engram server. */
  get isUnsupported(): boolean {
    return this.errorCode === 'server_unsupported';
  }

  /** The request was too large, or had too many entries: a smaller one may pass. */
  get isTooLarge(): boolean {
    return this.status === 413 || (this.status === 400 && TOO_LARGE.test(this.body));
  }

  /** Something in the request is wrong: the same again is refused again, the rest of a batch may pass without it. */
  get isContentRefusal(): boolean {
    return this.status === 400 || this.status === 413 || this.status === 422 || (this.status === 500 && UNSTORABLE.test(this.body));
  }
}

/** Whether a 500 is about what was sent, and so not worth a repetition. */
export function isUnstorable({ status, body }: HttpResponse): boolean {
  return status === 500 && UNSTORABLE.test(serverWords(body).body);
}

/**
 * Reads `{"error_class","error_code","error"}`, or takes the text as it is. A field of a wrong type costs itself and the sentence (the Go
 * program's two transports differ here: its chunk transport drops all three).
 */
function serverWords(bytes: Uint8Array): ServerWords {
  const text = goTrim(decodeUtf8(bytes.subarray(0, MAX_JSON_BYTES)).toWellFormed());
  const raw = { errorClass: '', errorCode: '', body: cut(text) };
  if (bytes.length > MAX_JSON_BYTES || !text.startsWith('{')) return raw;
  const json = parsed(text);
  if (!isJsonObject(json)) return raw;
  const values = ['error_class', 'error_code', 'error'].map((key) => getFold(json, key) ?? '');
  const [errorClass = '', errorCode = '', error = ''] = values.map((value) => (typeof value === 'string' ? goTrim(value) : ''));
  const isSound = values.every((value) => typeof value === 'string') && error !== '';
  return { errorClass, errorCode, body: isSound ? cut(error) : raw.body };
}

function parsed(text: string): ReturnType<typeof parseGoJson> {
  try {
    return parseGoJson(text);
  } catch {
    return null;
  }
}

function cut(text: string): string {
  return text.length > MAX_BODY_CHARACTERS ? `${text.slice(0, MAX_BODY_CHARACTERS).toWellFormed()}…` : text;
}
