import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadSqlJs, openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';

const WASM = resolve('node_modules/sql.js/dist/sql-wasm.wasm');
const DATABASES = ['engram.db', 'index.db'];
/** What only a write in progress may leave: temporary files and locks. */
const LEFT_OVER = /\.tmp-|\.lock/;

/** Looks at the files of a folder as a stranger would, with none of the program's own reading but sql.js. Every finding is an assertion. */
export class FolderChecker {
  readonly #sqlJs: SqlJs;

  private constructor(sqlJs: SqlJs) {
    this.#sqlJs = sqlJs;
  }

  static async load(): Promise<FolderChecker> {
    return new FolderChecker(await loadSqlJs(WASM));
  }

  /** Each database that is there opens and passes `integrity_check`. @returns the titles of the memories, sorted; deleted ones are not among them */
  titles(root: string): string[] {
    return DATABASES.flatMap((name) => this.#check(join(root, name))).sort();
  }

  #check(path: string): string[] {
    if (!existsSync(path)) return [];
    const database = openSqlJs(this.#sqlJs, readFileSync(path));
    try {
      assert.equal(database.all('PRAGMA integrity_check')[0]?.['integrity_check'], 'ok', path);
      if (!path.endsWith('engram.db')) return [];
      return database.all('SELECT title FROM observations WHERE deleted_at IS NULL').map((row) => String(row['title']));
    } finally {
      database.close();
    }
  }
}

interface RawChunk {
  readonly observations: readonly { readonly title: string }[] | null;
  readonly mutations?: readonly { readonly entity: string; readonly op: string; readonly payload: string }[];
}

/**
 * The manifest parses, each chunk it lists is there, whole and what its name says, and nothing else is half written.
 *
 * @returns the titles that a fresh clone would get from the listed chunks, each version once, sorted
 */
export function sharedTitles(root: string): string[] {
  const path = join(root, 'manifest.json');
  const ids = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { chunks: { id: string }[] }).chunks.map(({ id }) => id) : [];
  assert.equal(new Set(ids).size, ids.length, 'an entry stands twice in the manifest');
  const titles = ids.flatMap((id) => {
    const json = gunzipSync(readFileSync(join(root, 'chunks', `${id}.jsonl.gz`)));
    assert.equal(createHash('sha256').update(json).digest('hex').slice(0, 8), id, 'a chunk is not what its name says');
    const { observations, mutations = [] } = JSON.parse(json.toString('utf8')) as RawChunk;
    const edits = mutations.filter(({ entity, op }) => entity === 'observation' && op === 'upsert');
    return [...(observations ?? []), ...edits.map(({ payload }) => JSON.parse(payload) as { title: string })].map(({ title }) => title);
  });
  return [...new Set(titles)].sort();
}

/** Names of the chunk files. */
export function chunkNames(root: string): string[] {
  const folder = join(root, 'chunks');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Temporary files and locks below a folder. */
export function leftOver(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => LEFT_OVER.test(name));
}
