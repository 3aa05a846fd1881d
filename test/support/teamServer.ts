import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chunkId } from '../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../src/engine/cloud/canonical.ts';

/** What a client asked, as far as tests look at it. */
export interface AskedOfServer {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authorization: string | undefined;
}

export interface PushedMutation {
  readonly seq: number;
  readonly project: string;
  readonly entity: string;
  readonly entity_key: string;
  readonly op: string;
  readonly payload: unknown;
  readonly occurred_at: string;
}

interface StoredChunk {
  readonly id: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly json: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/**
 * A team's cloud server on this machine, in memory: the routes and checks of an Engram cloud server for chunks. What it gives back has
 * other bytes than what it got, as the real one's JSONB column has. Mutations can be pulled, not pushed.
 */
export class TeamServer {
  readonly asked: AskedOfServer[] = [];
  /** What members with the Engram program's automatic sync have pushed, in the order of `seq`. */
  readonly mutations: PushedMutation[] = [];
  token = 'fake-token';
  /** Refuses every other project. */
  allowed: readonly string[] = ['lantern-shop', 'demo'];
  paused = false;
  /** Answers everything with this status. */
  broken: number | undefined;
  readonly #projects = new Map<string, StoredChunk[]>();
  readonly #server: Server = createServer((request, response) => void this.#take(request, response));

  static async start(): Promise<TeamServer> {
    const server = new TeamServer();
    await server.listen(0);
    return server;
  }

  /** @param port 0: any */
  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Chunks of a project, in the order of their arrival. */
  chunks(project: string): readonly StoredChunk[] {
    return this.#projects.get(project) ?? [];
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { method = '', url = '' } = request;
    this.asked.push({ method, target: url, authorization: request.headers.authorization });
    const { status, body } = this.#answer(request, new URL(url, 'http://server'), Buffer.concat(parts));
    if (typeof body === 'string') response.writeHead(status, TEXT).end(`${body}\n`);
    else response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  }

  #answer({ method, headers }: IncomingMessage, { pathname, searchParams }: URL, body: Buffer): Answer {
    if (this.broken !== undefined) return { status: this.broken, body: 'out of order' };
    if (this.token !== '' && headers.authorization !== `Bearer ${this.token}`) return { status: 401, body: 'unauthorized: invalid token' };
    if (method === 'POST') return pathname === '/sync/push' ? this.#push(body) : { status: 404, body: '404 page not found' };
    if (pathname === '/sync/mutations/pull') return this.#pulled(Number(searchParams.get('since_seq') ?? 0));
    const project = searchParams.get('project') ?? '';
    const refusal = this.#refusal(project);
    if (refusal) return refusal;
    if (pathname === '/sync/pull')
      return { status: 200, body: { version: 1, chunks: this.chunks(project).map(({ json: _, ...entry }) => entry) } };
    const id = pathname.replace('/sync/pull/', '');
    const chunk = this.chunks(project).find((stored) => stored.id === id);
    return chunk ? { status: 200, body: JSON.parse(chunk.json) } : { status: 404, body: 'chunk not found' };
  }

  #pulled(since: number): Answer {
    const mutations = this.mutations.filter(({ seq }) => seq > since);
    return { status: 200, body: { mutations, has_more: false, latest_seq: mutations.at(-1)?.seq ?? 0 } };
  }

  #refusal(project: string): Answer | undefined {
    if (project === '') return refused(400, 'blocked', 'upgrade_blocked_project_required', 'project is required');
    if (this.allowed.includes(project)) return undefined;
    return refused(403, 'policy', 'policy_forbidden', 'forbidden: project is not allowed');
  }

  #push(body: Buffer): Answer {
    const pushed = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const project = String(pushed['project'] ?? '');
    const refusal = this.#refusal(project);
    if (refusal) return refusal;
    if (this.paused) return refused(409, 'policy', 'sync-paused', `sync is paused for project "${project}"`);
    const bytes = canonicalizeForProject(Buffer.from(JSON.stringify(pushed['data'])), project);
    const id = chunkId(bytes);
    if (pushed['chunk_id'] !== id) return refused(400, 'repairable', 'upgrade_repairable_payload_invalid', `expected ${id}`);
    const stored = this.#projects.get(project) ?? [];
    this.#projects.set(project, stored);
    const entry = { id, created_by: String(pushed['created_by']), created_at: String(pushed['client_created_at']) };
    if (!stored.some((chunk) => chunk.id === id)) stored.push({ ...entry, json: Buffer.from(bytes).toString('utf8') });
    return { status: 200, body: { chunk_id: id, status: 'ok' } };
  }
}

function refused(status: number, errorClass: string, code: string, error: string): Answer {
  return { status, body: { error_class: errorClass, error_code: code, error } };
}
