import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import initSqlJs from 'sql.js';
import { EngramError } from '../engine/errors.ts';
import type { SqlDatabase, SqlRow, SqlValue } from '../engine/ports.ts';
import { bindable, type PlainValue } from './boundValues.ts';
import { translateFsError } from './fsErrors.ts';
import { decodeLooseUtf8 } from './looseUtf8.ts';

/** The parts of sql.js 1.16.0 that are used here; its published types lack `getBlob` and the options of `get`. */
interface RawStatement {
  bind(values: readonly PlainValue[]): boolean;
  step(): boolean;
  get(parameters: null, options: { readonly useBigInt: true }): (PlainValue | bigint)[];
  /** The bytes of a column, of a text as well. */
  getBlob(column: number): Uint8Array;
  getColumnNames(): string[];
  reset(): void;
  freemem(): void;
  free(): boolean;
}

interface RawDatabase {
  run(sql: string): unknown;
  prepare(sql: string): RawStatement;
  getRowsModified(): number;
  export(): Uint8Array;
  close(): void;
}

/** The loaded WASM module; one for all databases of a thread. Its memory never shrinks. */
export interface SqlJs {
  readonly Database: new (bytes?: Uint8Array | null) => RawDatabase;
}

/** A database in memory that can be turned into the bytes of a file. */
export interface MemoryDatabase extends SqlDatabase {
  /** @throws {EngramError} store-locked while a transaction is open: half of it would be in the file */
  export(): Uint8Array;
}

/**
 * Loads the WASM module from the given file.
 *
 * @throws {EngramError} io-failed and the like
 */
export async function loadSqlJs(wasmPath: string): Promise<SqlJs> {
  const file = await readFile(wasmPath).catch((error: unknown) => {
    throw translateFsError(error, basename(wasmPath), 'read');
  });
  const wasmBinary = new Uint8Array(file).buffer;
  return (await initSqlJs({ wasmBinary })) as unknown as SqlJs;
}

/**
 * Opens a database from the bytes of a file; without bytes, an empty one. Bytes that are no database are found at the first statement.
 *
 * @throws {EngramError} store-corrupt
 */
export function openSqlJs(sqlJs: SqlJs, bytes?: Uint8Array): MemoryDatabase {
  return new SqlJsDatabase(guarded(() => new sqlJs.Database(bytes)));
}

class SqlJsDatabase implements MemoryDatabase {
  readonly #raw: RawDatabase;
  /** Statements that nobody is stepping through, by SQL. */
  readonly #idle = new Map<string, RawStatement>();
  #inTransaction = false;

  constructor(raw: RawDatabase) {
    this.#raw = raw;
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  run(sql: string, parameters?: readonly SqlValue[]): number {
    return guarded(() => {
      if (parameters === undefined) this.#runScript(sql);
      else this.#runStatement(sql, parameters);
      return this.#raw.getRowsModified();
    });
  }

  all(sql: string, parameters?: readonly SqlValue[]): SqlRow[] {
    return [...this.iterate(sql, parameters)];
  }

  *iterate(sql: string, parameters: readonly SqlValue[] = []): IterableIterator<SqlRow> {
    const bound = bindable(sql, parameters);
    const statement = guarded(() => this.#take(bound.sql));
    try {
      guarded(() => statement.bind(bound.values));
      const names = statement.getColumnNames();
      while (guarded(() => statement.step())) yield rowOf(statement, names);
    } finally {
      this.#giveBack(bound.sql, statement);
    }
  }

  export(): Uint8Array {
    if (this.#inTransaction) throw new EngramError('store-locked', 'The database cannot be saved in the middle of a change.');
    return guarded(() => this.#raw.export());
  }

  close(): void {
    this.#idle.clear();
    this.#inTransaction = false;
    this.#raw.close();
  }

  #runScript(sql: string): void {
    this.#raw.run(sql);
    if (/^\s*BEGIN\b/i.test(sql)) this.#inTransaction = true;
    else if (/^\s*(COMMIT|ROLLBACK|END)\b/i.test(sql)) this.#inTransaction = false;
  }

  #runStatement(sql: string, parameters: readonly SqlValue[]): void {
    const bound = bindable(sql, parameters);
    const statement = this.#take(bound.sql);
    try {
      statement.bind(bound.values);
      statement.step();
    } finally {
      this.#giveBack(bound.sql, statement);
    }
  }

  #take(sql: string): RawStatement {
    const idle = this.#idle.get(sql);
    this.#idle.delete(sql);
    return idle ?? this.#raw.prepare(sql);
  }

  /** A second user of the same SQL at the same time got a statement of its own, which is not kept. */
  #giveBack(sql: string, statement: RawStatement): void {
    if (this.#idle.has(sql)) {
      statement.free();
      return;
    }
    statement.reset();
    statement.freemem();
    this.#idle.set(sql, statement);
  }
}

function rowOf(statement: RawStatement, names: readonly string[]): SqlRow {
  const row: Record<string, SqlValue> = {};
  statement.get(null, { useBigInt: true }).forEach((value, column) => {
    row[names[column] ?? ''] = exactValue(statement, column, value);
  });
  return row;
}

/** sql.js drops a leading byte order mark and replaces bad bytes, so such a text is read again from its bytes. */
function exactValue(statement: RawStatement, column: number, value: PlainValue | bigint): SqlValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'string') return value;
  const bytes = statement.getBlob(column);
  return bytes[0] === 0xef || value.includes('\ufffd') ? decodeLooseUtf8(bytes) : value;
}

/** @throws {EngramError} store-corrupt for whatever SQLite complains of */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (EngramError.is(error)) throw error;
    throw new EngramError('store-corrupt', 'The memory database could not be read or changed.', { cause: error });
  }
}
