import { basename } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlDatabase, SqlRow, SqlValue } from '../engine/ports.ts';
import { bindable } from './boundValues.ts';
import { decodeLooseUtf8 } from './looseUtf8.ts';
import { nativeError } from './nodeSqliteErrors.ts';

/** What is used of the module `node:sqlite`. */
export interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options?: { readonly readOnly?: boolean }) => DatabaseSync;
}

/** How long SQLite itself waits for another program's transaction. Source: the Go program's own setting (`store.go`, `New`). */
export const BUSY_TIMEOUT_MS = 5000;

/**
 * The host's own SQLite, where it has one with FTS5, which the triggers of the Go program's tables need. It is looked for at run time: Node
 * 22 before 22.16, Node 20 and some editors have none that will do.
 *
 * @param find for tests of a host without the module
 */
export function findNodeSqlite(find: () => unknown = builtinSqlite): NodeSqlite | undefined {
  try {
    const found = find() as NodeSqlite | undefined;
    if (!found) return undefined;
    const probe = new found.DatabaseSync(':memory:');
    try {
      probe.exec('CREATE VIRTUAL TABLE probe USING fts5(text)');
      // Came with Node 22.16, together with the names of a statement's columns.
      if (typeof probe.isTransaction !== 'boolean') return undefined;
    } finally {
      probe.close();
    }
    return found;
  } catch {
    return undefined;
  }
}

/** `process.getBuiltinModule` came with Node 20.16 and 22.3; an older host has no SQLite either. */
function builtinSqlite(): unknown {
  return process.getBuiltinModule?.('node:sqlite');
}

/**
 * Opens a database that other programs may have open as well: foreign keys on, five seconds of patience, journal mode and `synchronous` as
 * found. A transaction takes the right to write at its beginning, so that it cannot fail half way.
 *
 * @param options `create`: a missing file is made; `busyTimeoutMs`: another patience
 * @throws {EngramError} store-corrupt, store-locked, not-found, read-only, io-failed
 */
export function openNodeSqlite(
  module: NodeSqlite,
  path: string,
  options: { readonly create?: boolean; readonly busyTimeoutMs?: number } = {},
): SqlDatabase {
  const subject = basename(path);
  const raw = guarded(subject, path, () => new module.DatabaseSync(options.create || path === ':memory:' ? path : existing(path)));
  const database = new NodeSqliteDatabase(raw, path);
  try {
    database.run(`PRAGMA busy_timeout = ${options.busyTimeoutMs ?? BUSY_TIMEOUT_MS}`);
    database.run('PRAGMA foreign_keys = ON');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** As an address that makes no file where there is none. */
function existing(path: string): string {
  const encoded = encodeURI(path.replaceAll('\\', '/')).replaceAll('?', '%3f').replaceAll('#', '%23');
  return `file:${encoded.startsWith('/') ? '//' : '///'}${encoded}?mode=rw`;
}

class NodeSqliteDatabase implements SqlDatabase {
  readonly #raw: DatabaseSync;
  readonly #path: string;
  /** Statements that nobody is stepping through, by SQL. */
  readonly #idle = new Map<string, StatementSync>();

  constructor(raw: DatabaseSync, path: string) {
    this.#raw = raw;
    this.#path = path;
  }

  get inTransaction(): boolean {
    return this.#raw.isOpen && this.#raw.isTransaction;
  }

  run(sql: string, parameters?: readonly SqlValue[]): number {
    return this.#guarded(() => {
      if (parameters !== undefined) return this.#runStatement(sql, parameters);
      this.#raw.exec(/^\s*BEGIN\s*;?\s*$/i.test(sql) ? 'BEGIN IMMEDIATE' : sql);
      return Number(this.#take('SELECT changes() AS n').get()?.['n'] ?? 0);
    });
  }

  all(sql: string, parameters?: readonly SqlValue[]): SqlRow[] {
    return [...this.iterate(sql, parameters)];
  }

  *iterate(sql: string, parameters: readonly SqlValue[] = []): IterableIterator<SqlRow> {
    try {
      yield* this.#iterate(sql, parameters);
    } catch (error) {
      throw nativeError(error, basename(this.#path), this.#path);
    }
  }

  *#iterate(sql: string, parameters: readonly SqlValue[]): IterableIterator<SqlRow> {
    const bound = bindable(sql, parameters);
    const values = bound.values.map(nativeValue);
    const statement = this.#take(bound.sql);
    const exact = new ExactTexts(() => this.#exactRows(bound.sql, statement, values));
    let rows: IterableIterator<RawRow> | undefined;
    try {
      rows = statement.iterate(...values) as IterableIterator<RawRow>;
      for (let index = 0; ; index++) {
        const next = rows.next();
        if (next.done) return;
        yield exact.rowOf(next.value, index);
      }
    } finally {
      exact.close();
      rows?.return?.();
      this.#giveBack(bound.sql, statement);
    }
  }

  close(): void {
    this.#idle.clear();
    if (this.#raw.isOpen) this.#raw.close();
  }

  #runStatement(sql: string, parameters: readonly SqlValue[]): number {
    const bound = bindable(sql, parameters);
    const statement = this.#take(bound.sql);
    try {
      return Number(statement.run(...bound.values.map(nativeValue)).changes);
    } finally {
      this.#giveBack(bound.sql, statement);
    }
  }

  /** The same rows, texts as their bytes. Beside the first statement, and so in the same state of the database. */
  #exactRows(sql: string, statement: StatementSync, values: readonly NativeValue[]): IterableIterator<RawRow> {
    const columns = statement.columns().map(({ name }) => `"${name.replaceAll('"', '""')}"`);
    const bytes = columns.map((name) => `CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) END AS ${name}`);
    return this.#raw.prepare(`SELECT ${bytes.join(', ')} FROM (${sql})`).iterate(...values) as IterableIterator<RawRow>;
  }

  #take(sql: string): StatementSync {
    const idle = this.#idle.get(sql);
    this.#idle.delete(sql);
    if (idle) return idle;
    const statement = this.#raw.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  }

  /** A second user of the same SQL at the same time got a statement of its own, which is not kept. */
  #giveBack(sql: string, statement: StatementSync): void {
    if (!this.#idle.has(sql)) this.#idle.set(sql, statement);
  }

  #guarded<T>(work: () => T): T {
    return guarded(basename(this.#path), this.#path, work);
  }
}

type RawRow = Readonly<Record<string, null | number | bigint | string | Uint8Array>>;
type NativeValue = null | number | bigint | string | Uint8Array;

/** The driver binds every number as a real one, which a column without a type would keep as 1.0. */
function nativeValue(value: null | number | string | Uint8Array): NativeValue {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

/**
 * The driver replaces bad bytes of a text by U+FFFD. A row with that sign is read once more as bytes, by a second statement that keeps pace
 * with the first; without such a row there is no second one.
 */
class ExactTexts {
  readonly #open: () => IterableIterator<RawRow>;
  #rows: IterableIterator<RawRow> | undefined;
  #at = 0;

  constructor(open: () => IterableIterator<RawRow>) {
    this.#open = open;
  }

  rowOf(raw: RawRow, index: number): SqlRow {
    const row: Record<string, SqlValue> = {};
    let isDoubtful = false;
    for (const [name, value] of Object.entries(raw)) {
      row[name] = typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
      if (typeof value === 'string' && value.includes('\ufffd')) isDoubtful = true;
    }
    return isDoubtful ? { ...row, ...this.#textsOf(index) } : row;
  }

  close(): void {
    this.#rows?.return?.();
  }

  #textsOf(index: number): Record<string, string> {
    this.#rows ??= this.#open();
    for (; this.#at < index; this.#at++) this.#rows.next();
    this.#at++;
    const texts = Object.entries(this.#rows.next().value ?? {}).flatMap(([name, value]) =>
      value instanceof Uint8Array ? [[name, decodeLooseUtf8(value)] as const] : [],
    );
    return Object.fromEntries(texts);
  }
}

function guarded<T>(subject: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw nativeError(error, subject, path);
  }
}
