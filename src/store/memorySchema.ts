import type { SqlDatabase } from '../engine/ports.ts';

interface Column {
  readonly name: string;
  readonly definition: string;
}

/** A table of the memory database, columns in the order that a fresh database of the Go program has. */
export interface MemoryTable {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Table constraints, `''` for none. */
  readonly constraint: string;
}

const NOW = "TEXT NOT NULL DEFAULT (datetime('now'))";

/** All tables of Engram v1.14.0 except its FTS5 tables, which sql.js cannot write. Source: `internal/store/store.go`, `migrate`. */
export const MEMORY_TABLES: readonly MemoryTable[] = [
  table('sessions', `id TEXT PRIMARY KEY; project TEXT NOT NULL; directory TEXT NOT NULL; started_at ${NOW}; ended_at TEXT; summary TEXT`),
  table(
    'observations',
    `id INTEGER PRIMARY KEY AUTOINCREMENT; sync_id TEXT; session_id TEXT NOT NULL; type TEXT NOT NULL; title TEXT NOT NULL;
    content TEXT NOT NULL; tool_name TEXT; project TEXT; scope TEXT NOT NULL DEFAULT 'project'; topic_key TEXT; normalized_hash TEXT;
    revision_count INTEGER NOT NULL DEFAULT 1; duplicate_count INTEGER NOT NULL DEFAULT 1; last_seen_at TEXT; created_at ${NOW};
    updated_at ${NOW}; deleted_at TEXT; review_after TEXT; expires_at TEXT; embedding BLOB; embedding_model TEXT; embedding_created_at TEXT`,
    'FOREIGN KEY (session_id) REFERENCES sessions(id)',
  ),
  table(
    'user_prompts',
    `id INTEGER PRIMARY KEY AUTOINCREMENT; sync_id TEXT; session_id TEXT NOT NULL; content TEXT NOT NULL; project TEXT; created_at ${NOW}`,
    'FOREIGN KEY (session_id) REFERENCES sessions(id)',
  ),
  table('prompt_tombstones', `sync_id TEXT PRIMARY KEY; session_id TEXT; project TEXT; deleted_at ${NOW}`),
  table(
    'sync_chunks',
    `target_key TEXT NOT NULL DEFAULT 'local'; chunk_id TEXT NOT NULL; imported_at ${NOW}`,
    'PRIMARY KEY (target_key, chunk_id)',
  ),
  table(
    'sync_state',
    `target_key TEXT PRIMARY KEY; lifecycle TEXT NOT NULL DEFAULT 'idle'; last_enqueued_seq INTEGER NOT NULL DEFAULT 0;
    last_acked_seq INTEGER NOT NULL DEFAULT 0; last_pulled_seq INTEGER NOT NULL DEFAULT 0; consecutive_failures INTEGER NOT NULL DEFAULT 0;
    backoff_until TEXT; lease_owner TEXT; lease_until TEXT; last_error TEXT; updated_at ${NOW}; reason_code TEXT; reason_message TEXT`,
  ),
  table(
    'sync_mutations',
    `seq INTEGER PRIMARY KEY AUTOINCREMENT; target_key TEXT NOT NULL; entity TEXT NOT NULL; entity_key TEXT NOT NULL; op TEXT NOT NULL;
    payload TEXT NOT NULL; source TEXT NOT NULL DEFAULT 'local'; occurred_at ${NOW}; acked_at TEXT; project TEXT NOT NULL DEFAULT ''`,
    'FOREIGN KEY (target_key) REFERENCES sync_state(target_key)',
  ),
  table(
    'cloud_upgrade_state',
    `project TEXT PRIMARY KEY; stage TEXT NOT NULL DEFAULT 'planned'; repair_class TEXT NOT NULL DEFAULT 'none';
    snapshot_json TEXT NOT NULL DEFAULT '{}'; last_error_code TEXT; last_error_message TEXT; findings_json TEXT; applied_actions TEXT;
    updated_at ${NOW}`,
  ),
  table(
    'memory_relations',
    `id INTEGER PRIMARY KEY AUTOINCREMENT; sync_id TEXT NOT NULL UNIQUE; source_id TEXT; target_id TEXT;
    relation TEXT NOT NULL DEFAULT 'pending'; reason TEXT; evidence TEXT; confidence REAL; judgment_status TEXT NOT NULL DEFAULT 'pending';
    marked_by_actor TEXT; marked_by_kind TEXT; marked_by_model TEXT; session_id TEXT; superseded_at TEXT;
    superseded_by_relation_id INTEGER REFERENCES memory_relations(id) ON DELETE SET NULL; created_at ${NOW}; updated_at ${NOW}`,
  ),
  table('sync_enrolled_projects', `project TEXT PRIMARY KEY; enrolled_at ${NOW}`),
];

/** All indexes of Engram v1.14.0: name, and what it is on. None is unique. */
const MEMORY_INDEXES: readonly (readonly [string, string])[] = [
  ['idx_obs_session', 'observations(session_id)'],
  ['idx_obs_type', 'observations(type)'],
  ['idx_obs_project', 'observations(project)'],
  ['idx_obs_created', 'observations(created_at DESC)'],
  ['idx_obs_scope', 'observations(scope)'],
  ['idx_obs_sync_id', 'observations(sync_id)'],
  ['idx_obs_topic', 'observations(topic_key, project, scope, updated_at DESC)'],
  ['idx_obs_deleted', 'observations(deleted_at)'],
  ['idx_obs_dedupe', 'observations(normalized_hash, project, scope, type, title, created_at DESC)'],
  ['idx_prompts_session', 'user_prompts(session_id)'],
  ['idx_prompts_project', 'user_prompts(project)'],
  ['idx_prompts_created', 'user_prompts(created_at DESC)'],
  ['idx_prompts_sync_id', 'user_prompts(sync_id)'],
  ['idx_prompt_tombstones_project', 'prompt_tombstones(project, deleted_at DESC)'],
  ['idx_sync_mutations_target_seq', 'sync_mutations(target_key, seq)'],
  ['idx_sync_mutations_pending', 'sync_mutations(target_key, acked_at, seq)'],
  ['idx_sync_mutations_project', 'sync_mutations(project)'],
  ['idx_sync_mutations_lookup', 'sync_mutations(target_key, entity, entity_key, source)'],
  ['idx_cloud_upgrade_state_stage', 'cloud_upgrade_state(stage)'],
  ['idx_memrel_source', 'memory_relations(source_id, judgment_status)'],
  ['idx_memrel_target', 'memory_relations(target_id, judgment_status)'],
  ['idx_memrel_supersede', 'memory_relations(superseded_by_relation_id)'],
];

/**
 * Makes the tables and indexes of Engram v1.14.0 where they are absent. Its FTS5 tables and triggers are left out: the Go program adds
 * them itself when it opens the file.
 *
 * @throws {EngramError} store-corrupt
 */
export function createMemorySchema(database: SqlDatabase): void {
  createMemoryTables(database);
  standInForSearchTable(database);
  createMemoryIndexes(database);
}

/** The first half of {@link createMemorySchema}: an older table first needs the columns that an index is on. */
export function createMemoryTables(database: SqlDatabase): void {
  for (const each of MEMORY_TABLES) database.run(createTable(each, each.name));
}

/**
 * Stands where the Go program has its FTS5 table, in a shape that its migration replaces and fills from the rows (v1.14.0 and v1.16.1
 * `migrateFTSTopicKey`). Without it that program opens the file with an empty search table: it finds none of our memories, and its first
 * edit of one fails with "database disk image is malformed".
 */
export function standInForSearchTable(database: SqlDatabase): void {
  database.run('CREATE TABLE IF NOT EXISTS observations_fts (title TEXT)');
}

export function createMemoryIndexes(database: SqlDatabase): void {
  for (const [name, on] of MEMORY_INDEXES) database.run(`CREATE INDEX IF NOT EXISTS ${name} ON ${on}`);
}

/** The statement that makes a table, under another name where a table is rebuilt. */
export function createTable(source: MemoryTable, name: string): string {
  const lines = source.columns.map((column) => `${column.name} ${column.definition}`);
  if (source.constraint !== '') lines.push(source.constraint);
  return `CREATE TABLE IF NOT EXISTS ${name} (${lines.join(', ')})`;
}

/** Columns are written as `name definition`, parted by semicolons. */
function table(name: string, columns: string, constraint = ''): MemoryTable {
  const parsed = columns.split(';').map((column): Column => {
    const [first = '', ...rest] = column.trim().split(/\s+/);
    return { name: first, definition: rest.join(' ') };
  });
  return { name, columns: parsed, constraint };
}
