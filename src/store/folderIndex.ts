import { cloudPrefix, isCloudChunkId } from '../engine/cloud/cloudIds.ts';
import type { Entity, Holding, IndexedChunk } from '../engine/held.ts';
import type { ChunkId } from '../engine/manifest.ts';
import type { Counters, FolderIndex, HeldBack, SqlDatabase, SqlRow } from '../engine/ports.ts';
import type { RelationRecord } from '../engine/records.ts';
import { mapRows, numberOf, textOf } from './columns.ts';
import { decodeRelation, encodeRelation } from './relationText.ts';
import { atomically, inTransaction } from './transaction.ts';

/** Raised whenever a table below changes; another version's index is thrown away, because everything in it can be made again. */
const INDEX_VERSION = 2;

const TABLES = `
CREATE TABLE chunks (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, created_by TEXT NOT NULL,
  created_at TEXT NOT NULL, sessions INTEGER NOT NULL, memories INTEGER NOT NULL, prompts INTEGER NOT NULL, relations INTEGER NOT NULL,
  rejected INTEGER NOT NULL, exported_here INTEGER NOT NULL, merged INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ms REAL NOT NULL);
CREATE TABLE holdings (chunk INTEGER NOT NULL, entity TEXT NOT NULL, key TEXT NOT NULL, in_array INTEGER NOT NULL, ord TEXT NOT NULL, json TEXT NOT NULL);
CREATE INDEX holdings_by_key ON holdings(key, entity);
CREATE INDEX holdings_by_chunk ON holdings(chunk);
CREATE TABLE extras (entity TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (entity, key)) WITHOUT ROWID;
CREATE TABLE of_folder (entity TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (entity, key)) WITHOUT ROWID;
CREATE TABLE held_back (chunk INTEGER NOT NULL, entity TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (chunk, entity, key)) WITHOUT ROWID;
CREATE TABLE deferred_relations (sync_id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

/** The notes that {@link SqlFolderIndex.belongTo} keeps. */
const MEMORIES = 'memories';
const COUNTERS = 'memories-counters';

const CHUNK_COLUMNS =
  'id, sha256, created_by, created_at, sessions, memories, prompts, relations, rejected, exported_here, merged, size, mtime_ms';
const PUT_CHUNK = `INSERT INTO chunks(${CHUNK_COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const ADD_HOLDING = 'INSERT INTO holdings(chunk, entity, key, in_array, ord, json) SELECT number, ?, ?, ?, ?, ? FROM chunks WHERE id = ?';
/** An id of the folder can hold no colon, and that of a chunk no slash. */
const OF_FOLDER = `instr(c.id, ':') = 0`;
const OF_PROJECT = `substr(c.id, 1, length(?1)) = ?1 AND instr(substr(c.id, length(?1) + 1), '/') = 0`;
const HOLDINGS = 'SELECT c.id AS chunk_id, h.entity, h.key, h.in_array, h.ord, h.json FROM holdings h JOIN chunks c ON c.number = h.chunk';
const REMOVE_HOLDING = 'DELETE FROM holdings WHERE key = ? AND entity = ? AND chunk IN (SELECT number FROM chunks WHERE id = ?)';
const REMOVE_HOLDINGS = `DELETE FROM holdings WHERE key = ? AND entity = ? AND chunk IN (SELECT c.number FROM chunks c WHERE ${OF_FOLDER})`;

/**
 * Opens the index in a database of its own. One of another version, or with other tables than ours, is emptied and made anew.
 *
 * @returns `rebuilt`: it holds nothing yet, so every chunk has to be read again.
 * @throws {EngramError} store-corrupt
 */
export function openFolderIndex(database: SqlDatabase): { readonly index: FolderIndex; readonly rebuilt: boolean } {
  const rebuilt = numberOf(database.all('PRAGMA user_version')[0], 'user_version') !== INDEX_VERSION;
  if (rebuilt) atomically(database, () => makeAnew(database));
  return { index: new SqlFolderIndex(database), rebuilt };
}

/** Virtual tables go first: dropping one takes its shadow tables along. */
function makeAnew(database: SqlDatabase): void {
  const list = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC`;
  for (const row of database.all(list)) database.run(`DROP TABLE IF EXISTS "${textOf(row, 'name').replaceAll('"', '""')}"`);
  database.run(TABLES);
  database.run(`PRAGMA user_version = ${INDEX_VERSION}`);
}

/** What the chunks of the folder and of the cloud hold, over one SQLite database. */
export class SqlFolderIndex implements FolderIndex {
  readonly #db: SqlDatabase;

  /** @param database one that {@link openFolderIndex} has prepared */
  constructor(database: SqlDatabase) {
    this.#db = database;
  }

  transaction<T>(work: () => Promise<T>): Promise<T> {
    return inTransaction(this.#db, work);
  }

  chunks(): ReadonlyMap<ChunkId, IndexedChunk> {
    return this.#chunks(OF_FOLDER, []);
  }

  cloudChunks(project: string): ReadonlyMap<ChunkId, IndexedChunk> {
    return this.#chunks(OF_PROJECT, [cloudPrefix(project)]);
  }

  cloudChunkIds(): ReadonlySet<ChunkId> {
    return new Set([...this.#chunks('TRUE', []).keys()].filter(isCloudChunkId));
  }

  putChunk(chunk: IndexedChunk): void {
    atomically(this.#db, () => {
      this.removeChunk(chunk.id);
      const counts = [chunk.sessions, chunk.memories, chunk.prompts, chunk.relations, chunk.rejected];
      const marks = [Number(chunk.exportedHere), Number(chunk.merged)];
      this.#db.run(PUT_CHUNK, [chunk.id, chunk.sha256, chunk.createdBy, chunk.createdAt, ...counts, ...marks, chunk.size, chunk.mtimeMs]);
    });
  }

  addHolding({ chunkId, entity, key, inArray, order, json }: Holding): void {
    this.#db.run(ADD_HOLDING, [entity, key, Number(inArray), order, json, chunkId]);
  }

  setHolding(holding: Holding): void {
    atomically(this.#db, () => {
      this.#db.run(REMOVE_HOLDING, [holding.key, holding.entity, holding.chunkId]);
      this.addHolding(holding);
    });
  }

  removeChunk(id: ChunkId): void {
    atomically(this.#db, () => {
      this.#db.run('DELETE FROM holdings WHERE chunk IN (SELECT number FROM chunks WHERE id = ?)', [id]);
      this.#db.run('DELETE FROM held_back WHERE chunk IN (SELECT number FROM chunks WHERE id = ?)', [id]);
      this.#db.run('DELETE FROM chunks WHERE id = ?', [id]);
    });
  }

  markMerged(id: ChunkId, isMerged = true): void {
    this.#db.run('UPDATE chunks SET merged = ? WHERE id = ?', [Number(isMerged), id]);
  }

  mergedChunks(): ReadonlySet<ChunkId> {
    return new Set(this.#db.all('SELECT id FROM chunks WHERE merged = 1').map((row) => textOf(row, 'id') as ChunkId));
  }

  isOfFolder(entity: Entity, key: string): boolean {
    return this.#db.all('SELECT 1 FROM of_folder WHERE entity = ? AND key = ?', [entity, key]).length > 0;
  }

  addOfFolder(entity: Entity, key: string): void {
    this.#db.run('INSERT OR IGNORE INTO of_folder(entity, key) VALUES(?, ?)', [entity, key]);
  }

  holdBack({ chunkId, entity, key }: HeldBack): void {
    this.#db.run('INSERT OR IGNORE INTO held_back(chunk, entity, key) SELECT number, ?, ? FROM chunks WHERE id = ?', [
      entity,
      key,
      chunkId,
    ]);
  }

  heldBack(): readonly HeldBack[] {
    const rows = this.#db.all(
      'SELECT c.id AS chunk_id, h.entity, h.key FROM held_back h JOIN chunks c ON c.number = h.chunk ORDER BY c.number',
    );
    return rows.map((row) => ({
      chunkId: textOf(row, 'chunk_id') as ChunkId,
      entity: textOf(row, 'entity') as Entity,
      key: textOf(row, 'key'),
    }));
  }

  removeHoldings(entity: Entity, key: string): void {
    this.#db.run(REMOVE_HOLDINGS, [key, entity]);
  }

  holdings(entity: Entity, key: string): readonly Holding[] {
    return this.#db.all(`${HOLDINGS} WHERE h.key = ? AND h.entity = ? ORDER BY h.rowid`, [key, entity]).map(holdingOf);
  }

  chunkHoldings(id: ChunkId): readonly Holding[] {
    return this.#db.all(`${HOLDINGS} WHERE c.id = ? ORDER BY h.rowid`, [id]).map(holdingOf);
  }

  allHoldings(): Iterable<Holding> {
    return mapRows(this.#db.iterate(`${HOLDINGS} WHERE ${OF_FOLDER} ORDER BY h.rowid`), holdingOf);
  }

  cloudHoldings(project: string): Iterable<Holding> {
    return mapRows(this.#db.iterate(`${HOLDINGS} WHERE ${OF_PROJECT} ORDER BY h.rowid`, [cloudPrefix(project)]), holdingOf);
  }

  extra(entity: Entity, key: string): string | undefined {
    const row = this.#db.all('SELECT json FROM extras WHERE entity = ? AND key = ?', [entity, key])[0];
    return row && textOf(row, 'json');
  }

  allExtras(): Iterable<{ readonly entity: Entity; readonly key: string; readonly json: string }> {
    return mapRows(this.#db.iterate('SELECT entity, key, json FROM extras ORDER BY entity, key'), (row) => ({
      entity: textOf(row, 'entity') as Entity,
      key: textOf(row, 'key'),
      json: textOf(row, 'json'),
    }));
  }

  setExtra(entity: Entity, key: string, json: string | undefined): void {
    if (json === undefined) this.#db.run('DELETE FROM extras WHERE entity = ? AND key = ?', [entity, key]);
    else this.#db.run('INSERT OR REPLACE INTO extras(entity, key, json) VALUES(?, ?, ?)', [entity, key, json]);
  }

  deferredRelations(): readonly RelationRecord[] {
    return this.#db.all('SELECT record FROM deferred_relations ORDER BY sync_id').map((row) => decodeRelation(textOf(row, 'record')));
  }

  deferRelation(record: RelationRecord): void {
    this.#db.run('INSERT OR REPLACE INTO deferred_relations(sync_id, record) VALUES(?, ?)', [record.syncId, encodeRelation(record)]);
  }

  undeferRelation(syncId: string): void {
    this.#db.run('DELETE FROM deferred_relations WHERE sync_id = ?', [syncId]);
  }

  #chunks(which: string, parameters: readonly string[]): ReadonlyMap<ChunkId, IndexedChunk> {
    const rows = this.#db.all(`SELECT ${CHUNK_COLUMNS} FROM chunks c WHERE ${which} ORDER BY number`, parameters);
    return new Map(rows.map(chunkOf).map((chunk) => [chunk.id, chunk]));
  }

  belongTo(memories: string, counters?: Counters): void {
    const before = this.note(MEMORIES);
    if (before === memories && !(counters && this.#isEarlier(counters))) return;
    atomically(this.#db, () => {
      if (before !== undefined) this.#db.run('UPDATE chunks SET merged = 0; DELETE FROM of_folder; DELETE FROM held_back');
      this.setNote(MEMORIES, memories);
      this.noteCounters(counters ?? new Map());
    });
  }

  noteCounters(counters: Counters): void {
    const text = JSON.stringify([...counters]);
    if (this.note(COUNTERS) !== text) this.setNote(COUNTERS, text);
  }

  /** The index is written by nobody else, so the note is what {@link noteCounters} wrote. */
  #isEarlier(counters: Counters): boolean {
    const noted = new Map(JSON.parse(this.note(COUNTERS) ?? '[]') as [string, number][]);
    return [...noted].some(([table, last]) => (counters.get(table) ?? 0) < last);
  }

  note(key: string): string | undefined {
    const row = this.#db.all('SELECT value FROM notes WHERE key = ?', [key])[0];
    return row && textOf(row, 'value');
  }

  setNote(key: string, value: string): void {
    this.#db.run('INSERT OR REPLACE INTO notes(key, value) VALUES(?, ?)', [key, value]);
  }
}

/** The brand was checked when the chunk was put; the index is written by nobody else. */
function chunkOf(row: SqlRow): IndexedChunk {
  return {
    id: textOf(row, 'id') as ChunkId,
    sha256: textOf(row, 'sha256'),
    createdBy: textOf(row, 'created_by'),
    createdAt: textOf(row, 'created_at'),
    sessions: numberOf(row, 'sessions'),
    memories: numberOf(row, 'memories'),
    prompts: numberOf(row, 'prompts'),
    relations: numberOf(row, 'relations'),
    rejected: numberOf(row, 'rejected'),
    exportedHere: row['exported_here'] === 1,
    merged: row['merged'] === 1,
    size: numberOf(row, 'size'),
    mtimeMs: numberOf(row, 'mtime_ms'),
  };
}

function holdingOf(row: SqlRow): Holding {
  return {
    chunkId: textOf(row, 'chunk_id') as ChunkId,
    entity: textOf(row, 'entity') as Entity,
    key: textOf(row, 'key'),
    inArray: row['in_array'] === 1,
    order: textOf(row, 'ord'),
    json: textOf(row, 'json'),
  };
}
