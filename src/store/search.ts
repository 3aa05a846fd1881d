import type { SearchHit, SearchOptions } from '../engine/folderRequests.ts';
import { normalizeProject, normalizeTopicKey } from '../engine/goText.ts';
import type { SqlDatabase, SqlRow, SqlValue } from '../engine/ports.ts';
import { numberOf, textOf } from './columns.ts';
import { looseMatcher, matchExpression, matcher, type SearchWords, searchWords, snippet } from './searchText.ts';
import { atomically } from './transaction.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
/** Rows between two looks at the clock. */
const BATCH = 50;

/** `automerge` spreads the merging of the table's segments over many small steps: without it single ones take some 200 ms. */
const TABLES = `CREATE VIRTUAL TABLE search USING fts4(title, content, tool_name, type, project, topic_key,
  tokenize=unicode61 "remove_diacritics=2");
INSERT INTO search(search) VALUES('automerge=8');
CREATE TABLE search_rows (id INTEGER PRIMARY KEY, stamp TEXT NOT NULL);`;

const SEARCHED = ['title', 'content', 'tool_name', 'type', 'project', 'topic_key'];

/** Differs whenever a searched text differs, and is read without reading the content. */
const STAMP = `concat_ws(char(31), sync_id, updated_at, revision_count, normalized_hash, octet_length(content),
  title, tool_name, type, project, topic_key)`;
const LIVE_STAMPS = `SELECT id, ${STAMP} AS stamp FROM observations WHERE deleted_at IS NULL AND id > ? ORDER BY id LIMIT ?`;
const FULL_ROW = `SELECT id, ${STAMP} AS stamp, ${SEARCHED.join(', ')} FROM observations WHERE id = ? AND deleted_at IS NULL`;
const ADD = `INSERT INTO search(rowid, ${SEARCHED.join(', ')}) VALUES(?, ?, ?, ?, ?, ?, ?)`;

const VISIBLE = `deleted_at IS NULL AND (? = '' OR type = ?) AND (? = '' OR project IN (SELECT value FROM json_each(?)))`;
const BY_TOPIC = `SELECT id FROM observations WHERE topic_key IN (?, ?) AND ${VISIBLE} ORDER BY datetime(updated_at) DESC, id DESC LIMIT ?`;
const RANKED = `SELECT id FROM observations WHERE id IN (SELECT value FROM json_each(?)) AND ${VISIBLE}
  ORDER BY id IN (SELECT value FROM json_each(?)) DESC, datetime(updated_at) DESC, id DESC LIMIT ?`;
const HIT = 'SELECT sync_id, title, type, project, created_at, content FROM observations WHERE id = ?';

interface Matches {
  readonly ids: Set<number>;
  /** Those of {@link ids} that match by their title alone. */
  readonly titleIds: Set<number>;
}

/**
 * Full-text search over the live memories. Its tables stand in the folder's index and follow the memories in slices; what they do not hold yet is
 * looked at directly, so a result is never missing. An index that belongs to another database repairs itself: every row carries a stamp.
 */
export class SearchIndex {
  readonly #index: SqlDatabase;
  readonly #memories: SqlDatabase;
  /** Up to which row this pass has compared, and how many changes the memories had seen when it began. */
  #pass: { cursor: number; readonly changes: string } | undefined;
  /** The changes the memories had seen when the last complete pass began. */
  #completeAt: string | undefined;
  #passes = 0;

  /** @throws {EngramError} store-corrupt */
  constructor(index: SqlDatabase, memories: SqlDatabase) {
    this.#index = index;
    this.#memories = memories;
    const made = index.all(`SELECT 1 FROM sqlite_master WHERE name = 'search_rows'`).length > 0;
    if (!made) atomically(index, () => index.run(TABLES));
  }

  /** How often all rows have been compared. Where other programs write all the time the tables never hold everything. */
  get passes(): number {
    return this.#passes;
  }

  /**
   * Works for about `budgetMs` on what the tables do not hold yet; while a transaction is open it does nothing.
   *
   * @returns true when they hold everything.
   * @throws {EngramError} store-corrupt
   */
  advance(budgetMs: number): boolean {
    if (this.#index.inTransaction || this.#memories.inTransaction) return false;
    const end = performance.now() + budgetMs;
    while (!this.#isComplete()) {
      this.#compareBatch();
      if (performance.now() >= end) return this.#isComplete();
    }
    return true;
  }

  /**
   * Live memories that have all the words, the last of which may be unfinished. An exact topic comes first when the query has a `/`, then those
   * with the words in their title, then the newest. Any input is a valid query; one without words finds nothing.
   *
   * @throws {EngramError} store-corrupt
   */
  search(query: string, options: SearchOptions): readonly SearchHit[] {
    const words = searchWords(query);
    if (words.typed.length === 0) return [];
    const limit = Math.min(Math.max(Math.trunc(options.limit ?? DEFAULT_LIMIT), 1), MAX_LIMIT);
    const type = options.type ?? '';
    const project = normalizeProject(options.project ?? '').normalized;
    const filter = [type, type, project, JSON.stringify(this.#spellingsOf(project))];
    const byTopic = query.includes('/') ? this.#ids(BY_TOPIC, [query.trim(), normalizeTopicKey(query), ...filter, limit]) : [];
    const { ids, titleIds } = this.#matches(words);
    const ranked = this.#ids(RANKED, [JSON.stringify([...ids]), ...filter, JSON.stringify([...titleIds]), limit]);
    const hits = [...new Set([...byTopic, ...ranked])].slice(0, limit).flatMap((id) => this.#hit(id, words));
    // A row may stand twice, as older programs import an edit.
    return hits.filter(({ syncId }, place) => hits.findIndex((hit) => hit.syncId === syncId) === place);
  }

  /** The names in the rows that are this project; a chunk may bring any spelling. */
  #spellingsOf(project: string): readonly string[] {
    if (project === '') return [];
    const names = this.#memories
      .all('SELECT DISTINCT project FROM observations WHERE project IS NOT NULL')
      .map((row) => textOf(row, 'project'));
    return names.filter((name) => normalizeProject(name).normalized === project);
  }

  #isComplete(): boolean {
    return this.#completeAt === this.#changes();
  }

  /** Those of this connection and, of a database that other programs write, those of the others. */
  #changes(): string {
    const read = (sql: string) => String(Object.values(this.#memories.all(sql)[0] ?? {})[0]);
    return `${read('SELECT total_changes()')}/${read('PRAGMA data_version')}`;
  }

  #compareBatch(): void {
    const pass = this.#pass ?? { cursor: 0, changes: this.#changes() };
    const { stale, last } = this.#compare(pass.cursor, BATCH);
    atomically(this.#index, () => {
      for (const id of stale) this.#follow(id);
    });
    this.#pass = last === undefined ? undefined : { cursor: last, changes: pass.changes };
    if (last !== undefined) return;
    this.#completeAt = pass.changes;
    this.#passes += 1;
  }

  /** The ids behind `cursor` whose entry is missing, old or no longer wanted; `last` is absent when these were the last rows. */
  #compare(cursor: number, limit: number): { readonly stale: readonly number[]; readonly last: number | undefined } {
    const rows = this.#memories.all(LIVE_STAMPS, [cursor, limit]);
    const last = rows.length < limit ? undefined : numberOf(rows.at(-1), 'id');
    const range = [cursor, last ?? Number.MAX_SAFE_INTEGER];
    const entries = this.#index.all('SELECT id, stamp FROM search_rows WHERE id > ? AND id <= ?', range);
    const indexed = new Map(entries.map((row) => [numberOf(row, 'id'), row['stamp']]));
    const stale: number[] = [];
    for (const row of rows) {
      const id = numberOf(row, 'id');
      if (indexed.get(id) !== row['stamp']) stale.push(id);
      indexed.delete(id);
    }
    return { stale: [...stale, ...indexed.keys()], last };
  }

  #follow(id: number): void {
    this.#index.run('DELETE FROM search WHERE rowid = ?', [id]);
    const row = this.#memories.all(FULL_ROW, [id])[0];
    if (!row) {
      this.#index.run('DELETE FROM search_rows WHERE id = ?', [id]);
      return;
    }
    this.#index.run(ADD, [id, ...texts(row)]);
    this.#index.run('INSERT OR REPLACE INTO search_rows(id, stamp) VALUES(?, ?)', [id, row['stamp'] ?? '']);
  }

  #matches(words: SearchWords): Matches {
    const matches: Matches = { ids: new Set(), titleIds: new Set() };
    const expression = matchExpression(words);
    if (expression !== '') {
      for (const id of this.#match('search', expression)) matches.ids.add(id);
      for (const id of this.#match('title', expression)) matches.titleIds.add(id);
      this.#correctStale(matches, matcher(words));
    }
    if (matches.ids.size === 0 && words.unusual) this.#lookAtAll(matches, looseMatcher(words));
    return matches;
  }

  #match(column: 'search' | 'title', expression: string): readonly number[] {
    return this.#index.all(`SELECT rowid AS id FROM search WHERE ${column} MATCH ?`, [expression]).map((row) => numberOf(row, 'id'));
  }

  /** What the table says of rows that it does not hold as they are is replaced by a look at the rows. */
  #correctStale(matches: Matches, isMatch: (texts: readonly string[]) => boolean): void {
    if (this.#isComplete()) return;
    for (const id of this.#compare(0, Number.MAX_SAFE_INTEGER).stale) {
      matches.ids.delete(id);
      matches.titleIds.delete(id);
      const row = this.#memories.all(FULL_ROW, [id])[0];
      if (row) note(matches, row, isMatch);
    }
  }

  #lookAtAll(matches: Matches, isMatch: (texts: readonly string[]) => boolean): void {
    const all = `SELECT id, ${SEARCHED.join(', ')} FROM observations WHERE deleted_at IS NULL`;
    for (const row of this.#memories.iterate(all)) note(matches, row, isMatch);
  }

  #ids(sql: string, parameters: readonly SqlValue[]): readonly number[] {
    return this.#memories.all(sql, parameters).map((row) => numberOf(row, 'id'));
  }

  #hit(id: number, words: SearchWords): SearchHit[] {
    return this.#memories.all(HIT, [id]).map((row) => ({
      syncId: textOf(row, 'sync_id'),
      title: textOf(row, 'title'),
      type: textOf(row, 'type'),
      project: textOf(row, 'project'),
      createdAt: textOf(row, 'created_at'),
      snippet: snippet(textOf(row, 'content'), words),
    }));
  }
}

function texts(row: SqlRow): readonly string[] {
  return SEARCHED.map((column) => textOf(row, column));
}

function note(matches: Matches, row: SqlRow, isMatch: (texts: readonly string[]) => boolean): void {
  if (!isMatch(texts(row))) return;
  matches.ids.add(numberOf(row, 'id'));
  if (isMatch([textOf(row, 'title')])) matches.titleIds.add(numberOf(row, 'id'));
}
