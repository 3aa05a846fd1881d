import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';

/** What another program does with its database, one step at a time. A step that is not possible just now does nothing. */
export type NativeStep =
  | { readonly do: 'commit'; readonly rows: number; readonly bytes: number }
  | { readonly do: 'update' | 'remove'; readonly every: number }
  | { readonly do: 'begin'; readonly rows: number }
  | { readonly do: 'end'; readonly commit: boolean }
  | { readonly do: 'checkpoint'; readonly mode: 'PASSIVE' | 'FULL' | 'RESTART' | 'TRUNCATE' }
  | { readonly do: 'reader' | 'vacuum' | 'reopen' | 'kill' };

const rows = fc.integer({ min: 1, max: 25 });
const every = fc.integer({ min: 2, max: 5 });

export const nativeSteps: fc.Arbitrary<NativeStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), rows, bytes: fc.integer({ min: 0, max: 4000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('update' as const, 'remove' as const), every }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), rows }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), commit: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('checkpoint' as const),
      mode: fc.constantFrom('PASSIVE' as const, 'FULL' as const, 'RESTART' as const, 'TRUNCATE' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reader' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('vacuum' as const, 'reopen' as const, 'kill' as const) }) },
);

export interface NativeShape {
  readonly pageSize: number;
  /** Frames after which SQLite checkpoints by itself; 0: never. */
  readonly autoCheckpoint: number;
  readonly autoVacuum: boolean;
}

export const nativeShapes: fc.Arbitrary<NativeShape> = fc.record({
  pageSize: fc.constantFrom(512, 1024, 4096, 4096, 8192, 65_536),
  autoCheckpoint: fc.constantFrom(0, 3, 20, 1000),
  autoVacuum: fc.boolean(),
});

interface Connections {
  readonly writer: DatabaseSync;
  readonly reader: DatabaseSync;
  readonly checkpointer: DatabaseSync;
}

/** A program with three connections to a database in write-ahead mode: one writes, one reads now and then for long, one checkpoints. */
export class NativeWriter {
  readonly #folder: string;
  readonly #shape: NativeShape;
  #life = 0;
  #open: Connections;
  #inTransaction = false;
  #isReading = false;
  /** Left behind by a kill: closed at the end, or their closing would tidy up the files of before. */
  readonly #killed: Connections[] = [];

  constructor(folder: string, shape: NativeShape) {
    this.#folder = folder;
    this.#shape = shape;
    this.#open = this.#connect();
    const { writer } = this.#open;
    writer.exec(
      'CREATE TABLE IF NOT EXISTS memories(id INTEGER PRIMARY KEY, text TEXT, bytes BLOB); CREATE INDEX by_text ON memories(text)',
    );
  }

  /** After a kill the files go on at another place, as they were at that moment. */
  get path(): string {
    return pathOf(this.#folder, this.#life);
  }

  /** What is committed, by what SQLite itself says. */
  rows(): unknown[] {
    return this.#open.checkpointer.prepare(ALL_ROWS).all();
  }

  step(step: NativeStep): void {
    const { writer, reader, checkpointer } = this.#open;
    if (step.do === 'commit') insert(writer, step.rows, step.bytes);
    else if (step.do === 'update') writer.prepare(`UPDATE memories SET text = text || '.', bytes = NULL WHERE id % ? = 0`).run(step.every);
    else if (step.do === 'remove') writer.prepare('DELETE FROM memories WHERE id % ? = 1').run(step.every);
    else if (step.do === 'begin') this.#begin(step.rows);
    else if (step.do === 'end') this.#end(step.commit);
    else if (step.do === 'checkpoint') checkpointer.exec(`PRAGMA wal_checkpoint(${step.mode})`);
    else if (step.do === 'vacuum') this.#vacuum(writer);
    else if (step.do === 'reopen') this.#reopen();
    else if (step.do === 'kill') this.#kill();
    else this.#turnReader(reader);
  }

  close(): void {
    for (const each of [this.#open, ...this.#killed]) closeAll(each);
  }

  #connect(): Connections {
    mkdirSync(join(this.path, '..'), { recursive: true });
    const [writer, reader, checkpointer] = [new DatabaseSync(this.path), new DatabaseSync(this.path), new DatabaseSync(this.path)];
    const { pageSize, autoCheckpoint, autoVacuum } = this.#shape;
    // So small a cache makes open transactions spill into the log.
    writer.exec(`PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = ${autoVacuum ? 1 : 0}; PRAGMA journal_mode = WAL;
      PRAGMA cache_size = 4; PRAGMA wal_autocheckpoint = ${autoCheckpoint}`);
    for (const each of [writer, reader, checkpointer]) each.exec('PRAGMA synchronous = OFF');
    return { writer, reader, checkpointer };
  }

  #begin(count: number): void {
    if (this.#inTransaction) return;
    this.#open.writer.exec('BEGIN IMMEDIATE');
    this.#inTransaction = true;
    insert(this.#open.writer, count, 5000);
  }

  #end(commit: boolean): void {
    if (this.#inTransaction) this.#open.writer.exec(commit ? 'COMMIT' : 'ROLLBACK');
    this.#inTransaction = false;
  }

  #turnReader(reader: DatabaseSync): void {
    reader.exec(this.#isReading ? 'COMMIT' : 'BEGIN; SELECT count(*) FROM memories');
    this.#isReading = !this.#isReading;
  }

  #vacuum(writer: DatabaseSync): void {
    if (!this.#inTransaction && !this.#isReading) writer.exec('VACUUM');
  }

  /** The last connection that closes writes everything into the file and removes the log. */
  #reopen(): void {
    closeAll(this.#open);
    this.#inTransaction = false;
    this.#isReading = false;
    this.#open = this.#connect();
  }

  #kill(): void {
    const from = this.path;
    this.#killed.push(this.#open);
    this.#life++;
    mkdirSync(join(this.path, '..'), { recursive: true });
    copyDatabase(from, this.path);
    this.#inTransaction = false;
    this.#isReading = false;
    this.#open = this.#connect();
  }
}

/** Long values as their length and a sum, so that comparing stays cheap and a wrong page is still seen. */
export const ALL_ROWS = 'SELECT id, text, length(bytes) AS length, hex(substr(bytes, -8)) AS ending FROM memories ORDER BY id';

/** The files of a database whose program was killed. */
export function copyDatabase(from: string, to: string): void {
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}

function pathOf(folder: string, life: number): string {
  return join(folder, String(life), 'engram.db');
}

function insert(database: DatabaseSync, count: number, bytes: number): void {
  database
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO memories(text, bytes) SELECT 'memory ' || i, randomblob(?) FROM n`,
    )
    .run(count, bytes);
}

function closeAll({ writer, reader, checkpointer }: Connections): void {
  for (const each of [reader, checkpointer, writer]) each.close();
}
