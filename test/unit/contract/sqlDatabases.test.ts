import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findNodeSqlite, openNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openSqlJs } from '../../../src/adapters/sqlJs.ts';
import { testSqlJs } from '../store/testDatabase.ts';
import { sqlDatabaseContract } from './sqlDatabaseContract.ts';

const parent = mkdtempSync(join(tmpdir(), 'engram-test-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

sqlDatabaseContract('sql.js', async () => openSqlJs(await testSqlJs()));

const native = findNodeSqlite();
if (native)
  sqlDatabaseContract('node:sqlite', async () => {
    const database = openNodeSqlite(native, join(parent, 'contract.db'), { create: true });
    database.run('PRAGMA synchronous = OFF');
    return database;
  });
else describe.skip('node:sqlite: this host has none with FTS5', () => it('is not tested', () => undefined));

describe('sql.js alone', () => {
  it('gives no bytes of half a transaction', async () => {
    const database = openSqlJs(await testSqlJs());
    database.run('CREATE TABLE t(id INTEGER)');
    database.run('BEGIN');
    expect(() => database.export()).toThrow(expect.objectContaining({ code: 'store-locked' }));
    database.run('ROLLBACK');
    expect(database.export().length).toBeGreaterThan(0);
  });
});
