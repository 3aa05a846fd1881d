import type { EngramError } from '../errors.ts';
import { DEFAULT_LIMITS } from '../folderRequests.ts';
import { encodeGoString, getFold, isJsonArray, isJsonObject, parseGoJson, shapeOf, stringifyGo } from '../goJson.ts';
import type { Int, JsonObject, JsonValue, SyncMutation } from '../records.ts';
import { answerJson, badAnswer, getRequest, postRequest } from './answers.ts';
import type { Http, HttpRequest, HttpResponse, NewMutation } from './cloudPorts.ts';
import { HttpStatusError } from './httpStatusError.ts';
import { pushInHalves, type SplitOutcome } from './pushInHalves.ts';
import { validateServerUrl } from './serverUrl.ts';

/** The server's limit on entries, in both directions. */
export const MAX_MUTATIONS = 100;
/** Half of what a server takes, as for chunks. */
const MAX_PUSH_BYTES = 4 * 1024 * 1024;

export interface MutationTransportOptions {
  readonly http: Http;
  /** Address of the server. */
  readonly server: string;
  readonly signal?: AbortSignal;
}

/** `payload` is JSON text, of any type: a server keeps what it is given. */
export type PulledMutation = Pick<SyncMutation, 'seq' | 'project' | 'entity' | 'entityKey' | 'op' | 'payload' | 'occurredAt'>;

export interface PulledPage {
  /** Of every project that the server's token may see. Hostile. */
  readonly mutations: readonly PulledMutation[];
  /** Of a wrong type; each costs itself. */
  readonly unusable: readonly { readonly seq: Int | undefined; readonly reason: string }[];
  /** There is more, and asking again gets further. */
  readonly hasMore: boolean;
  /** What to ask from next: the highest number of this page, or what was asked from where it is empty (the server says 0 then). */
  readonly nextSeq: Int;
}

/** The mutations of a cloud server (Go `remote.MutationTransport`). Errors as those of `RemoteTransport`; 404 is `server_unsupported`. */
export class MutationTransport {
  readonly #options: MutationTransportOptions;
  readonly #base: string;

  /** @throws {EngramError} cloud-config */
  constructor(options: MutationTransportOptions) {
    this.#options = options;
    this.#base = validateServerUrl(options.server);
  }

  /** The same transport, whose requests end with `cancelled` when the signal is aborted. */
  withSignal(signal: AbortSignal | undefined): MutationTransport {
    return signal === undefined ? this : new MutationTransport({ ...this.#options, signal });
  }

  /**
   * One request, as Go's.
   *
   * @returns the server's numbers for them, not ours; `undefined` where the answer has none.
   */
  async pushMutations(entries: readonly NewMutation[]): Promise<readonly Int[] | undefined> {
    const body = `{"entries":[${entries.map(entryText).join(',')}]}`;
    const response = await this.#send(postRequest(`${this.#base}/sync/mutations/push`, body), 'mutation push');
    const what = 'decode mutation push response';
    const seqs = objectOf(response, what)?.get('accepted_seqs') ?? undefined;
    if (seqs === undefined) return undefined;
    if (!isJsonArray(seqs) || !seqs.every(isInt)) throw badAnswer(what, 'accepted_seqs is no list of whole numbers');
    return seqs;
  }

  /**
   * As many requests as it takes: at most 100 entries and about 4 MiB each, and halves of what the server refuses. Never throws for what a
   * server does: what it has confirmed is in `sent` even when the rest fails, and sending the rest again later is harmless.
   */
  async push<T extends NewMutation>(entries: readonly T[]): Promise<SplitOutcome<T>> {
    const sent: T[] = [];
    const refused: { item: T; error: EngramError }[] = [];
    for (const batch of batches(entries)) {
      const outcome = await pushInHalves(batch, (part) => this.#pushWhole(part));
      for (const item of outcome.sent) sent.push(item);
      refused.push(...outcome.refused);
      if (outcome.stoppedBy) return { sent, refused, stoppedBy: outcome.stoppedBy };
    }
    return { sent, refused, stoppedBy: undefined };
  }

  /** @param limit at most 100 */
  async pullMutations(sinceSeq: Int, limit: number = MAX_MUTATIONS): Promise<PulledPage> {
    const url = `${this.#base}/sync/mutations/pull?since_seq=${sinceSeq}&limit=${limit}`;
    const response = await this.#send(getRequest(url, DEFAULT_LIMITS.maxChunkBytes), 'mutation pull');
    const what = 'decode mutation pull response';
    const answer = objectOf(response, what);
    const list = (answer && getFold(answer, 'mutations')) ?? [];
    const more = (answer && getFold(answer, 'has_more')) ?? false;
    if (!isJsonArray(list)) throw badAnswer(what, `mutations is ${shapeOf(list)}, not a list`);
    if (typeof more !== 'boolean') throw badAnswer(what, `has_more is ${shapeOf(more)}, not a boolean`);
    return pageOf(list, more, sinceSeq);
  }

  /** A server of either version confirms each entry; an answer that does not is not trusted (as the manager of v1.16.1 does). */
  async #pushWhole(part: readonly NewMutation[]): Promise<void> {
    const seqs = await this.pushMutations(part);
    if (seqs?.length === part.length) return;
    throw badAnswer('mutation push', `it confirms ${seqs?.length ?? 0} of ${part.length}`);
  }

  async #send(request: HttpRequest, operation: string): Promise<HttpResponse> {
    const response = await this.#options.http.send(request, this.#options.signal);
    if (response.status === 404) throw new HttpStatusError(operation, response, { errorCode: 'server_unsupported' });
    if (response.status !== 200) throw new HttpStatusError(operation, response);
    return response;
  }
}

/** @throws {EngramError} chunk-corrupt: the payload is no JSON */
function entryText({ project, entity, entityKey, op, payload }: NewMutation): string {
  const fields = Object.entries({ project, entity, entity_key: entityKey, op });
  const texts = fields.map(([key, value]) => `"${key}":${encodeGoString(value)}`);
  return `{${[...texts, `"payload":${stringifyGo(parseGoJson(payload))}`].join(',')}}`;
}

function* batches<T extends NewMutation>(entries: readonly T[]): Generator<readonly T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.payload) + 200;
    if (batch.length === MAX_MUTATIONS || (batch.length > 0 && bytes + size > MAX_PUSH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** `undefined` for `null`, which Go takes for an empty object. */
function objectOf({ body }: HttpResponse, what: string): JsonObject | undefined {
  const json = answerJson(body, what);
  if (json === null) return undefined;
  if (!isJsonObject(json)) throw badAnswer(what, `it is ${shapeOf(json)}, not an object`);
  return json;
}

function pageOf(list: readonly JsonValue[], more: boolean, sinceSeq: Int): PulledPage {
  const mutations: PulledMutation[] = [];
  const unusable: { seq: Int | undefined; reason: string }[] = [];
  let nextSeq = sinceSeq;
  for (const json of list) {
    const seq = isJsonObject(json) ? (getFold(json, 'seq') ?? 0) : undefined;
    const number = seq !== undefined && isInt(seq) ? seq : undefined;
    if (number !== undefined && number > nextSeq) nextSeq = number;
    const mutation = isJsonObject(json) ? mutationOf(json, number) : `it is ${shapeOf(json)}, not an object`;
    if (typeof mutation === 'string') unusable.push({ seq: number, reason: mutation });
    else mutations.push(mutation);
  }
  // A server that repeats itself would otherwise be asked without end.
  return { mutations, unusable, nextSeq, hasMore: more && nextSeq > sinceSeq };
}

/** @returns the reason why it cannot be used, safe to show. */
function mutationOf(json: JsonObject, seq: Int | undefined): PulledMutation | string {
  if (seq === undefined) return 'seq is no whole number';
  const texts = new Map<string, string>();
  for (const key of ['project', 'entity', 'entity_key', 'op', 'occurred_at']) {
    const value = getFold(json, key) ?? '';
    if (typeof value !== 'string') return `${key} is ${shapeOf(value)}, not text`;
    texts.set(key, value);
  }
  const text = (key: string): string => texts.get(key) ?? '';
  return {
    seq,
    project: text('project'),
    entity: text('entity'),
    entityKey: text('entity_key'),
    op: text('op'),
    payload: stringifyGo(getFold(json, 'payload') ?? null),
    occurredAt: text('occurred_at'),
  };
}

function isInt(value: JsonValue): value is Int {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
}
