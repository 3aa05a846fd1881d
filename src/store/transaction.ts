import type { SqlDatabase } from '../engine/ports.ts';

/** Runs `work` between BEGIN and COMMIT, ROLLBACK when it throws. Not re-entrant: what `work` awaits must not begin another one. */
export async function inTransaction<T>(database: SqlDatabase, work: () => Promise<T>): Promise<T> {
  database.run('BEGIN');
  try {
    const result = await work();
    database.run('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** The synchronous form; inside an open transaction it becomes part of that one. */
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

/** SQLite may have rolled back by itself (out of memory), and the first error is the one to tell. */
function rollBack(database: SqlDatabase): void {
  try {
    database.run('ROLLBACK');
  } catch (error) {
    void error;
  }
}
