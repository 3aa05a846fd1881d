import { chunkId, encodeChunk } from '../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../src/engine/cloud/canonical.ts';
import type { NewMutation } from '../../src/engine/cloud/cloudPorts.ts';
import { HttpStatusError } from '../../src/engine/cloud/httpStatusError.ts';
import type { MutationTransport } from '../../src/engine/cloud/mutationTransport.ts';
import { pushInHalves } from '../../src/engine/cloud/pushInHalves.ts';
import { ChunkNotFoundError, EngramError } from '../../src/engine/errors.ts';
import { type ChunkEntry, EMPTY_MANIFEST, type Manifest } from '../../src/engine/manifest.ts';
import type { Transport } from '../../src/engine/ports.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Row = { [key: string]: Json };

/** A mutation as a server stores it. */
export interface StoredMutation {
  readonly seq: number;
  readonly project: string;
  readonly entity: string;
  readonly entityKey: string;
  readonly op: string;
  /** JSON text. */
  readonly payload: string;
  readonly occurredAt: string;
}

/**
 * The cloud server in memory, as far as a client can tell: the checks of a push (cloud.md §4.1), and chunks that come back as the values of
 * a JSONB column, in other bytes than were sent.
 */
export class CloudModel {
  readonly mutations: StoredMutation[] = [];
  /** Every chunk that was taken: its project, its id, who sent it. */
  readonly pushes: { readonly project: string; readonly id: string; readonly by: string }[] = [];
  paused = false;
  /** As v1.16.1: chunks also come as mutations, mutations as chunks, and what has no canonical form is refused. */
  readonly isNewer: boolean;
  readonly #projects = new Map<string, Map<string, { readonly entry: ChunkEntry; readonly json: string }>>();

  constructor(isNewer = false) {
    this.isNewer = isNewer;
  }

  /** The channel of single mutations, halving included. */
  channel(): Pick<MutationTransport, 'push' | 'pullMutations'> {
    return {
      push: (entries) => pushInHalves(entries, async (part) => this.take(part)),
      pullMutations: async (since, limit = 100) => {
        const later = this.mutations.filter(({ seq }) => seq > Number(since));
        const page = later.slice(0, limit);
        return { mutations: page, unusable: [], hasMore: later.length > page.length, nextSeq: page.at(-1)?.seq ?? since };
      },
    };
  }

  /** One push of the channel. */
  take(entries: readonly NewMutation[]): void {
    if (this.paused) throw refusal(409, 'sync-paused', 'sync is paused');
    if (entries.some(({ project }) => project.trim() === '')) throw refusal(400, 'empty_project', 'project is required');
    if (this.isNewer) this.#materialize(entries);
    for (const entry of entries) this.#append(entry);
  }

  #append({ project, entity, entityKey, op, payload }: NewMutation): void {
    const seq = this.mutations.length + 1;
    this.mutations.push({ seq, project, entity, entityKey, op, payload, occurredAt: '2026-02-01T00:00:00Z' });
  }

  #materialize(entries: readonly NewMutation[]): void {
    for (const project of new Set(entries.map((entry) => entry.project))) {
      const own = entries.filter((entry) => entry.project === project);
      const mutations = own.map((entry) => ({ seq: 0, targetKey: '', source: '', occurredAt: '', ...entry }));
      let bytes: Uint8Array;
      try {
        bytes = canonicalizeForProject(encodeChunk({ sessions: [], observations: [], prompts: [], mutations }), project);
      } catch (error) {
        throw refusal(500, '', `failed to insert mutations: materialize chunk: ${error instanceof Error ? error.message : ''}`);
      }
      const id = chunkId(bytes);
      const counts = { sessions: 0, memories: 0, prompts: 0 };
      const json = JSON.stringify(byLength(JSON.parse(new TextDecoder().decode(bytes)) as Json));
      this.#chunks(project).set(id, { entry: { id, createdBy: 'mutation-push', createdAt: '2026-02-01T00:00:00Z', ...counts }, json });
    }
  }

  transport(project: string): Transport {
    return {
      readManifest: async () => this.#manifest(project),
      writeManifest: async () => undefined,
      writeChunk: async (id, json, entry) => this.push(project, id, json, entry),
      readChunk: async (id) => {
        const stored = this.#chunks(project).get(id);
        if (!stored) throw new ChunkNotFoundError(id);
        return new TextEncoder().encode(stored.json);
      },
    };
  }

  /** What a client sent, in its canonical form. */
  chunk(project: string, id: string): Row {
    return JSON.parse(this.#chunks(project).get(id)?.json ?? '{}') as Row;
  }

  ids(project: string): string[] {
    return [...this.#chunks(project).keys()];
  }

  /** As another program has pushed it, in the server's own words. */
  store(project: string, entry: ChunkEntry, json: string): void {
    this.#chunks(project).set(entry.id, { entry, json });
  }

  /** As an administrator would. */
  remove(project: string, id: string): void {
    this.#chunks(project).delete(id);
  }

  /** As an administrator would: whatever it is. */
  replace(project: string, id: string, json: string): void {
    const stored = this.#chunks(project).get(id);
    if (stored) this.#chunks(project).set(id, { ...stored, json });
  }

  push(project: string, id: string, json: Uint8Array, entry: ChunkEntry): void {
    if (this.paused) throw refusal(409, 'sync-paused', `sync is paused for project "${project}"`);
    const bytes = canonical(json, project);
    const chunk = JSON.parse(new TextDecoder().decode(bytes)) as Row;
    const fault = firstFault(chunk, this.#sessions(project));
    if (fault !== undefined) throw invalid(fault);
    if (chunkId(bytes) !== id) throw invalid(`chunk_id does not match payload content hash (expected ${chunkId(bytes)})`);
    if (JSON.stringify(chunk).includes('\\u0000')) throw refusal(500, 'upgrade_blocked_internal', 'unsupported Unicode (SQLSTATE 22P05)');
    const text = JSON.stringify(byLength(chunk), undefined, 1);
    const there = this.#chunks(project).get(id);
    if (there && there.json !== text) throw refusal(409, 'upgrade_repairable_chunk_conflict', 'chunk conflict');
    if (there) return;
    this.#chunks(project).set(id, { entry, json: text });
    this.pushes.push({ project, id, by: entry.createdBy });
    if (this.isNewer) this.#spread(project, chunk);
  }

  /** Rows of the arrays, always as upserts. */
  #spread(project: string, chunk: Row): void {
    for (const [entity, list, key] of [
      ['session', 'sessions', 'id'],
      ['observation', 'observations', 'sync_id'],
      ['prompt', 'prompts', 'sync_id'],
    ] as const) {
      for (const { id, ...row } of rowsOf(chunk, list)) {
        const payload = entity === 'session' ? { id: id ?? null, ...row } : row;
        this.#append({ project, entity, entityKey: textOf(payload as Row, key), op: 'upsert', payload: JSON.stringify(payload) });
      }
    }
  }

  #manifest(project: string): Manifest {
    const { absent: _, ...manifest } = EMPTY_MANIFEST;
    return { ...manifest, version: 1, chunks: [...this.#chunks(project).values()].map(({ entry }) => entry) };
  }

  #chunks(project: string): Map<string, { readonly entry: ChunkEntry; readonly json: string }> {
    const chunks = this.#projects.get(project) ?? new Map();
    this.#projects.set(project, chunks);
    return chunks;
  }

  /** The server's session index of a project. */
  #sessions(project: string): ReadonlySet<string> {
    const ids = [...this.#chunks(project).values()].flatMap(({ json }) => [...sessionsIn(JSON.parse(json) as Row)]);
    return new Set(ids);
  }
}

/** A transport whose server may refuse everything. @param refusal asked at each call */
export function refusable(transport: Transport, refusal: () => EngramError | undefined): Transport {
  const asked = <P extends readonly unknown[], T>(call: (...given: P) => Promise<T>) => {
    return async (...given: P): Promise<T> => {
      const error = refusal();
      if (error) throw error;
      return call(...given);
    };
  };
  const { readManifest, writeManifest, readChunk, writeChunk } = transport;
  return { readManifest: asked(readManifest), writeManifest, readChunk: asked(readChunk), writeChunk: asked(writeChunk) };
}

export function refusal(status: number, code: string, sentence: string): HttpStatusError {
  const errorClass = code.startsWith('upgrade_') ? (code.split('_')[1] ?? '') : 'policy';
  const body = new TextEncoder().encode(JSON.stringify({ error_class: errorClass, error_code: code, error: sentence }));
  return new HttpStatusError('push chunk', { status, headers: new Map(), body });
}

function invalid(sentence: string): HttpStatusError {
  return refusal(400, 'upgrade_repairable_payload_invalid', `invalid push payload: ${sentence}`);
}

function canonical(json: Uint8Array, project: string): Uint8Array {
  try {
    return canonicalizeForProject(json, project);
  } catch (error) {
    if (EngramError.is(error)) throw invalid(error.message);
    throw error;
  }
}

const NEEDED: readonly (readonly [string, readonly string[]])[] = [
  ['sessions', ['id', 'directory']],
  ['observations', ['sync_id', 'session_id', 'type', 'title', 'content', 'scope']],
  ['prompts', ['sync_id', 'session_id', 'content']],
];

function firstFault(chunk: Row, known: ReadonlySet<string>): string | undefined {
  for (const [list, fields] of NEEDED) {
    for (const [index, row] of rowsOf(chunk, list).entries()) {
      const missing = fields.find((field) => textOf(row, field).trim() === '');
      if (missing) return `${list}[${index}].${missing} is required`;
    }
  }
  const sessions = new Set([...known, ...sessionsIn(chunk)]);
  const needed = [...rowsOf(chunk, 'observations'), ...rowsOf(chunk, 'prompts'), ...upserts(chunk).map(payloadOf)];
  const homeless = needed.find((row) => 'session_id' in row && !sessions.has(textOf(row, 'session_id').trim()));
  return homeless && `references missing session_id "${textOf(homeless, 'session_id')}"`;
}

function sessionsIn(chunk: Row): ReadonlySet<string> {
  const upserted = upserts(chunk).filter(({ entity }) => entity === 'session');
  return new Set([...rowsOf(chunk, 'sessions'), ...upserted.map(payloadOf)].map((row) => textOf(row, 'id').trim()));
}

function upserts(chunk: Row): Row[] {
  return rowsOf(chunk, 'mutations').filter(({ op }) => op === 'upsert');
}

function payloadOf(mutation: Row): Row {
  return JSON.parse(textOf(mutation, 'payload')) as Row;
}

/** A chunk may be the document `null`. */
function rowsOf(chunk: Row | null, list: string): Row[] {
  return (chunk?.[list] ?? []) as Row[];
}

function textOf(row: Row, field: string): string {
  const value = row[field];
  return typeof value === 'string' ? value : '';
}

/** The order of keys that JSONB has. */
function byLength(value: Json): Json {
  if (Array.isArray(value)) return value.map(byLength);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, byLength(value[key] ?? null)]));
}
