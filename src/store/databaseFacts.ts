import type { DatabaseFacts, FactRow } from '../engine/doctorDatabase.ts';
import type { SqlDatabase, SqlRow } from '../engine/ports.ts';
import { PLACEHOLDER_DIRECTORY } from '../engine/versions.ts';
import { numberOf, textOf } from './columns.ts';

const INTEGRITY = 'PRAGMA integrity_check(5)';
const ROWS = `SELECT 'memory' AS kind, ifnull(sync_id, '') AS key, title AS text, session_id, ifnull(project, '') AS project, deleted_at IS NOT NULL AS hidden
  FROM observations UNION ALL
  SELECT 'prompt', ifnull(sync_id, ''), substr(content, 1, 80), session_id, ifnull(project, ''), 0 FROM user_prompts`;
const WITHOUT_SESSION = `SELECT * FROM (${ROWS}) r WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = r.session_id)`;
const IN_PLACEHOLDER = `SELECT * FROM (${ROWS}) r WHERE hidden = 0 AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = r.session_id AND s.directory = ?)`;
const TWICE = `SELECT *, count(*) AS copies FROM (${ROWS}) WHERE key <> '' GROUP BY kind, key HAVING count(*) > 1`;
const SAME_CONTENT = `SELECT min(sync_id) AS key, title AS text, count(DISTINCT sync_id) AS copies FROM observations WHERE deleted_at IS NULL
  GROUP BY normalized_hash, content, title, type, ifnull(project, ''), scope HAVING count(DISTINCT sync_id) > 1`;
/** Tables whose rows refer to each other in other ways than to their session. */
const OTHER_REFERENCES = ['memory_relations', 'sync_mutations'];

/**
 * What is wrong inside a memory database. Reads only.
 *
 * @throws {EngramError} store-corrupt
 */
export function databaseFacts(database: SqlDatabase): DatabaseFacts {
  const integrity = database.all(INTEGRITY).map((row) => textOf(row, 'integrity_check'));
  const broken = OTHER_REFERENCES.flatMap((table) => database.all(`PRAGMA foreign_key_check(${table})`));
  return {
    damage: integrity.filter((line) => line !== 'ok'),
    withoutSession: database.all(WITHOUT_SESSION).map(factOf),
    inPlaceholder: database.all(IN_PLACEHOLDER, [PLACEHOLDER_DIRECTORY]).map(factOf),
    twice: database.all(TWICE).map(factOf),
    sameContent: database.all(SAME_CONTENT).map((row) => ({ ...factOf({ ...row, kind: 'memory' }), copies: numberOf(row, 'copies') })),
    brokenReferences: broken.length,
  };
}

function factOf(row: SqlRow): FactRow {
  return {
    kind: row['kind'] === 'prompt' ? 'prompt' : 'memory',
    id: textOf(row, 'key'),
    text: textOf(row, 'text'),
    sessionId: textOf(row, 'session_id'),
    project: textOf(row, 'project'),
    copies: numberOf(row, 'copies'),
  };
}
