import { EngramError } from '../engine/errors.ts';
import type { SqlDatabase, Turn } from '../engine/ports.ts';
import { numberOf } from './columns.ts';

/** How long the end of another program's transaction is waited for before a person is told; agents end theirs within milliseconds. */
const PATIENCE_MS = 15_000;
/** So long one try may hold up the thread. In the pauses between them its other messages come through, and a cancel. */
const TRY_MS = 100;
const PAUSES_MS = [20, 50, 100, 200] as const;
const LONGEST_PAUSE_MS = 400;

/**
 * A piece of long work. The Go program reads before it writes, and so is told at once that the database is busy; v1.16.1 tries again after 10, 25
 * and 50 ms (`sqliteWriteRetryBackoffs`). One of these must fall into a gap.
 */
const PIECE_MS = 30;
/** Who waits from the start of a piece asks again within 25 ms of its end. Source: `sqliteDefaultBusyCallback` of SQLite. */
const GAP_MS = 70;

const noTurn: Turn = async () => undefined;

/** Lengths in ms; for tests. */
export interface PieceLengths {
  readonly pieceMs?: number;
  readonly gapMs?: number;
}

/**
 * Runs `work` between BEGIN and COMMIT, ROLLBACK when it throws. Not re-entrant: what `work` awaits must not begin another one. A database
 * that another program is writing is tried again and again for 15 s.
 *
 * @param turn asked between the tries: throws when the request was cancelled
 * @throws {EngramError} store-locked, cancelled
 */
export async function inTransaction<T>(database: SqlDatabase, work: () => Promise<T>, turn: Turn = noTurn): Promise<T> {
  await begin(database, turn);
  try {
    const result = await work();
    database.run('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/**
 * As {@link inTransaction}, for long work on a database that other programs write as well: it is committed piece by piece, and they get their
 * turn in between. Whatever stops it, the pieces before stay: it must be work that can be done again from the start.
 *
 * @param work gets what it has to call between its steps
 * @param beforeGap runs in each piece but the last, right before its end
 */
export function inPieces<T>(
  database: SqlDatabase,
  work: (turn: Turn) => Promise<T>,
  beforeGap: () => void,
  turn: Turn = noTurn,
  { pieceMs = PIECE_MS, gapMs = GAP_MS }: PieceLengths = {},
): Promise<T> {
  const run = async (): Promise<T> => {
    let begun = performance.now();
    return work(async () => {
      if (performance.now() - begun < pieceMs) return turn();
      beforeGap();
      database.run('COMMIT');
      await sleep(gapMs);
      await turn();
      await begin(database, turn);
      begun = performance.now();
    });
  };
  return inTransaction(database, run, turn);
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

async function begin(database: SqlDatabase, turn: Turn): Promise<void> {
  const started = performance.now();
  for (let tries = 0; ; tries++) {
    try {
      tryToBegin(database);
      return;
    } catch (error) {
      if (!EngramError.is(error, 'store-locked') || performance.now() - started >= PATIENCE_MS) throw error;
    }
    await sleep(PAUSES_MS[tries] ?? LONGEST_PAUSE_MS);
    await turn();
  }
}

function tryToBegin(database: SqlDatabase): void {
  const timeout = numberOf(database.all('PRAGMA busy_timeout')[0], 'timeout');
  database.run(`PRAGMA busy_timeout = ${Math.min(timeout, TRY_MS)}`);
  try {
    database.run('BEGIN');
  } finally {
    database.run(`PRAGMA busy_timeout = ${timeout}`);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** SQLite may have rolled back by itself (out of memory), and the first error is the one to tell. */
function rollBack(database: SqlDatabase): void {
  try {
    database.run('ROLLBACK');
  } catch (error) {
    void error;
  }
}
