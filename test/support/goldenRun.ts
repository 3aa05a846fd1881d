import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FileTransport } from '../../src/adapters/chunkFolder.ts';
import { loadSqlJs, openSqlJs } from '../../src/adapters/sqlJs.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import type { ExportSummary, FolderState, ImportSummary } from '../../src/engine/folderState.ts';
import { type ChunkEntry, manifestSummary } from '../../src/engine/manifest.ts';
import type { SqlDatabase, SqlValue } from '../../src/engine/ports.ts';
import { migrateMemorySchema } from '../../src/store/migrateMemory.ts';
import { openIn, temporaryFolder, WASM_PATH } from './folder.ts';
import {
  type Cell,
  type Files,
  type GoldenCase,
  type GoldenPut,
  type GoldenStep,
  type Outcome,
  type Row,
  type Tables,
  UNREADABLE,
} from './goldenCase.ts';

/** The columns that the golden data has of each table, in its order of rows. */
const TABLES: Readonly<Record<string, string>> = {
  sessions: 'directory, ended_at, id, project, started_at, summary FROM sessions ORDER BY rowid',
  observations:
    'content, created_at, deleted_at, duplicate_count, expires_at, id, last_seen_at, normalized_hash, project, review_after, revision_count, scope, session_id, sync_id, title, tool_name, topic_key, type, updated_at FROM observations ORDER BY id',
  user_prompts: 'content, created_at, id, project, session_id, sync_id FROM user_prompts ORDER BY id',
  prompt_tombstones: 'deleted_at, project, session_id, sync_id FROM prompt_tombstones ORDER BY rowid',
  sync_chunks: 'chunk_id, target_key FROM sync_chunks ORDER BY rowid',
  memory_relations:
    'confidence, created_at, evidence, id, judgment_status, marked_by_actor, marked_by_kind, marked_by_model, reason, relation, session_id, source_id, superseded_at, superseded_by_relation_id, sync_id, target_id, updated_at FROM memory_relations ORDER BY id',
};

/**
 * Runs the steps of a golden case on this engine, through its public face, in a temporary folder: each `dir` is a folder of its own with an
 * `.engram`.
 *
 * @param more steps behind those of the case
 * @param sync what carries out the imports, exports and looks; by default a folder as the extension opens it
 */
export async function runCase(one: GoldenCase, more: readonly GoldenStep[] = [], sync: GoldenSync = throughFolder): Promise<Outcome> {
  const run = new GoldenRun(temporaryFolder(), sync);
  const results: unknown[] = [];
  for (const step of [...one.steps, ...more]) results.push(await run.step(step));
  return { results, databases: await run.databases(), folders: run.folders() };
}

export type SyncStep = Extract<GoldenStep, { readonly op: 'import' | 'export' | 'status' | 'heal' }>;

/** Carries out one step on the folder `root` and the database file, which may not be there yet. Gives what the Go program would answer. */
export type GoldenSync = (step: SyncStep, root: string, database: string) => Promise<object>;

class GoldenRun {
  readonly #home: string;
  readonly #carryOut: GoldenSync;
  /** Folders and databases in use, in the order of their first step. */
  readonly #dirs = new Set<string>();
  readonly #dbs = new Set<string>();

  constructor(home: string, sync: GoldenSync) {
    this.#home = home;
    this.#carryOut = sync;
  }

  async step(step: GoldenStep): Promise<unknown> {
    if ('dir' in step) this.#use(step.dir);
    switch (step.op) {
      case 'sql':
        return this.#sql(step.db, step.sql);
      case 'put':
        return this.#put(step);
      case 'write':
        return this.#write(step.dir, step.path, step.base64 === undefined ? (step.text ?? '') : Buffer.from(step.base64, 'base64'));
      case 'readManifest':
        return this.#readManifest(step.dir);
      default:
        return this.#sync(step);
    }
  }

  async databases(): Promise<Readonly<Record<string, Tables>>> {
    const found: Record<string, Tables> = {};
    for (const db of this.#dbs) found[db] = await this.#withDatabase(db, tablesOf);
    return found;
  }

  folders(): Readonly<Record<string, Files>> {
    return Object.fromEntries([...this.#dirs].map((dir) => [dir, filesOf(this.#root(dir))]));
  }

  #use(dir: string): void {
    this.#dirs.add(dir);
    mkdirSync(this.#root(dir), { recursive: true });
  }

  #root(dir: string): string {
    return join(this.#home, `folder-${dir}`, '.engram');
  }

  #database(db: string): string {
    this.#dbs.add(db);
    return join(this.#home, `${db}.db`);
  }

  async #sql(db: string, statements: readonly string[]): Promise<null> {
    await this.#withDatabase(db, (database) => {
      for (const statement of statements) database.run(statement);
    });
    return null;
  }

  /** The program's schema stands in a database before the first statement. */
  async #withDatabase<T>(db: string, work: (database: SqlDatabase) => T): Promise<T> {
    const path = this.#database(db);
    const database = openSqlJs(await loadSqlJs(WASM_PATH), existsSync(path) ? readFileSync(path) : undefined);
    migrateMemorySchema(database);
    const result = work(database);
    writeFileSync(path, database.export());
    database.close();
    return result;
  }

  #put(put: GoldenPut): { readonly id: string } {
    const id = put.id ?? createHash('sha256').update(put.json).digest('hex').slice(0, 8);
    if (put.file !== false) this.#write(put.dir, `chunks/${id}.jsonl.gz`, gzipSync(put.json));
    if (put.entry !== false) this.#list(put, id);
    return { id };
  }

  #list(put: GoldenPut, id: string): void {
    const path = join(this.#root(put.dir), 'manifest.json');
    const manifest = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { version: 1, chunks: [] };
    const { by = 'bob', created_at = '2025-01-02T03:04:05Z' } = put;
    manifest.chunks.push({ id, created_by: by, created_at, sessions: 0, memories: 0, prompts: 0 });
    writeFileSync(path, JSON.stringify(manifest, undefined, 2));
  }

  #write(dir: string, path: string, content: string | Uint8Array): null {
    const target = join(this.#root(dir), path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    return null;
  }

  async #readManifest(dir: string): Promise<unknown> {
    const transport = new FileTransport(this.#root(dir), { limits: DEFAULT_LIMITS, guard: () => undefined });
    try {
      const manifest = await transport.readManifest();
      const copy = new FileTransport(join(this.#home, 'rewritten'), { limits: DEFAULT_LIMITS, guard: () => undefined });
      await copy.writeManifest(manifest);
      const rewritten = readFileSync(join(this.#home, 'rewritten', 'manifest.json'), 'utf8');
      return { ok: { version: manifest.version, chunks: manifest.chunks.map(entryOf) }, rewritten, summary: manifestSummary(manifest) };
    } catch (error) {
      return codeOf(error);
    }
  }

  #sync(step: SyncStep): Promise<object> {
    const database = this.#database(step.db);
    return answered(() => this.#carryOut(step, this.#root(step.dir), database));
  }
}

/** The database is carried into the folder and back, as the Go program's one database serves all folders. */
async function throughFolder(step: SyncStep, root: string, database: string): Promise<object> {
  const own = join(root, 'engram.db');
  if (existsSync(database)) copyFileSync(database, own);
  const folder = openIn(root);
  try {
    if (step.op === 'import') return imported(await folder.importChunks(step.ids ? { ids: step.ids } : {}));
    if (step.op === 'heal') return await folder.heal({});
    if (step.op === 'status') return statusOf(await folder.state());
    // The Go program always exports these.
    const everything = { includePersonal: true, includeDeleted: true };
    return exported(await folder.exportNew({ createdBy: step.by, project: step.project, ...everything }));
  } finally {
    await folder.close();
    if (existsSync(own)) copyFileSync(own, database);
    rmSync(own, { force: true });
  }
}

async function answered(work: () => Promise<object>): Promise<object> {
  try {
    return { ok: await work() };
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): { readonly error: string } {
  if (EngramError.is(error)) return { error: error.code };
  throw error;
}

/** Under the keys of the file. */
function entryOf({ id, createdBy, createdAt, sessions, memories, prompts }: ChunkEntry): object {
  return { id, created_by: createdBy, created_at: createdAt, sessions, memories, prompts };
}

/** Under the Go program's names, and only where there is something: what it has no number for. */
function imported(summary: ImportSummary): object {
  const { chunks, sessions, memories, prompts, relations, edits, deletes, problems } = summary;
  const more = Object.entries({ relations, edits, deletes }).filter(([, count]) => count > 0);
  return {
    chunks_imported: chunks,
    sessions_imported: sessions,
    observations_imported: memories,
    prompts_imported: prompts,
    ...Object.fromEntries(more),
    ...(problems.length > 0 && { problems: problems.map((problem) => `${problem.code} ${problem.subject ?? ''}`.trim()) }),
  };
}

function exported({ chunkIds, sessions, memories, prompts, mutations, heldBack }: ExportSummary): object {
  return {
    ...(chunkIds.length > 0 && { chunk_id: chunkIds.join(' ') }),
    sessions_exported: sessions,
    observations_exported: memories,
    prompts_exported: prompts,
    mutations_exported: mutations,
    is_empty: chunkIds.length === 0,
    ...(heldBack > 0 && { held_back: heldBack }),
  };
}

function statusOf({ chunkTotals, chunks }: FolderState): object {
  const remote = chunks.filter((chunk) => chunk.state !== 'unlisted').length;
  return { local: chunkTotals.imported, remote, pending: remote - chunkTotals.imported };
}

function tablesOf(database: SqlDatabase): Tables {
  const tables = Object.entries(TABLES).map(([name, columns]) => [name, database.all(`SELECT ${columns}`).map(rowOf)] as const);
  return Object.fromEntries(tables.filter(([, rows]) => rows.length > 0));
}

function rowOf(row: Readonly<Record<string, SqlValue>>): Row {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, cellOf(value)]));
}

/** A bad byte 0xNN of a text comes out of the database as U+DCNN. */
function cellOf(value: SqlValue): Cell {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (typeof value !== 'string' || value.isWellFormed()) return value;
  const bytes = Array.from(value, (point) => (point.isWellFormed() ? Buffer.from(point) : Buffer.from([point.charCodeAt(0) & 0xff])));
  return { hex: Buffer.concat(bytes).toString('hex') };
}

/** What is shared: the manifest and the chunks, and whatever a case put beside them. */
function filesOf(root: string): Files {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    if (!entry.isFile() || name === '.gitignore' || name === 'index.db') continue;
    files[name] = name.endsWith('.gz') ? unpacked(readFileSync(path)) : readFileSync(path, 'utf8');
  }
  return files;
}

function unpacked(bytes: Uint8Array): string {
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch {
    return UNREADABLE;
  }
}
