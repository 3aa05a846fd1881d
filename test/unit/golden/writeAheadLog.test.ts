import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openSqlJs } from '../../../src/adapters/sqlJs.ts';
import { SqlJsFile } from '../../../src/adapters/sqlJsFile.ts';
import { withCommittedFrames } from '../../../src/engine/walFrames.ts';
import { goldenPath } from '../../golden.ts';
import { testSqlJs } from '../store/testDatabase.ts';

interface Expected {
  readonly why: string;
  readonly integrity: string;
  readonly observations: readonly { readonly id: number; readonly sync_id: string; readonly title: string; readonly content: string }[];
  readonly without_the_log: number;
}

const root = goldenPath('databases', 'wal');
const cases = existsSync(root) ? readdirSync(root) : [];
if (cases.length === 0) console.log(`${root} not found, skipped`);

/** Long texts are told by their length. */
const ROWS = `SELECT id, sync_id, title, CASE WHEN length(content) > 1000 THEN length(content) || ' characters' ELSE content END AS content
  FROM observations ORDER BY id`;

it.skipIf(cases.length === 0).each(cases)('the read-only view of %s has the rows that native SQLite reads', async (name) => {
  const path = goldenPath('databases', 'wal', name, 'engram.db');
  const expected = JSON.parse(readFileSync(goldenPath('databases', 'wal', name, 'expected.json'), 'utf8')) as Expected;
  const sqlJs = await testSqlJs();
  const file = new SqlJsFile(sqlJs, path);
  const { database, withLog } = await file.open();
  expect(withLog).toBe(true);
  expect(database.all('PRAGMA integrity_check(1)')).toEqual([{ integrity_check: expected.integrity }]);
  expect(database.all(ROWS)).toEqual(expected.observations);
  expect((await file.open()).fresh).toBe(false);
  file.close();
  const alone = openSqlJs(sqlJs, withCommittedFrames(readFileSync(path), new Uint8Array()));
  expect(alone.all('SELECT count(*) AS n FROM observations')).toEqual([{ n: expected.without_the_log }]);
  alone.close();
});

it.skipIf(cases.length === 0)('all cases were looked at', () => {
  expect(cases.length).toBeGreaterThanOrEqual(8);
});
