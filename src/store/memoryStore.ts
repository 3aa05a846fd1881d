import { derivedSyncId } from '../engine/identity.ts';
import type { Journal } from '../engine/journal.ts';
import type { Counters, MemoryCounts, MemoryStore, SqlDatabase, SqlRow, SqlValue, Turn } from '../engine/ports.ts';
import type { ObservationRecord, PromptRecord, PromptTombstone, RelationRecord, SessionRecord } from '../engine/records.ts';
import { mapRows, nullable, numberOf, textOf } from './columns.ts';
import { SqlJournal } from './journal.ts';
import {
  OBSERVATION_COLUMNS,
  observationOf,
  observationValues,
  PROMPT_COLUMNS,
  promptOf,
  promptValues,
  RELATION_COLUMNS,
  relationOf,
  relationValues,
  SESSION_COLUMNS,
  sessionOf,
  sessionValues,
  TOMBSTONE_COLUMNS,
  tombstoneOf,
} from './recordRows.ts';
import { inPieces, inTransaction, type PieceLengths } from './transaction.ts';
import { hasTwinRows, removeTwinRows } from './twinRows.ts';

const ONE_SESSION = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id = ?`;
const ALL_SESSIONS = `SELECT ${SESSION_COLUMNS} FROM sessions ORDER BY started_at, rowid`;
const ONE_OBSERVATION = `SELECT id, ${OBSERVATION_COLUMNS} FROM observations WHERE sync_id = ? ORDER BY id DESC LIMIT 1`;
const ALL_OBSERVATIONS = `SELECT id, ${OBSERVATION_COLUMNS} FROM observations ORDER BY id`;
const ONE_PROMPT = `SELECT id, ${PROMPT_COLUMNS} FROM user_prompts WHERE sync_id = ? ORDER BY id DESC LIMIT 1`;
const ALL_PROMPTS = `SELECT id, ${PROMPT_COLUMNS} FROM user_prompts ORDER BY id`;
/** The function keeps SQLite from taking an index, whose rows it would have to sort before the first one is given. */
const OF_PROJECT = `WHERE ifnull(project, '') IN ('', ?) ORDER BY id`;
const PROJECT_OBSERVATIONS = `SELECT id, ${OBSERVATION_COLUMNS} FROM observations ${OF_PROJECT}`;
const PROJECT_PROMPTS = `SELECT id, ${PROMPT_COLUMNS} FROM user_prompts ${OF_PROJECT}`;
const OBSERVATIONS_OF_SESSION = `SELECT id, ${OBSERVATION_COLUMNS} FROM observations WHERE session_id = ? ORDER BY id`;
const PROMPTS_OF_SESSION = `SELECT id, ${PROMPT_COLUMNS} FROM user_prompts WHERE session_id = ? ORDER BY id`;
const ONE_TOMBSTONE = `SELECT ${TOMBSTONE_COLUMNS} FROM prompt_tombstones WHERE sync_id = ?`;
const ALL_TOMBSTONES = `SELECT ${TOMBSTONE_COLUMNS} FROM prompt_tombstones ORDER BY rowid`;
const ONE_RELATION = `SELECT ${RELATION_COLUMNS} FROM memory_relations WHERE sync_id = ?`;
const ALL_RELATIONS = `SELECT ${RELATION_COLUMNS} FROM memory_relations ORDER BY id`;

const SAVE_SESSION = upsert('sessions', SESSION_COLUMNS, 'id');
const SAVE_TOMBSTONE = upsert('prompt_tombstones', TOMBSTONE_COLUMNS, 'sync_id');
const SAVE_RELATION = upsert('memory_relations', RELATION_COLUMNS, 'sync_id');
const HASHED_COLUMNS = `${OBSERVATION_COLUMNS}, normalized_hash`;
const INSERT_OBSERVATION = `INSERT INTO observations(${HASHED_COLUMNS}) VALUES(${marks(HASHED_COLUMNS)})`;
const UPDATE_OBSERVATION = `UPDATE observations SET (${HASHED_COLUMNS}) = (${marks(HASHED_COLUMNS)}) WHERE id = ?`;
/** What was deleted is not found by its other row, unless that was changed later. */
const HIDE_TWINS = `UPDATE observations SET deleted_at = ? WHERE sync_id = ? AND id <> ? AND deleted_at IS NULL AND datetime(updated_at) <= datetime(?)`;
const INSERT_PROMPT = `INSERT INTO user_prompts(${PROMPT_COLUMNS}) VALUES(${marks(PROMPT_COLUMNS)})`;
const UPDATE_PROMPT = `UPDATE user_prompts SET (${PROMPT_COLUMNS}) = (${marks(PROMPT_COLUMNS)}) WHERE id = ?`;

const LAST_OBSERVATION_ID = 'SELECT id FROM observations WHERE sync_id = ? ORDER BY id DESC LIMIT 1';
const LAST_PROMPT_ID = 'SELECT id FROM user_prompts WHERE sync_id = ? ORDER BY id DESC LIMIT 1';

/** A `target_key` that no Go program asks for: theirs are `local`, `cloud` and `cloud:<project>`. */
const UNDONE = 'engram-team-memory:undone';
/** Likewise: some of its rows are here, and it is not recorded as imported yet. */
const BEGUN = 'engram-team-memory:begun';
/** Likewise, before the name of a project: a folder of it brought the chunk. */
const OF_FOLDER = 'engram-team-memory:of:';

/** What SQLite itself counts for tables whose row ids are never given twice: nothing that a program does makes it smaller. */
const COUNTERS = `SELECT name, seq FROM sqlite_sequence WHERE name IN ('observations', 'user_prompts', 'memory_relations', 'sync_mutations') ORDER BY name`;

const LEFT_BY_CLOUD = `SELECT 1 FROM sync_mutations WHERE target_key = 'cloud' AND entity = ? AND entity_key = ? AND acked_at IS NOT NULL LIMIT 1`;

const HAS_ROWS =
  'SELECT EXISTS(SELECT 1 FROM observations WHERE session_id = ?) OR EXISTS(SELECT 1 FROM user_prompts WHERE session_id = ?) AS has';

const COUNTS = `SELECT (SELECT count(*) FROM sessions) AS sessions,
  (SELECT count(*) FROM observations WHERE deleted_at IS NULL) AS observations,
  (SELECT count(*) FROM user_prompts) AS prompts,
  (SELECT count(*) FROM memory_relations) AS relations`;

export interface MemoryStoreOptions {
  /** Asked while another program's transaction is waited for; throws when the request was cancelled. */
  readonly turn?: Turn;
  /** Other programs write the database as well: long work leaves them their turn. */
  readonly pieces?: PieceLengths | undefined;
}

/**
 * The memories over one SQLite database, with exactly the Go program's tables. Where the driver enforces foreign keys (a database that other
 * programs have open) a session has to be written before its rows.
 */
export class SqlMemoryStore implements MemoryStore {
  readonly journal: Journal;
  readonly #db: SqlDatabase;
  readonly #options: MemoryStoreOptions;

  constructor(database: SqlDatabase, options: MemoryStoreOptions = {}) {
    this.#db = database;
    this.#options = options;
    this.journal = new SqlJournal(database);
  }

  transaction<T>(work: () => Promise<T>): Promise<T> {
    return inTransaction(this.#db, work, this.#options.turn);
  }

  inPieces<T>(work: (turn: Turn) => Promise<T>, turn: Turn, beforeGap: () => void = () => undefined): Promise<T> {
    const { pieces } = this.#options;
    return pieces ? inPieces(this.#db, work, beforeGap, turn, pieces) : inTransaction(this.#db, () => work(turn), turn);
  }

  /** SQLite begins a transaction on a file that may only be read, and complains at the first statement that would write. */
  async mustBeWritable(): Promise<void> {
    await this.transaction(async () => this.#db.run('DELETE FROM sync_chunks WHERE FALSE', []));
  }

  importedChunks(): ReadonlySet<string> {
    return this.#chunksUnder('local');
  }

  recordChunk(id: string, at: string): void {
    this.#noteChunk('local', id, at);
  }

  projectOfChunk(id: string): string | undefined {
    const sql = 'SELECT target_key FROM sync_chunks WHERE chunk_id = ? AND substr(target_key, 1, ?) = ?';
    const row = this.#db.all(sql, [id, OF_FOLDER.length, OF_FOLDER])[0];
    return row && textOf(row, 'target_key').slice(OF_FOLDER.length);
  }

  recordChunkOf(project: string, id: string, at: string): void {
    this.#noteChunk(`${OF_FOLDER}${project}`, id, at);
  }

  undoneChunks(): ReadonlySet<string> {
    return this.#chunksUnder(UNDONE);
  }

  recordUndone(id: string, at: string): void {
    this.#noteChunk(UNDONE, id, at);
  }

  forgetUndone(id: string): void {
    this.#forgetChunk(UNDONE, id);
  }

  async removeTwins(): Promise<number> {
    if (!this.#options.pieces || !hasTwinRows(this.#db)) return 0;
    return this.transaction(async () => removeTwinRows(this.#db));
  }

  counters(): Counters {
    return new Map(this.#db.all(COUNTERS).map((row) => [textOf(row, 'name'), numberOf(row, 'seq')]));
  }

  begunChunks(): ReadonlySet<string> {
    return this.#chunksUnder(BEGUN);
  }

  recordBegun(id: string, at: string): void {
    this.#noteChunk(BEGUN, id, at);
  }

  forgetBegun(id: string): void {
    this.#forgetChunk(BEGUN, id);
  }

  #chunksUnder(target: string): ReadonlySet<string> {
    const rows = this.#db.all('SELECT chunk_id FROM sync_chunks WHERE target_key = ?', [target]);
    return new Set(rows.map((row) => textOf(row, 'chunk_id')));
  }

  #noteChunk(target: string, id: string, at: string): void {
    this.#db.run('INSERT OR IGNORE INTO sync_chunks(target_key, chunk_id, imported_at) VALUES(?, ?, ?)', [target, id, at]);
  }

  #forgetChunk(target: string, id: string): void {
    this.#db.run('DELETE FROM sync_chunks WHERE target_key = ? AND chunk_id = ?', [target, id]);
  }

  session(id: string): SessionRecord | undefined {
    return this.#one(ONE_SESSION, id, sessionOf);
  }

  observation(syncId: string): ObservationRecord | undefined {
    return this.#one(ONE_OBSERVATION, syncId, observationOf);
  }

  prompt(syncId: string): PromptRecord | undefined {
    return this.#one(ONE_PROMPT, syncId, promptOf);
  }

  promptTombstone(syncId: string): PromptTombstone | undefined {
    return this.#one(ONE_TOMBSTONE, syncId, tombstoneOf);
  }

  relation(syncId: string): RelationRecord | undefined {
    return this.#one(ONE_RELATION, syncId, relationOf);
  }

  twinOfDerived(entity: 'observation' | 'prompt', key: string, sessionId: string): string | undefined {
    const sql = entity === 'observation' ? OBSERVATIONS_OF_SESSION : PROMPTS_OF_SESSION;
    const read = entity === 'observation' ? observationOf : promptOf;
    for (const row of this.#db.all(sql, [sessionId])) {
      const record = read(row);
      if (derivedSyncId(record) !== key) continue;
      return this.#db.all(LEFT_BY_CLOUD, [entity, record.syncId]).length > 0 ? undefined : record.syncId;
    }
    return undefined;
  }

  renameRow(entity: 'observation' | 'prompt', from: string, to: string): void {
    if (entity === 'prompt') {
      this.#db.run('UPDATE user_prompts SET sync_id = ? WHERE sync_id = ?', [to, from]);
      return;
    }
    this.#db.run('UPDATE observations SET sync_id = ? WHERE sync_id = ?', [to, from]);
    this.#db.run('UPDATE memory_relations SET source_id = ? WHERE source_id = ?', [to, from]);
    this.#db.run('UPDATE memory_relations SET target_id = ? WHERE target_id = ?', [to, from]);
  }

  sessions(): Iterable<SessionRecord> {
    return mapRows(this.#db.iterate(ALL_SESSIONS), sessionOf);
  }

  observations(project = ''): Iterable<ObservationRecord> {
    const rows = project === '' ? this.#db.iterate(ALL_OBSERVATIONS) : this.#db.iterate(PROJECT_OBSERVATIONS, [project]);
    return mapRows(rows, observationOf);
  }

  prompts(project = ''): Iterable<PromptRecord> {
    const rows = project === '' ? this.#db.iterate(ALL_PROMPTS) : this.#db.iterate(PROJECT_PROMPTS, [project]);
    return mapRows(rows, promptOf);
  }

  promptTombstones(): Iterable<PromptTombstone> {
    return mapRows(this.#db.iterate(ALL_TOMBSTONES), tombstoneOf);
  }

  relations(): Iterable<RelationRecord> {
    return mapRows(this.#db.iterate(ALL_RELATIONS), relationOf);
  }

  /** Hidden rows count: they, too, refer to their session by a foreign key. */
  sessionHasRows(id: string): boolean {
    return numberOf(this.#db.all(HAS_ROWS, [id, id])[0], 'has') === 1;
  }

  counts(): MemoryCounts {
    const row = this.#db.all(COUNTS)[0];
    return {
      sessions: numberOf(row, 'sessions'),
      observations: numberOf(row, 'observations'),
      prompts: numberOf(row, 'prompts'),
      relations: numberOf(row, 'relations'),
    };
  }

  writeSession(record: SessionRecord): void {
    this.#db.run(SAVE_SESSION, sessionValues(record));
  }

  removeSession(id: string): void {
    this.#db.run('DELETE FROM sessions WHERE id = ?', [id]);
  }

  removeObservation(syncId: string): void {
    this.#db.run('DELETE FROM observations WHERE sync_id = ?', [syncId]);
  }

  removePrompt(syncId: string): void {
    this.#db.run('DELETE FROM user_prompts WHERE sync_id = ?', [syncId]);
  }

  removePromptTombstone(syncId: string): void {
    this.#db.run('DELETE FROM prompt_tombstones WHERE sync_id = ?', [syncId]);
  }

  writeObservation(record: ObservationRecord): void {
    const id = this.#lastId(LAST_OBSERVATION_ID, record.syncId);
    if (id === undefined) this.#db.run(INSERT_OBSERVATION, observationValues(record));
    else this.#db.run(UPDATE_OBSERVATION, [...observationValues(record), id]);
    if (record.deletedAt && id !== undefined) this.#db.run(HIDE_TWINS, [record.deletedAt, record.syncId, id, record.deletedAt]);
  }

  writePrompt(record: PromptRecord): void {
    const id = this.#lastId(LAST_PROMPT_ID, record.syncId);
    if (id === undefined) this.#db.run(INSERT_PROMPT, promptValues(record));
    else this.#db.run(UPDATE_PROMPT, [...promptValues(record), id]);
    this.#db.run('DELETE FROM prompt_tombstones WHERE sync_id = ?', [record.syncId]);
  }

  writePromptTombstone(tombstone: PromptTombstone): void {
    this.#db.run('DELETE FROM user_prompts WHERE sync_id = ?', [tombstone.syncId]);
    this.#db.run(SAVE_TOMBSTONE, [tombstone.syncId, nullable(tombstone.sessionId), nullable(tombstone.project), tombstone.deletedAt]);
  }

  writeRelation(record: RelationRecord): void {
    this.#db.run(SAVE_RELATION, relationValues(record));
  }

  removeRelation(syncId: string): void {
    this.#db.run('DELETE FROM memory_relations WHERE sync_id = ?', [syncId]);
  }

  #one<T>(sql: string, key: string, read: (row: SqlRow) => T): T | undefined {
    const row = this.#db.all(sql, [key])[0];
    return row && read(row);
  }

  #lastId(sql: string, syncId: string): SqlValue | undefined {
    return this.#db.all(sql, [syncId])[0]?.['id'];
  }
}

function marks(columns: string): string {
  return columns.replaceAll(/\w+/g, '?');
}

function upsert(table: string, columns: string, key: string): string {
  return `INSERT INTO ${table}(${columns}) VALUES(${marks(columns)}) ON CONFLICT(${key}) DO UPDATE SET (${columns}) = (${columns.replaceAll(/\w+/g, 'excluded.$&')})`;
}
