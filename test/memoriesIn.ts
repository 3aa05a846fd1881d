import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Titles of the live memories in a folder's own database, sorted, read with Node's SQLite: an independent witness. */
export function memoriesIn(folder: string): string[] {
  const database = new DatabaseSync(path.join(folder, '.engram/engram.db'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT title FROM observations WHERE deleted_at IS NULL ORDER BY title').all();
    return rows.map((row) => String(row['title']));
  } finally {
    database.close();
  }
}
