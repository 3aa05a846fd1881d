import { EngramError } from '../engine/errors.ts';
import type { SqlDatabase } from '../engine/ports.ts';

/** Pauses between the tries to begin a transaction on a database that another program is writing; SQLite itself waits some seconds at each. */
const BUSY_PAUSES_MS = [100, 400, 1600];

/** Runs `work` between BEGIN and COMMIT, ROLLBACK when it throws. Not re-entrant: what `work` awaits must not begin another one. */
export async function inTransaction<T>(database: SqlDatabase, work: () => Promise<T>): Promise<T> {
  await begin(database);
  try {
    const result = await work();
    database.run('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** The synchronous form; inside an open transaction it becomes part of that one. A busy database is not tried twice. */
export function atomically<T>(database: SqlDatabase, work: () => T): T {
  if (database.inTransaction) return work();
  database.run('BEGIN');
  try {
    const result = work();
    database.run('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

async function begin(database: SqlDatabase): Promise<void> {
  for (const pause of BUSY_PAUSES_MS) {
    try {
      database.run('BEGIN');
      return;
    } catch (error) {
      if (!EngramError.is(error, 'store-locked')) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  database.run('BEGIN');
}

/** SQLite may have rolled back by itself (out of memory), and the first error is the one to tell. */
function rollBack(database: SqlDatabase): void {
  try {
    database.run('ROLLBACK');
  } catch (error) {
    void error;
  }
}
