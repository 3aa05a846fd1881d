import { gunzipSync } from 'node:zlib';
import type { MemoryDatabase } from '../../../src/adapters/sqlJs.ts';
import { chunkId } from '../../../src/engine/chunkCodec.ts';
import type { SessionRecord } from '../../../src/engine/records.ts';
import {
  emptyFolder,
  type GoEntry,
  type GoManifest,
  type ModelFolder,
  type Outcome,
  readManifest,
  writeManifest,
} from '../../models/chunkFolder.ts';
import { emptyDatabase, type Member, type ObservationRow, type PromptRow, type Release, type TombstoneRow } from '../../models/member.ts';
import { openDatabase } from '../../models/opening.ts';
import { exportFolder, importFolder, newMember, statusOf } from '../../models/teammate.ts';
import { memoryDatabase } from '../store/testDatabase.ts';

export interface Step {
  readonly op: string;
  readonly db?: string;
  readonly dir?: string;
  readonly sql?: readonly string[];
  readonly json?: string;
  readonly id?: string;
  readonly file?: boolean;
  readonly entry?: boolean;
  readonly by?: string;
  readonly project?: string;
  readonly created_at?: string;
  readonly path?: string;
  readonly text?: string;
  readonly base64?: string;
}

/** A model with the databases and folders of one golden case, as the case's steps name them. */
export class GoldenTeammate {
  readonly members = new Map<string, Member>();
  readonly folders = new Map<string, ModelFolder & { readonly unreadable: Map<string, string> }>();
  readonly #release: Release;
  readonly #nowMs: number;
  readonly #tables = new Map<string, MemoryDatabase>();

  constructor(release: Release, nowMs: number) {
    this.#release = release;
    this.#nowMs = nowMs;
  }

  /** @returns the step's result in the form of the golden data. */
  async run(step: Step): Promise<unknown> {
    const member = this.#member(step.db ?? '');
    const folder = this.#folder(step.dir ?? '');
    switch (step.op) {
      case 'sql':
        return this.#sql(step.db ?? '', step.sql ?? []);
      case 'put':
        return put(folder, step);
      case 'write':
        return write(folder, step);
      case 'import':
        return golden(importFolder(member, folder));
      case 'export':
        return golden(exportFolder(member, folder, step.by ?? '', step.project));
      case 'status':
        return golden(statusOf(member, folder));
      default:
        throw new Error(`The golden step ${step.op} is not known.`);
    }
  }

  #member(name: string): Member {
    const member =
      this.members.get(name) ??
      newMember(
        this.#release,
        () => this.#nowMs,
        () => '<random>',
      );
    this.members.set(name, member);
    return member;
  }

  #folder(name: string): ModelFolder & { readonly unreadable: Map<string, string> } {
    const folder = this.folders.get(name) ?? { ...emptyFolder(), unreadable: new Map() };
    this.folders.set(name, folder);
    return folder;
  }

  /** Statements run on real tables, whose rows then are the member's, once the program has opened them; what an import brought into the model only is not among them. */
  async #sql(name: string, statements: readonly string[]): Promise<null> {
    const tables = this.#tables.get(name) ?? (await memoryDatabase());
    this.#tables.set(name, tables);
    for (const statement of statements) tables.run(statement);
    const member = this.#member(name);
    const database = { ...emptyDatabase(), chunks: member.database.chunks };
    for (const row of rowsOf<SessionRecord>(tables, SESSIONS)) database.sessions.set(row.id, row);
    for (const row of rowsOf<ObservationRow>(tables, OBSERVATIONS)) database.observations.set(row.id, row);
    for (const row of rowsOf<PromptRow>(tables, PROMPTS)) database.prompts.set(row.id, row);
    for (const row of rowsOf<TombstoneRow>(tables, TOMBSTONES)) database.tombstones.set(row.syncId, row);
    database.lastObservationId = Math.max(0, ...[...database.observations.keys()].map(Number));
    database.lastPromptId = Math.max(0, ...[...database.prompts.keys()].map(Number));
    member.database = database;
    openDatabase(member);
    return null;
  }
}

const SESSIONS = 'SELECT id, project, directory, started_at, ended_at, summary FROM sessions ORDER BY rowid';
const OBSERVATIONS = `SELECT id, ifnull(sync_id, '') AS sync_id, session_id, type, title, content, tool_name, project, scope, topic_key,
  revision_count, duplicate_count, last_seen_at, created_at, updated_at, deleted_at FROM observations ORDER BY id`;
const PROMPTS = `SELECT id, ifnull(sync_id, '') AS sync_id, session_id, content, project, created_at FROM user_prompts ORDER BY id`;
const TOMBSTONES = 'SELECT sync_id, session_id, project, deleted_at FROM prompt_tombstones ORDER BY rowid';

/** Rows as the models hold them: columns in camelCase, NULL is absent. */
function rowsOf<Row>(tables: MemoryDatabase, sql: string): Row[] {
  return tables.all(sql).map((row) => {
    const values = Object.entries(row).filter(([, value]) => value !== null);
    // The statement names the columns of Row, which is what the compiler cannot follow.
    return Object.fromEntries(values.map(([name, value]) => [camelCase(name), value])) as Row;
  });
}

function camelCase(column: string): string {
  return column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function put(folder: ModelFolder, step: Step): unknown {
  const json = new TextEncoder().encode(step.json ?? '');
  const id = step.id ?? chunkId(json);
  if (step.file !== false) folder.chunks.set(id, json);
  if (step.entry !== false) {
    const manifest: GoManifest = readManifest(folder);
    const createdAt = step.created_at ?? '2025-01-02T03:04:05Z';
    const entry: GoEntry = { id, createdBy: step.by ?? 'bob', createdAt, sessions: 0, memories: 0, prompts: 0 };
    writeManifest(folder, { ...manifest, chunks: [...manifest.chunks, entry] });
  }
  return { id };
}

function write(folder: ModelFolder & { readonly unreadable: Map<string, string> }, step: Step): null {
  const content = step.base64 === undefined ? Buffer.from(step.text ?? '') : Buffer.from(step.base64, 'base64');
  const chunk = /^chunks\/(.*)\.jsonl\.gz$/.exec(step.path ?? '')?.[1];
  if (chunk === undefined) folder.manifest = content.toString('utf8');
  else {
    const unpacked = unpack(content);
    if (typeof unpacked === 'string') folder.unreadable.set(chunk, unpacked);
    else folder.chunks.set(chunk, unpacked);
  }
  return null;
}

const GZIP_HEADER_BYTES = 10;

/** @returns the bytes, or what Go's gzip reader says. */
function unpack(packed: Buffer): Uint8Array | string {
  if (packed.length < GZIP_HEADER_BYTES) return packed.length === 0 ? 'EOF' : 'unexpected EOF';
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return 'gzip: invalid header';
  try {
    const { buffer, engine } = gunzipSync(packed, { info: true }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === packed.length ? buffer : 'unexpected EOF';
  } catch (error) {
    return String(error).includes('incorrect data check') ? 'gzip: invalid checksum' : 'unexpected EOF';
  }
}

/** The names of Go's JSON. */
function golden(outcome: Outcome<object>): unknown {
  if ('error' in outcome) return outcome;
  return { ok: Object.fromEntries(Object.entries(outcome.ok).map(([name, value]) => [NAMES[name] ?? snakeCase(name), value])) };
}

const NAMES: Readonly<Record<string, string>> = {
  sessions: 'sessions_exported',
  observations: 'observations_exported',
  prompts: 'prompts_exported',
  mutations: 'mutations_exported',
};

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
