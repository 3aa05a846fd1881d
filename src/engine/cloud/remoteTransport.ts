import { chunkId } from '../chunkCodec.ts';
import { ChunkNotFoundError, EngramError } from '../errors.ts';
import { DEFAULT_LIMITS, type FolderLimits } from '../folderRequests.ts';
import { encodeGoString, getFold, isJsonObject, shapeOf } from '../goJson.ts';
import { goTrim, normalizeProject } from '../goText.ts';
import { type ChunkEntry, type ChunkId, isChunkId, type Manifest, manifestFromJson, toChunkId } from '../manifest.ts';
import type { Transport } from '../ports.ts';
import { answerJson, badAnswer, escapeQuery, getRequest, postRequest } from './answers.ts';
import { canonicalizeForProject } from './canonical.ts';
import { within } from './canonicalError.ts';
import type { Http, HttpRequest, HttpResponse } from './cloudPorts.ts';
import { HttpStatusError } from './httpStatusError.ts';
import { validateServerUrl } from './serverUrl.ts';

export interface RemoteTransportOptions {
  readonly http: Http;
  /** Address of the server. */
  readonly server: string;
  /** Normalised as the Go program does. */
  readonly project: string;
  readonly limits?: FolderLimits;
  readonly signal?: AbortSignal;
}

export interface PushedChunk {
  /** The hash of what was sent. */
  readonly id: ChunkId;
  /** The id that the server gave it; a server of v1.16.1 computes it by its own rules. */
  readonly storedAs: ChunkId;
}

/**
 * The chunks of one project on a cloud server (Go `remote.RemoteTransport`). An answer that is not 200 is an {@link HttpStatusError}; one
 * that no Engram server gives is `cloud-answer`; what `Http` throws passes through.
 */
export class RemoteTransport implements Transport {
  readonly project: string;
  readonly #options: RemoteTransportOptions;
  readonly #base: string;
  readonly #limits: FolderLimits;

  /** @throws {EngramError} cloud-config */
  constructor(options: RemoteTransportOptions) {
    this.#options = options;
    this.#base = validateServerUrl(options.server);
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.project = normalizeProject(options.project).normalized;
    if (this.project === '') throw new EngramError('cloud-config', 'cloud: project is required');
  }

  /** The same transport, whose requests end with `cancelled` when the signal is aborted. */
  withSignal(signal: AbortSignal | undefined): RemoteTransport {
    return signal === undefined ? this : new RemoteTransport({ ...this.#options, signal });
  }

  /** The server's list, by the time of its arrival there. Hostile: an entry that cannot be used costs only itself. */
  async readManifest(): Promise<Manifest> {
    const response = await this.#send(getRequest(this.#url('/sync/pull'), this.#limits.maxManifestBytes), 'fetch manifest');
    const json = answerJson(response.body, 'parse manifest');
    try {
      return manifestFromJson(json);
    } catch (error) {
      if (!EngramError.is(error, 'manifest-invalid')) throw error;
      throw badAnswer('parse manifest', error.message.replace(/^manifest\.json cannot be read: |\.$/g, ''));
    }
  }

  /** Does nothing: the server keeps the list. */
  async writeManifest(_manifest: Manifest): Promise<void> {
    return;
  }

  /** As Go's: the chunk is brought into its canonical form again and gets that form's id, whatever `id` says. */
  async writeChunk(id: string, json: Uint8Array, entry: ChunkEntry): Promise<void> {
    toChunkId(id);
    await this.pushChunk(json, entry);
  }

  /** Pushing the same chunk again is a success. @throws {CanonicalError} a server would refuse it. @throws {EngramError} cloud-refused, cloud-answer, … */
  async pushChunk(json: Uint8Array, entry: Pick<ChunkEntry, 'createdBy' | 'createdAt'>): Promise<PushedChunk> {
    const bytes = within('cloud: canonicalize push chunk', () => canonicalizeForProject(json, this.project));
    const id = toChunkId(chunkId(bytes));
    const operation = `push chunk ${id}`;
    const fields: readonly [string, string][] = [
      ['chunk_id', id],
      ['client_created_at', goTrim(entry.createdAt)],
      ['created_by', entry.createdBy],
    ];
    const head = fields.map(([key, value]) => `"${key}":${encodeGoString(value)},`).join('');
    const body = Buffer.concat([Buffer.from(`{${head}"data":`), bytes, Buffer.from(`,"project":${encodeGoString(this.project)}}`)]);
    const response = await this.#send(postRequest(`${this.#base}/sync/push`, body), operation);
    // Go ignores the body. But a page with status 200, as a login page sends it, has stored nothing.
    const answer = answerJson(response.body, operation);
    if (!isJsonObject(answer)) throw badAnswer(operation, `it is ${shapeOf(answer)}, not an object`);
    const given = getFold(answer, 'chunk_id');
    return { id, storedAs: typeof given === 'string' && isChunkId(given) ? given : id };
  }

  /** Raw JSON; a server keeps a chunk's values, not its bytes, so that they need not hash to the id. */
  async readChunk(id: string): Promise<Uint8Array> {
    const request = getRequest(this.#url(`/sync/pull/${toChunkId(id)}`), this.#limits.maxChunkBytes);
    const operation = `pull chunk ${id}`;
    const response = await this.#options.http.send(request, this.#options.signal);
    if (response.status === 404) throw new ChunkNotFoundError(id);
    if (response.status !== 200) throw new HttpStatusError(operation, response);
    if (response.body.length === 0) throw badAnswer(operation, 'empty chunk payload');
    if (!looksLikeJson(response.body)) throw badAnswer(operation, 'it is no JSON object');
    return response.body;
  }

  #url(path: string): string {
    return `${this.#base}${path}?project=${escapeQuery(this.project)}`;
  }

  async #send(request: HttpRequest, operation: string): Promise<HttpResponse> {
    const response = await this.#options.http.send(request, this.#options.signal);
    if (response.status !== 200) throw new HttpStatusError(operation, response);
    return response;
  }
}

/** Tells a page, or half an answer, from a chunk; whether it is sound shows when it is decoded. */
function looksLikeJson(body: Uint8Array): boolean {
  const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
  const first = body.find((byte) => !isSpace(byte));
  const last = body.findLast((byte) => !isSpace(byte));
  if (first === 0x7b) return last === 0x7d;
  return Buffer.from(body).toString('latin1').trim() === 'null';
}
