import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { findNodeSqlite, openNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import type { SqlDatabase } from '../../../src/engine/ports.ts';
import { atomically, inTransaction } from '../../../src/store/transaction.ts';

const parent = mkdtempSync(join(tmpdir(), 'engram-test-'));
const opened: SqlDatabase[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

const native = findNodeSqlite();
if (!native) process.stdout.write('node:sqlite: this host has none with FTS5, so its tests are skipped.\n');

function open(path: string, create = false): SqlDatabase {
  if (!native) throw new Error('no driver');
  const database = openNodeSqlite(native, path, { create });
  opened.push(database);
  return database;
}

function made(name: string, ...statements: readonly string[]): string {
  const path = join(parent, name);
  const database = open(path, true);
  for (const statement of statements) database.run(statement);
  return path;
}

/** Another process that takes the right to write and keeps it. */
async function busyBy(path: string, ms: number): Promise<ChildProcess> {
  const program = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE; INSERT INTO t VALUES(99)');
    process.stdout.write('busy');
    setTimeout(() => { db.exec('COMMIT'); db.close(); }, ${ms});`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

describe('finding the driver', () => {
  it('does without a module, and without FTS5', () => {
    expect(findNodeSqlite(() => undefined)).toBeUndefined();
    const failing = {
      DatabaseSync: class {
        readonly close = (): void => undefined;
        exec(): void {
          throw new Error('no such module: fts5');
        }
      },
    };
    expect(findNodeSqlite(() => failing)).toBeUndefined();
  });

  it('does without one that cannot say whether a transaction is open', () => {
    const old = {
      DatabaseSync: class {
        readonly close = (): void => undefined;
        readonly exec = (): void => undefined;
      },
    };
    expect(findNodeSqlite(() => old)).toBeUndefined();
  });
});

describe.runIf(native)('a database that others have open', () => {
  it('keeps its journal mode, has foreign keys on, and waits five seconds', () => {
    const modeOf = (database: SqlDatabase): unknown => database.all('PRAGMA journal_mode')[0]?.['journal_mode'];
    const plain = made('plain.db', 'CREATE TABLE t(id INTEGER)');
    expect(modeOf(open(plain))).toBe('delete');
    const logged = made('logged.db', 'CREATE TABLE t(id INTEGER)');
    open(logged).run('PRAGMA journal_mode = WAL');
    const database = open(logged);
    expect(modeOf(database)).toBe('wal');
    expect(database.all('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    expect(database.all('PRAGMA busy_timeout')).toEqual([{ timeout: 5000 }]);
  });

  it('is not made where there is none, and is found under any name', () => {
    const absent = join(parent, 'absent.db');
    expect(() => open(absent)).toThrow(expect.objectContaining({ code: 'io-failed' }));
    expect(existsSync(absent)).toBe(false);
    const odd = made('o#d?d %41ü.db', 'CREATE TABLE t(id INTEGER)');
    expect(open(odd).all('SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }]);
  });

  it('takes the right to write at the beginning of a transaction', () => {
    const path = made('first.db', 'CREATE TABLE t(id INTEGER)');
    const [first, second] = [open(path), open(path)];
    second.run('PRAGMA busy_timeout = 0');
    first.run('BEGIN');
    expect(() => second.run('BEGIN')).toThrow(expect.objectContaining({ code: 'store-locked' }));
    first.run('ROLLBACK');
    expect(first.inTransaction).toBe(false);
  });

  it('is waited for while another program writes', async () => {
    const path = made('waiting.db', 'CREATE TABLE t(id INTEGER)', 'PRAGMA journal_mode = WAL');
    await busyBy(path, 300);
    const database = open(path);
    atomically(database, () => database.run('INSERT INTO t VALUES(1)'));
    expect(database.all('SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 99 }]);
  });

  it.runIf(process.platform === 'linux').each(['WAL', 'DELETE'])('says who keeps it busy (journal mode %s)', async (mode) => {
    const path = made(`held-${mode}.db`, 'CREATE TABLE t(id INTEGER)', `PRAGMA journal_mode = ${mode}`);
    const holder = await busyBy(path, 60_000);
    const database = open(path);
    database.run('PRAGMA busy_timeout = 10');
    expect(() => database.run('INSERT INTO t VALUES(1)')).toThrow(
      expect.objectContaining({ code: 'store-locked', message: expect.stringContaining(`(process ${holder.pid}). Nothing was changed`) }),
    );
  });

  it('is tried again, with longer and longer pauses, before anybody is told', async () => {
    const path = made('again.db', 'CREATE TABLE t(id INTEGER)');
    await busyBy(path, 400);
    const database = open(path);
    database.run('PRAGMA busy_timeout = 10');
    await inTransaction(database, async () => database.run('INSERT INTO t VALUES(1)'));
    expect(database.all('SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 99 }]);
  });
});
