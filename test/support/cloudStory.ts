import { existsSync, readFileSync } from 'node:fs';
import { type MemoryDatabase, openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';
import type { ChunkEntry, ChunkId } from '../../src/engine/manifest.ts';
import type { SqlRow } from '../../src/engine/ports.ts';
import { MEMORY_TABLES } from '../../src/store/memorySchema.ts';
import { goldenPath } from '../golden.ts';
import type { CloudModel } from './cloudModel.ts';

export type Tables = Readonly<Record<string, readonly SqlRow[]>>;
interface StoryStep {
  readonly snapshot?: string;
  readonly tables?: Tables;
  readonly server?: string;
  readonly projects?: Readonly<Record<string, { readonly manifest: string; readonly chunks: Readonly<Record<string, string>> }>>;
}

/** A recorded story of the real programs (golden/cloud/roundtrip). */
export class CloudStory {
  readonly #steps: readonly StoryStep[];

  private constructor(steps: readonly StoryStep[]) {
    this.#steps = steps;
  }

  /** @returns `undefined` where the golden data is absent */
  static read(name: string): CloudStory | undefined {
    const path = goldenPath('cloud', 'roundtrip', `${name}.json`);
    if (existsSync(path)) return new CloudStory((JSON.parse(readFileSync(path, 'utf8')) as { steps: readonly StoryStep[] }).steps);
    console.log(`skipped: golden/cloud/roundtrip/${name}.json is not here`);
    return undefined;
  }

  tables(snapshot: string): Tables {
    const found = this.#steps.find((step) => step.snapshot === snapshot)?.tables;
    if (!found) throw new Error(`no snapshot "${snapshot}"`);
    return found;
  }

  /** The chunks that the server had at a step, oldest first, as it answers them. */
  chunks(server: string): readonly { readonly entry: ChunkEntry; readonly text: string }[] {
    const project = this.#steps.find((step) => step.server === server)?.projects?.['demo'];
    if (!project) throw new Error(`no server "${server}"`);
    const { chunks } = JSON.parse(project.manifest) as { chunks: { id: string; created_by: string; created_at: string }[] };
    return chunks.map(({ id, created_by: createdBy, created_at: createdAt }) => ({
      entry: { id: id as ChunkId, createdBy, createdAt, sessions: 0, memories: 0, prompts: 0 },
      text: project.chunks[id] ?? '',
    }));
  }

  /** Fills a model of the server with what the real one had. */
  serve(server: CloudModel, step: string): void {
    for (const { entry, text } of this.chunks(step)) server.store('demo', entry, text);
  }
}

/** The tables of a recorded database file. It has tables that sql.js cannot write, so its rows are copied. */
export function tablesOf(sqlJs: SqlJs, file: string): Tables {
  const database = openSqlJs(sqlJs, readFileSync(goldenPath('cloud', 'roundtrip', file)));
  const tables = Object.fromEntries(MEMORY_TABLES.map(({ name }) => [name, database.all(`SELECT * FROM ${name}`)]));
  database.close();
  return tables;
}

/** Writes recorded rows into an empty database of ours; columns that ours has not are left out. */
export function fill(database: MemoryDatabase, tables: Tables): void {
  const order = ['sync_state', ...MEMORY_TABLES.map(({ name }) => name).filter((name) => name !== 'sync_state')];
  for (const name of order) {
    const known = new Set(MEMORY_TABLES.find((table) => table.name === name)?.columns.map((column) => column.name));
    database.run(`DELETE FROM ${name}`);
    for (const row of tables[name] ?? []) {
      const columns = Object.keys(row).filter((column) => known.has(column));
      const marks = columns.map(() => '?').join(', ');
      database.run(
        `INSERT INTO ${name}(${columns.join(', ')}) VALUES(${marks})`,
        columns.map((column) => row[column] ?? null),
      );
    }
  }
}
