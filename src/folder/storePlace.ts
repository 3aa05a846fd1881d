import { basename, dirname } from 'node:path';
import { isDataDirectory } from '../adapters/folderLook.ts';
import { type OpenDatabases, pathsIn } from './databases.ts';
import { placeAt, type WritePlace } from './engramFolder.ts';
import { ofDataDirectory } from './refusals.ts';

/** Where the database of a script stands. */
interface Placed {
  /** Absolute. */
  readonly path: string;
}

/** The `.engram` folder whose own database it is, if it is one. */
export function folderOf({ path }: Placed): string | undefined {
  const home = dirname(path);
  return basename(home) === '.engram' && pathsIn(home).memories === path ? home : undefined;
}

/** Whether it is the one of the Engram program, which keeps the memories of all projects in it, and a journal of their changes. */
export async function isOfProgram(store: Placed, { isInPlace }: Pick<OpenDatabases, 'isInPlace'>): Promise<boolean> {
  return isInPlace && (folderOf(store) === undefined || (await isDataDirectory(dirname(store.path))));
}

/** Where a lock is taken before the database is written. The Engram program's own folder is left as it is: its database has locks of its own. */
export async function placesOf({ path }: Placed): Promise<readonly WritePlace[]> {
  const home = dirname(path);
  return (await isDataDirectory(home)) ? [] : [placeAt(home)];
}

/** @throws {EngramError} store-in-data-directory: a database would be made, or written whole, in the Engram program's folder */
export async function mustBeInPlace({ path }: Placed, { isInPlace }: Pick<OpenDatabases, 'isInPlace'>): Promise<void> {
  if (!isInPlace && (await isDataDirectory(dirname(path)))) throw ofDataDirectory();
}
