import { DatabaseSync } from 'node:sqlite';
import type { SqlDatabase } from '../../src/engine/ports.ts';
import { createMemoryIndexes, createMemoryTables } from '../../src/store/memorySchema.ts';

/** The search tables and triggers of the Go program's database (v1.14.0, as `golden/databases/v1.14.0.db` has them). */
const SEARCH = `
CREATE VIRTUAL TABLE observations_fts USING fts5(title, content, tool_name, type, project, topic_key, content='observations', content_rowid='id');
CREATE TRIGGER obs_fts_insert AFTER INSERT ON observations BEGIN
  INSERT INTO observations_fts(rowid, title, content, tool_name, type, project, topic_key)
  VALUES (new.id, new.title, new.content, new.tool_name, new.type, new.project, new.topic_key);
END;
CREATE TRIGGER obs_fts_delete AFTER DELETE ON observations BEGIN
  INSERT INTO observations_fts(observations_fts, rowid, title, content, tool_name, type, project, topic_key)
  VALUES ('delete', old.id, old.title, old.content, old.tool_name, old.type, old.project, old.topic_key);
END;
CREATE TRIGGER obs_fts_update AFTER UPDATE ON observations BEGIN
  INSERT INTO observations_fts(observations_fts, rowid, title, content, tool_name, type, project, topic_key)
  VALUES ('delete', old.id, old.title, old.content, old.tool_name, old.type, old.project, old.topic_key);
  INSERT INTO observations_fts(rowid, title, content, tool_name, type, project, topic_key)
  VALUES (new.id, new.title, new.content, new.tool_name, new.type, new.project, new.topic_key);
END;
CREATE VIRTUAL TABLE prompts_fts USING fts5(content, project, content='user_prompts', content_rowid='id');
CREATE TRIGGER prompt_fts_insert AFTER INSERT ON user_prompts BEGIN
  INSERT INTO prompts_fts(rowid, content, project) VALUES (new.id, new.content, new.project);
END;
CREATE TRIGGER prompt_fts_delete AFTER DELETE ON user_prompts BEGIN
  INSERT INTO prompts_fts(prompts_fts, rowid, content, project) VALUES ('delete', old.id, old.content, old.project);
END;
CREATE TRIGGER prompt_fts_update AFTER UPDATE ON user_prompts BEGIN
  INSERT INTO prompts_fts(prompts_fts, rowid, content, project) VALUES ('delete', old.id, old.content, old.project);
  INSERT INTO prompts_fts(rowid, content, project) VALUES (new.id, new.content, new.project);
END;
INSERT INTO sync_state(target_key, lifecycle) VALUES ('cloud', 'idle');`;

/** Makes a database as the Engram program leaves it: a write-ahead log, search tables and triggers. */
export function makeLiveDatabase(path: string): void {
  withLive(path, (database) => {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
    const port: Pick<SqlDatabase, 'run'> = {
      run: (sql) => {
        database.exec(sql);
        return 0;
      },
    };
    createMemoryTables(port as SqlDatabase);
    createMemoryIndexes(port as SqlDatabase);
    database.exec(SEARCH);
  });
}

/** Works on it as another program does, foreign keys on. */
export function withLive<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    return work(database);
  } finally {
    database.close();
  }
}

/** Saves a memory as an agent does: its session, the row, and the line in the journal. */
export function agentSaves(database: DatabaseSync, syncId: string, more: Readonly<Record<string, string | null>> = {}): void {
  const row = { project: 'demo', type: 'manual', title: `Title of ${syncId}`, content: `Content of ${syncId}`, scope: 'project', ...more };
  const session = more['session_id'] ?? `manual-save-${row.project}`;
  const at = more['created_at'] ?? '2026-01-01 10:00:00';
  database
    .prepare('INSERT OR IGNORE INTO sessions(id, project, directory, started_at) VALUES(?, ?, ?, ?)')
    .run(session, row.project, '/home/ann/demo', '2026-01-01 09:00:00');
  database
    .prepare(
      'INSERT INTO observations(sync_id, session_id, type, title, content, project, scope, created_at, updated_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(syncId, session, row.type, row.title, row.content, row.project, row.scope, at, more['updated_at'] ?? at);
  journal(database, 'upsert', syncId, { sync_id: syncId, session_id: session, ...row });
}

/** Deletes a row as `engram delete --hard` does. */
export function agentDeletes(database: DatabaseSync, syncId: string, at: string, project = 'demo'): void {
  database.prepare('DELETE FROM observations WHERE sync_id = ?').run(syncId);
  const payload = { sync_id: syncId, session_id: `manual-save-${project}`, project, deleted: true, deleted_at: at, hard_delete: true };
  journal(database, 'delete', syncId, payload);
}

function journal(database: DatabaseSync, op: string, key: string, payload: object): void {
  database
    .prepare(
      `INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload, project) VALUES('cloud', 'observation', ?, ?, ?, 'demo')`,
    )
    .run(key, op, JSON.stringify(payload));
}

/** What the Go program's search finds: titles, in no order. */
export function searchAsProgram(path: string, word: string): readonly unknown[] {
  const sql = `SELECT o.title FROM observations_fts f JOIN observations o ON o.id = f.rowid WHERE observations_fts MATCH ? AND o.deleted_at IS NULL`;
  return withLive(path, (database) =>
    database
      .prepare(sql)
      .all(`"${word}"`)
      .map((row) => row['title']),
  );
}

/** Whether SQLite finds nothing wrong, the search tables included. */
export function integrityOf(path: string): readonly unknown[] {
  return withLive(path, (database) => {
    for (const table of ['observations_fts', 'prompts_fts'])
      database.exec(`INSERT INTO ${table}(${table}, rank) VALUES('integrity-check', 1)`);
    return database
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => row['integrity_check']);
  });
}

export function journalModeOf(path: string): unknown {
  return withLive(path, (database) => database.prepare('PRAGMA journal_mode').get()?.['journal_mode']);
}
