import { EngramError, type EngramErrorCode } from '../engine/errors.ts';
import { lockHolder } from './lockHolder.ts';

interface Meaning {
  readonly code: EngramErrorCode;
  readonly sentence: string;
}

const DAMAGED: Meaning = {
  code: 'store-corrupt',
  sentence:
    'is damaged. It was left as it is, and nothing was written; what is in the chunks is safe. Stop the programs that use it, and restore a copy of it: then everything goes on by itself',
};

/** Source: https://sqlite.org/rescode.html; the lowest byte of an extended code. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [
    8,
    {
      code: 'read-only',
      sentence: 'was not changed: it is read-only for you, or so is its folder. Nothing was lost; it is tried again when you sync',
    },
  ],
  [10, { code: 'io-failed', sentence: 'cannot be used: the disk reports an error. Nothing was lost that was there before' }],
  [11, DAMAGED],
  [13, { code: 'disk-full', sentence: 'was not changed: the disk is full' }],
  [
    14,
    {
      code: 'io-failed',
      sentence: 'cannot be opened: it is not there, or you may not use it or its folder. Nothing was changed; it is tried again by itself',
    },
  ],
  [26, DAMAGED],
]);
const BUSY = new Set([5, 6]);

/**
 * What the host's SQLite complains of. Whatever has no meaning of its own is `store-corrupt`, as with sql.js.
 *
 * @param path of the database; who keeps it busy is looked up by it
 */
export function nativeError(error: unknown, subject: string, path: string): EngramError {
  if (EngramError.is(error)) return error;
  const code = resultCode(error);
  if (BUSY.has(code)) return busyDatabase(subject, path, error);
  const meaning = MEANINGS.get(code);
  if (meaning) return new EngramError(meaning.code, `${subject} ${meaning.sentence}.`, { subject, cause: error });
  return new EngramError('store-corrupt', 'The memory database could not be read or changed.', { subject, cause: error });
}

/** Of a database that other programs have open, too. @param cause what SQLite has found */
export function damagedDatabase(subject: string, cause: unknown): EngramError {
  return new EngramError(DAMAGED.code, `${subject} ${DAMAGED.sentence}.`, { subject, cause });
}

function busyDatabase(subject: string, path: string, cause: unknown): EngramError {
  const holder = lockHolder(path) ?? 'another program';
  const message = `${subject} is being written by ${holder}. Nothing was changed and nothing is lost; the next sync goes on by itself, or try again when that program is done.`;
  return new EngramError('store-locked', message, { subject: holder, cause });
}

function resultCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}
