import { isDataDirectory, lookAtFolder } from '../adapters/folderLook.ts';
import { EngramError } from '../engine/errors.ts';
import type { FolderOptions } from '../engine/folderRequests.ts';
import type { ProgramProblem } from '../engine/folderState.ts';
import { normalizeProject } from '../engine/goText.ts';
import type { GitFolderStatus } from '../engine/ports.ts';
import type { OpenDatabases } from './databases.ts';

/** Why nothing is written here, in the words for a person. */

/** @throws {EngramError} not-initialised, not-regular-file, store-in-data-directory, io-failed */
export async function mustBeOursToWrite(root: string): Promise<void> {
  const look = await lookAtFolder(root);
  if (look.kind !== 'ok') throw refused(look.kind);
  if (await isDataDirectory(root)) throw ofDataDirectory();
}

/** What is in there is the Engram program's. */
export function ofDataDirectory(): EngramError {
  return new EngramError(
    'store-in-data-directory',
    'This is the Engram program’s own data directory, so nothing is written here. Open your project’s folder instead.',
  );
}

/** @param kind what stands where an `.engram` folder should. */
export function refused(kind: 'absent' | 'foreign' | 'not-a-folder'): EngramError {
  if (kind === 'absent') return new EngramError('not-initialised', 'There is no .engram folder here. Initialize it first.');
  if (kind === 'foreign')
    return new EngramError('not-initialised', 'The .engram folder here belongs to another tool. Nothing in it was touched.');
  return new EngramError('not-regular-file', '.engram is a file or a link, not a folder. It is never followed, and nothing was written.');
}

/** Git tracks the database, or the log beside it that is read as a part of it. */
export function tracksDatabase(status: GitFolderStatus | undefined): boolean {
  return trackedFile(status) !== undefined;
}

/** Whatever is written into a tracked database would be published, and what others commit there would be read. */
export function trackedDatabase(status: GitFolderStatus | undefined): EngramError {
  const subject = trackedFile(status) ?? 'engram.db';
  const message = `Git tracks .engram/${subject}, so using it would publish everything in it. It is not opened. To go on, run: git rm --cached .engram/${subject}`;
  return new EngramError('store-tracked', message, { subject });
}

function trackedFile(status: GitFolderStatus | undefined): string | undefined {
  return status?.trackedDatabases.find((name) => name === 'engram.db' || name === 'engram.db-wal' || name === 'engram.db-journal');
}

/** One of a newer release, or that the Engram program has opened. */
export function readOnlyDatabase(databases: OpenDatabases): EngramError {
  const code = databases.kind === 'newer' ? 'store-newer' : 'store-foreign';
  return new EngramError(code, databases.problem?.message ?? 'The database is read-only.', { subject: 'engram.db' });
}

/**
 * What a person has said about the live database holds for the cloud, too: nothing before they have, and of the project that they were asked
 * about. A repository may name another one for the cloud.
 *
 * @param cloudProject normalised
 * @throws {EngramError} cloud-unenrolled
 */
export function mustBeAllowedToLeave({ live }: OpenDatabases, { mayExport, project }: FolderOptions, cloudProject: string): void {
  const isOther = project !== undefined && normalizeProject(project).normalized !== cloudProject;
  if (!live || (mayExport !== false && !isOther)) return;
  const why =
    mayExport === false
      ? 'Nobody has said yet what may leave the Engram program’s database'
      : `You said that memories of project “${project}” may leave the Engram program’s database, and not those of “${cloudProject}”`;
  throw new EngramError('cloud-unenrolled', `${why}, so nothing was sent or fetched. “Engram: Choose What Is Shared…” changes it.`);
}

/** Only the Engram program could write here, and it was not found. */
export function noProgram(databases: OpenDatabases, problem: ProgramProblem | undefined): EngramError {
  if (problem === undefined) return readOnlyDatabase(databases);
  const why: Readonly<Record<ProgramProblem, string>> = {
    'not-found': 'no engram program was found in the folders of PATH',
    'not-absolute': 'the path of the engram program in the settings is not absolute',
    'not-a-program': 'at the path of the engram program in the settings there is nothing that can be run',
  };
  const message = `The memories are the Engram program’s, there is no SQLite here that can write beside it, and ${why[problem]}. Nothing was changed. Install the program or set its path (engram.programPath), or update the editor.`;
  return new EngramError('store-foreign', message, { subject: 'engram.db' });
}
