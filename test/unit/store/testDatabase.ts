import { createRequire } from 'node:module';
import { loadSqlJs, type MemoryDatabase, openSqlJs, type SqlJs } from '../../../src/adapters/sqlJs.ts';
import { createMemorySchema } from '../../../src/store/memorySchema.ts';

/** The real sql.js of the project. */
export function testSqlJs(): Promise<SqlJs> {
  return loadSqlJs(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm'));
}

/** An empty memory database. */
export async function memoryDatabase(): Promise<MemoryDatabase> {
  const database = openSqlJs(await testSqlJs());
  createMemorySchema(database);
  return database;
}
