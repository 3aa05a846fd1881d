import { EngramError, type EngramErrorCode } from '../engine/errors.ts';

/** What was tried: the same system error means different things for reading and for writing. */
export type FileAccess = 'read' | 'write';

interface Meaning {
  readonly code: EngramErrorCode;
  readonly sentence: string;
}

const LINK_OR_FOLDER: Meaning = { code: 'not-regular-file', sentence: 'is a symbolic link or a folder, not a plain file' };
const FULL: Meaning = { code: 'disk-full', sentence: 'was not written: the disk is full' };
const READ_ONLY: Meaning = { code: 'read-only', sentence: 'was not written: the folder is read-only for you' };
const NO_PERMISSION: Meaning = { code: 'io-failed', sentence: 'cannot be read: you have no permission' };
const ABSENT: Meaning = { code: 'not-found', sentence: 'is not there' };

/** `ELOOP` and `EMLINK` are what open with O_NOFOLLOW says of a symbolic link (Linux and macOS, FreeBSD). */
const BY_CODE: ReadonlyMap<string, Readonly<Record<FileAccess, Meaning>>> = new Map([
  ['ELOOP', { read: LINK_OR_FOLDER, write: LINK_OR_FOLDER }],
  ['EMLINK', { read: LINK_OR_FOLDER, write: LINK_OR_FOLDER }],
  ['EISDIR', { read: LINK_OR_FOLDER, write: LINK_OR_FOLDER }],
  ['ENOTDIR', { read: LINK_OR_FOLDER, write: LINK_OR_FOLDER }],
  ['ENOSPC', { read: FULL, write: FULL }],
  ['EDQUOT', { read: FULL, write: FULL }],
  ['EROFS', { read: READ_ONLY, write: READ_ONLY }],
  ['EACCES', { read: NO_PERMISSION, write: READ_ONLY }],
  ['EPERM', { read: NO_PERMISSION, write: READ_ONLY }],
  ['ENOENT', { read: ABSENT, write: ABSENT }],
]);

/** The code of a system error (`ENOENT`), `''` for anything else. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Turns what `node:fs` throws into the one error type that may travel on. An {@link EngramError} passes unchanged.
 *
 * @param subject path relative to the workspace or the folder, safe to show.
 */
export function translateFsError(error: unknown, subject: string, access: FileAccess = 'write'): EngramError {
  if (EngramError.is(error)) return error;
  const code = systemCode(error);
  const meaning = BY_CODE.get(code)?.[access];
  if (meaning) return new EngramError(meaning.code, `${subject} ${meaning.sentence}.`, { subject, cause: error });
  const verb = access === 'read' ? 'cannot be read' : 'was not written';
  return new EngramError('io-failed', `${subject} ${verb}${code === '' ? '' : `: the system says ${code}`}.`, { subject, cause: error });
}
