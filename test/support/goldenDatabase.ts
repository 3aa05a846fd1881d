import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSqlJs, openSqlJs } from '../../src/adapters/sqlJs.ts';
import { migrateMemorySchema } from '../../src/store/migrateMemory.ts';
import { WASM_PATH } from './folder.ts';

/** Makes `engram.db` in `root` with the program's schema and runs the statements of a golden `sql` step on it. */
export async function databaseFrom(root: string, statements: readonly string[]): Promise<void> {
  const database = openSqlJs(await loadSqlJs(WASM_PATH));
  migrateMemorySchema(database);
  for (const statement of statements) database.run(statement);
  writeFileSync(join(root, 'engram.db'), database.export());
  database.close();
}

/** Runs statements on the `engram.db` of `root`, as another program would. */
export async function changeDatabase(root: string, statements: readonly string[]): Promise<void> {
  const path = join(root, 'engram.db');
  const database = openSqlJs(await loadSqlJs(WASM_PATH), readFileSync(path));
  for (const statement of statements) database.run(statement);
  writeFileSync(path, database.export());
  database.close();
}
