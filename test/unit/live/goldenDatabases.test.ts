import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { goldenPath } from '../../golden.ts';
import { engramFolder, openIn, temporaryFolder } from '../../support/folder.ts';
import { agentSaves, journalModeOf, withLive } from '../../support/liveDatabase.ts';

type Row = Readonly<Record<string, unknown>>;

interface Content {
  readonly columns: Readonly<Record<string, readonly Row[]>>;
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

/** Tables that did not change are left out of it. */
interface Change extends Content {
  readonly indexesAndTriggersAdded: readonly string[];
}

type Release = Readonly<Record<'as made', Content> & Record<'after v1.14.0 opened it' | 'after v1.16.1 opened it', Change>>;

const folder = goldenPath('databases');
const isThere = existsSync(folder);
if (!isThere) process.stdout.write(`golden: ${folder} is absent, its databases are skipped.\n`);
const releases: Readonly<Record<string, Release>> = isThere ? JSON.parse(readFileSync(join(folder, 'migrated.json'), 'utf8')) : {};

const SEARCH = /_fts/;

function contentOf(database: DatabaseSync): Content & { readonly names: readonly string[] } {
  const objects = database.prepare('SELECT type, name, sql FROM sqlite_master').all();
  const tables = objects.filter(({ type, name }) => type === 'table' && !/^sqlite_/.test(String(name)) && !SEARCH.test(String(name)));
  const columns: Record<string, Row[]> = {};
  const rows: Record<string, Row[]> = {};
  for (const { name } of tables) {
    const sql = `SELECT name, type, "notnull", dflt_value AS "default", pk FROM pragma_table_info('${name}')`;
    columns[String(name)] = database.prepare(sql).all();
    rows[String(name)] = database.prepare(`SELECT * FROM ${name}`).all();
  }
  return { columns, rows, names: objects.map(({ name }) => String(name)).sort() };
}

/** The program gives a row without an id a random one, ours a derived one. */
function plain(row: Row | undefined): Row {
  return typeof row?.['sync_id'] === 'string' ? { ...row, sync_id: '(an id)' } : { ...row };
}

describe.runIf(isThere && findNodeSqlite()).each(Object.entries(releases))('%s', (name, release) => {
  it('opens, and changes at most as its own next release changes it', async () => {
    const livePath = join(temporaryFolder(), 'engram.db');
    copyFileSync(join(folder, name), livePath);
    const before = withLive(livePath, contentOf);
    const live = openIn(engramFolder(), { database: 'live', livePath, project: 'demo' });
    expect(await live.state()).toMatchObject({ database: 'ok', problems: [] });
    await live.close();
    const after = withLive(livePath, contentOf);
    const theirs = release['after v1.14.0 opened it'];

    for (const [table, rows] of Object.entries(after.rows)) {
      const allowed = theirs.columns[table] ?? before.columns[table];
      expect(allowed, `${table} is a table of theirs`).toBeDefined();
      expect(allowed).toEqual(expect.arrayContaining([...(after.columns[table] ?? [])]));
      const old = before.rows[table] ?? [];
      expect(rows.length).toBe(old.length);
      for (const [index, row] of rows.entries()) {
        const changed = theirs.rows[table]?.[index];
        for (const [column, value] of Object.entries(plain(row))) {
          if (column in (old[index] ?? {}) && plain(old[index])[column] === value) continue;
          expect(value, `${table}.${column}`).toBe(plain(changed)[column]);
        }
      }
    }
    const names = [...theirs.indexesAndTriggersAdded, ...Object.keys(theirs.columns)];
    const added = after.names.filter((each) => !before.names.includes(each) && !/^sqlite_autoindex/.test(each));
    expect(names).toEqual(expect.arrayContaining(added));
    expect(before.names.filter((each) => !after.names.includes(each) && !/^sqlite_autoindex/.test(each))).toEqual([]);
    expect(journalModeOf(livePath)).toBe('wal');
  });

  it('keeps tables and columns that nobody knows, and takes memories', async () => {
    const livePath = join(temporaryFolder(), 'engram.db');
    copyFileSync(join(folder, name), livePath);
    withLive(livePath, (database) =>
      database.exec(`CREATE TABLE x_notes(text TEXT); INSERT INTO x_notes VALUES('kept');
        ALTER TABLE observations ADD COLUMN x_mood TEXT; UPDATE observations SET x_mood = 'fine';
        ALTER TABLE sync_chunks ADD COLUMN x_why TEXT; UPDATE sync_chunks SET x_why = 'asked'`),
    );
    const live = openIn(engramFolder(), { database: 'live', livePath, project: 'demo' });
    expect((await live.exportNew({})).memories).toBeGreaterThan(0);
    await live.save({ title: 'Ours', content: 'A capybara', project: 'demo' });
    await live.close();
    withLive(livePath, (database) => {
      expect(database.prepare('SELECT * FROM x_notes').all()).toEqual([{ text: 'kept' }]);
      const moods = database.prepare(`SELECT DISTINCT x_mood FROM observations WHERE title <> 'Ours'`).all();
      expect(moods).toEqual([{ x_mood: 'fine' }]);
      expect(database.prepare(`SELECT DISTINCT x_why FROM sync_chunks WHERE x_why IS NOT NULL`).all()).toEqual([{ x_why: 'asked' }]);
      const found = database.prepare(`SELECT rowid FROM observations_fts WHERE observations_fts MATCH 'capybara'`).all();
      expect(found).toHaveLength(1);
      expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    });
  });
});

describe.runIf(isThere && findNodeSqlite())('a database as old as v1.0.0', () => {
  it('gets ids for rows that its program adds later', async () => {
    const livePath = join(temporaryFolder(), 'engram.db');
    copyFileSync(join(folder, 'v1.14.0.db'), livePath);
    const live = openIn(engramFolder(), { database: 'live', livePath, project: 'demo' });
    await live.exportNew({});
    withLive(livePath, (database) => {
      agentSaves(database, 'obs-x');
      database.exec(`UPDATE observations SET sync_id = NULL WHERE sync_id = 'obs-x'`);
    });
    expect(await live.exportNew({})).toMatchObject({ memories: 1 });
    expect(await live.exportNew({})).toMatchObject({ chunkIds: [] });
  });
});
