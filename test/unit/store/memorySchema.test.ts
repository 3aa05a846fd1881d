import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type MemoryDatabase, openSqlJs, type SqlJs } from '../../../src/adapters/sqlJs.ts';
import { derivedSyncId } from '../../../src/engine/identity.ts';
import type { SqlDatabase } from '../../../src/engine/ports.ts';
import { inspectMemoryDatabase } from '../../../src/store/inspectMemory.ts';
import { createMemorySchema } from '../../../src/store/memorySchema.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { migrateForReading, migrateMemorySchema } from '../../../src/store/migrateMemory.ts';
import { SearchIndex } from '../../../src/store/search.ts';
import { goldenPath } from '../../golden.ts';
import { memoryDatabase, testSqlJs } from './testDatabase.ts';

const releases = ['v1.0.0', 'v1.9.9', 'v1.10.10', 'v1.13.2', 'v1.14.0', 'v1.16.1'];
const golden = goldenPath('databases');
const hasGolden = existsSync(golden);
if (!hasGolden) console.log(`${golden} not found, skipped`);

let sqlJs: SqlJs;
beforeAll(async () => {
  sqlJs = await testSqlJs();
});

function goldenDatabase(release: string): MemoryDatabase {
  return openSqlJs(sqlJs, readFileSync(`${golden}/${release}.db`));
}

/** The same tables, indexes and rows without FTS5: as a program without it would have made them. */
function withoutFts(source: SqlDatabase): MemoryDatabase {
  const copy = openSqlJs(sqlJs);
  const objects = source.all(
    `SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE '%fts%' AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index'`,
  );
  for (const { sql } of objects) copy.run(String(sql));
  for (const { type, name } of objects) {
    if (type !== 'table') continue;
    for (const row of source.all(`SELECT * FROM ${name}`)) {
      const columns = Object.keys(row);
      copy.run(`INSERT INTO ${name}(${columns.join(', ')}) VALUES(${columns.map(() => '?').join(', ')})`, Object.values(row));
    }
  }
  return copy;
}

/** Columns of each table (name, type, NOT NULL, default, key; in order) and what each index is on. */
function shape(database: SqlDatabase): unknown {
  const tables = database.all(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
  );
  return tables.map(({ name }) => ({
    name,
    columns: database.all(`PRAGMA table_info(${name})`),
    keys: database.all(`PRAGMA foreign_key_list(${name})`),
    indexes: database
      .all(`PRAGMA index_list(${name})`)
      .map((index) => ({ name: index['name'], unique: index['unique'], columns: database.all(`PRAGMA index_xinfo(${index['name']})`) }))
      .toSorted((a, b) => String(a.name).localeCompare(String(b.name))),
  }));
}

/** Names of columns by table: what matters after a migration, which may add them in another order. */
function columnNames(database: SqlDatabase, tables: readonly string[]): unknown {
  return tables.map((table) => [
    table,
    database
      .all(`PRAGMA table_info(${table})`)
      .map((row) => String(row['name']))
      .toSorted(),
  ]);
}

describe('a fresh database', () => {
  it.skipIf(!hasGolden)('has exactly the tables and indexes of v1.14.0, apart from FTS5', async () => {
    expect(shape(await memoryDatabase())).toEqual(shape(goldenDatabase('v1.14.0')));
  });

  it('is ours, holds no trigger or virtual table, and can be made twice', async () => {
    const database = await memoryDatabase();
    createMemorySchema(database);
    migrateMemorySchema(database);
    expect(inspectMemoryDatabase(database)).toBe('ours');
    expect(database.all(`SELECT name FROM sqlite_master WHERE type = 'trigger' OR sql LIKE '%VIRTUAL%'`)).toEqual([]);
    expect(database.all('PRAGMA user_version')).toEqual([{ user_version: 0 }]);
  });
});

describe('whose database it is', () => {
  it.skipIf(!hasGolden).each(releases)('%s as the Go program left it is foreign', (release) => {
    expect(inspectMemoryDatabase(goldenDatabase(release))).toBe('foreign');
  });

  it.skipIf(!hasGolden).each(releases)('%s without FTS5 is ours', (release) => {
    expect(inspectMemoryDatabase(withoutFts(goldenDatabase(release)))).toBe('ours');
  });

  it('tells newer, foreign and empty apart', async () => {
    const database = await memoryDatabase();
    database.run('ALTER TABLE observations ADD COLUMN later TEXT');
    expect(inspectMemoryDatabase(database)).toBe('ours');
    database.run('PRAGMA user_version = 3');
    expect(inspectMemoryDatabase(database)).toBe('newer');
    const other = openSqlJs(sqlJs);
    expect(inspectMemoryDatabase(other)).toBe('ours');
    other.run('CREATE TABLE bookmarks(url TEXT)');
    expect(inspectMemoryDatabase(other)).toBe('foreign');
    const triggered = await memoryDatabase();
    triggered.run('CREATE TRIGGER obs_fts_insert AFTER INSERT ON observations BEGIN SELECT 1; END');
    expect(inspectMemoryDatabase(triggered)).toBe('foreign');
  });
});

describe('migration', () => {
  it.skipIf(!hasGolden).each(releases)('%s gets the columns of v1.14.0 and loses no row', async (release) => {
    const database = withoutFts(goldenDatabase(release));
    const tables = ['sessions', 'observations', 'user_prompts', 'sync_chunks'];
    const count = (table: string) => database.all(`SELECT count(*) AS n FROM ${table}`)[0]?.['n'];
    const before = tables.map(count);
    migrateMemorySchema(database);
    expect(tables.map(count)).toEqual(before);
    const fresh = await memoryDatabase();
    const ours = fresh
      .all(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
      .map((row) => String(row['name']));
    expect(columnNames(database, ours)).toEqual(columnNames(fresh, ours));
    const indexes = (db: SqlDatabase) =>
      db.all(`SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name`).map((row) => row['name']);
    expect(indexes(database)).toEqual(expect.arrayContaining(indexes(fresh)));
    expect(database.all(`SELECT 1 FROM observations WHERE ifnull(sync_id, '') = '' OR ifnull(updated_at, '') = ''`)).toEqual([]);
  });

  it.skipIf(!hasGolden).each(releases)('%s as the Go program left it can be read', (release) => {
    const database = goldenDatabase(release);
    const rows = database.all('SELECT count(*) AS n FROM observations')[0]?.['n'];
    migrateForReading(database);
    const store = new SqlMemoryStore(database);
    const records = [...store.observations()];
    expect(records).toHaveLength(Number(rows));
    expect(records.every((record) => record.syncId !== '' && record.updatedAt !== '')).toBe(true);
    expect(store.counts().sessions).toBeGreaterThan(0);
    const search = new SearchIndex(openSqlJs(sqlJs), database);
    expect(() => search.search('memory', {})).not.toThrow();
  });

  it('changes nothing the second time', async () => {
    const database = await memoryDatabase();
    database.run(`INSERT INTO observations(sync_id, session_id, type, title, content, scope) VALUES('', 's', 't', 'a', 'b', '')`);
    migrateMemorySchema(database);
    const before = database.all('SELECT total_changes() AS n');
    migrateMemorySchema(database);
    expect(database.all('SELECT total_changes() AS n')).toEqual(before);
  });

  it('gives rows without identity the derived one, the same on every machine', async () => {
    const database = await memoryDatabase();
    database.run(
      `INSERT INTO observations(session_id, type, title, content, created_at) VALUES('s', 't', 'a', 'b', '2026-01-01 00:00:00');
      INSERT INTO user_prompts(sync_id, session_id, content, created_at) VALUES('', 's', 'p', '2026-01-01 00:00:00')`,
    );
    migrateMemorySchema(database);
    const store = new SqlMemoryStore(database);
    for (const record of [...store.observations(), ...store.prompts()]) {
      expect(record.syncId).toMatch(/^(obs|prompt)-derived-[0-9a-f]{32}$/);
      expect(record.syncId).toBe(derivedSyncId(record));
    }
    expect(database.all('SELECT project FROM user_prompts')).toEqual([{ project: '' }]);
  });

  it('rebuilds observations whose id is no key: every row stays, unknown columns too', () => {
    const database = openSqlJs(sqlJs);
    database.run(`CREATE TABLE observations(id TEXT, session_id TEXT, type TEXT, title TEXT, content TEXT, tool_name TEXT, project TEXT,
        created_at TEXT, note TEXT, bare);
      INSERT INTO observations VALUES(NULL, 's', '', '', NULL, NULL, NULL, '2026-01-01 00:00:00', 'n0', 1);
      INSERT INTO observations VALUES('1', 's', 'bugfix', 'one', 'x', NULL, 'p', '2026-01-02 00:00:00', 'n1', 2);
      INSERT INTO observations VALUES('1', 's', 'bugfix', 'again', 'y', NULL, 'p', '', 'n2', 3);
      INSERT INTO observations VALUES('7', NULL, 'bugfix', 'seven', 'z', NULL, 'p', '2026-01-03 00:00:00', 'n3', 4)`);
    migrateMemorySchema(database);
    const rows = database.all('SELECT id, type, title, content, created_at, updated_at, note, bare FROM observations ORDER BY note');
    expect(rows.map((row) => [row['type'], row['title'], row['note'], row['bare']])).toEqual([
      ['manual', 'Untitled observation', 'n0', 1],
      ['bugfix', 'one', 'n1', 2],
      ['bugfix', 'again', 'n2', 3],
      ['bugfix', 'seven', 'n3', 4],
    ]);
    expect([rows[1]?.['id'], rows[3]?.['id']]).toEqual([1, 7]);
    expect(rows[0]?.['updated_at']).toBe('2026-01-01 00:00:00');
    expect(new Set(rows.map((row) => row['id'])).size).toBe(4);
    expect(database.all('PRAGMA table_info(observations)').find((row) => row['name'] === 'id')).toMatchObject({ pk: 1, type: 'INTEGER' });
  });

  it('keeps the record of imported chunks of a release that knew no targets', () => {
    const database = openSqlJs(sqlJs);
    database.run(`CREATE TABLE sync_chunks(chunk_id TEXT PRIMARY KEY, imported_at TEXT NOT NULL);
      INSERT INTO sync_chunks VALUES('aaaaaaaa', '2026-01-01 00:00:00')`);
    migrateMemorySchema(database);
    expect(database.all('SELECT * FROM sync_chunks')).toEqual([
      { target_key: 'local', chunk_id: 'aaaaaaaa', imported_at: '2026-01-01 00:00:00' },
    ]);
  });

  it('is not stopped by a payload that is no JSON, which stops the Go program', async () => {
    const database = await memoryDatabase();
    database.run(`INSERT INTO sessions(id, project, directory) VALUES('s', 'from-session', '/x');
      INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload) VALUES('cloud', 'observation', 'a', 'upsert', '{broken');
      INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload) VALUES('cloud', 'observation', 'b', 'upsert', '{"project":"p"}');
      INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload) VALUES('cloud', 'observation', 'c', 'upsert', '{"session_id":"s"}')`);
    migrateMemorySchema(database);
    expect(database.all('SELECT project FROM sync_mutations ORDER BY seq').map((row) => row['project'])).toEqual(['', 'p', 'from-session']);
  });
});
