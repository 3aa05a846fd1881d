import { isDeepStrictEqual } from 'node:util';
import type { Cell, Outcome, Release, Row, Tables } from './goldenCase.ts';

/** Some columns of a row, enough to name it. */
type Columns = Readonly<Record<string, Cell>>;

/** What a step gave, and what stands beside it in the result. */
export interface StepSuccess {
  readonly ok: object;
  readonly rewritten?: string;
  readonly summary?: string;
}

/**
 * What this engine must answer: the answer of the Go program, changed step by step. Each change throws where it changes nothing, so that no
 * stated difference can be an empty one.
 */
export class Expected {
  readonly #results: unknown[];
  readonly #databases: Record<string, Record<string, Row[]>>;
  readonly #folders: Record<string, Record<string, string>>;

  constructor({ results, databases, folders }: Outcome) {
    this.#results = structuredClone([...results]);
    this.#databases = structuredClone(databases) as Record<string, Record<string, Row[]>>;
    this.#folders = structuredClone(folders) as Record<string, Record<string, string>>;
  }

  get outcome(): Outcome {
    return { results: this.#results, databases: this.#databases, folders: this.#folders };
  }

  /** The result of a step: replaced, or of a success only the members that are named. */
  result(step: number, result: { readonly error: string } | StepSuccess): this {
    const before = this.#results[step] as { readonly ok?: object } | undefined;
    const after = 'ok' in result ? { ...result, ok: { ...before?.ok, ...result.ok } } : result;
    mustChange(before, after, `result ${step}`);
    this.#results[step] = after;
    return this;
  }

  /** The rows of another case to start from (they may be the same, so a change of them must follow). */
  rows(tables: Tables): this {
    const [name = ''] = Object.keys(this.#databases);
    this.#databases[name] = structuredClone(tables) as Record<string, Row[]>;
    return this;
  }

  set(table: string, which: Columns, values: Columns): this {
    const rows = this.#table(table);
    const at = this.#find(table, which);
    const before = rows[at] as Row;
    const after = { ...before, ...values };
    mustChange(before, after, `${table} ${JSON.stringify(which)}`);
    rows[at] = after;
    return this;
  }

  /** Behind the others, or where a row number says it stands. */
  add(table: string, row: Row): this {
    const rows = this.#table(table);
    rows.push(row);
    if (typeof row['id'] === 'number') rows.sort((a, b) => Number(a['id']) - Number(b['id']));
    return this;
  }

  /** @param which one row; without it the whole table. */
  remove(table: string, which?: Columns): this {
    if (which) this.#table(table).splice(this.#find(table, which), 1);
    else if (this.#table(table).length === 0) throw new Error(`${table} has no row to remove`);
    if (!which || this.#table(table).length === 0) delete this.#database()[table];
    return this;
  }

  chunk(id: string): this {
    return this.add('sync_chunks', { chunk_id: id, target_key: 'local' });
  }

  file(name: string, text: string | undefined, folder = Object.keys(this.#folders)[0] ?? ''): this {
    const files = this.#folders[folder] ?? {};
    mustChange(files[name], text, name);
    if (text === undefined) delete files[name];
    else files[name] = text;
    this.#folders[folder] = files;
    return this;
  }

  /** No case has two databases whose rows differ from the Go program's. */
  #database(): Record<string, Row[]> {
    const [database] = Object.values(this.#databases);
    if (!database) throw new Error('the case has no database');
    return database;
  }

  #table(name: string): Row[] {
    const database = this.#database();
    const rows = database[name] ?? [];
    database[name] = rows;
    return rows;
  }

  #find(table: string, which: Columns): number {
    const wanted = Object.entries(which);
    const hits = this.#table(table).flatMap((row, at) => (wanted.every(([column, value]) => row[column] === value) ? [at] : []));
    const [at] = hits;
    if (at === undefined || hits.length > 1) throw new Error(`${hits.length} rows of ${table} are ${JSON.stringify(which)}`);
    return at;
  }
}

function mustChange(before: unknown, after: unknown, what: string): void {
  if (isDeepStrictEqual(before, after)) throw new Error(`${what} is no change`);
}

/** One listed difference: what this engine answers is the answer of `release`, changed. */
export interface Difference<Reason extends string> {
  readonly reason: Reason;
  /** Default v1.14.0. */
  readonly release?: Release;
  /** @param rowsOf the golden rows of another case of the same file */
  readonly change: (expected: Expected, rowsOf: RowsOf) => unknown;
}

export type RowsOf = (name: string, release?: Release) => Tables;

/**
 * The answer that both sides are compared in: row for row, file for file, counter for counter. Left out is what says nothing: how many known
 * chunks were passed over (ours tells the state of each instead), and in what order chunks were recorded.
 */
export function comparable({ results, databases, folders }: Outcome): Outcome {
  return {
    results: results.map(withoutSkipped),
    databases: Object.fromEntries(Object.entries(databases).map(([name, tables]) => [name, withSortedChunks(tables)])),
    folders,
  };
}

function withoutSkipped(result: unknown): unknown {
  const { ok } = (result ?? {}) as { readonly ok?: Readonly<Record<string, unknown>> };
  if (ok?.['chunks_skipped'] === undefined) return result;
  const { chunks_skipped: _skipped, ...rest } = ok;
  return { ok: rest };
}

function withSortedChunks(tables: Tables): Tables {
  const chunks = tables['sync_chunks'];
  if (!chunks) return tables;
  return { ...tables, sync_chunks: chunks.toSorted((a, b) => (String(a['chunk_id']) < String(b['chunk_id']) ? -1 : 1)) };
}

/** As {@link comparable}, without the numbers of the rows: chunks that come in another order number them otherwise. */
export function unnumbered(tables: Tables): Tables {
  const lines = Object.entries(tables).map(([name, rows]) => [name, rows.map(withoutNumber).toSorted(byText)] as const);
  return Object.fromEntries(lines);
}

function withoutNumber({ id, ...row }: Row): Row {
  return typeof id === 'number' ? row : { ...row, ...(id !== undefined && { id }) };
}

function byText(a: Row, b: Row): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
