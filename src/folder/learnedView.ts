import { EngramError } from '../engine/errors.ts';
import type { FolderAccess, Reading } from './folderAccess.ts';

/**
 * Lets `work` look at memories that are only looked at, with an index, made for the moment, of all that the folder's chunks hold: the
 * folder's own is filled by imports alone, and would call everything new.
 */
export async function withChunksLearned<T>(access: FolderAccess, reading: Reading, work: (view: Reading) => Promise<T>): Promise<T> {
  const scratch = await access.databases.scratch();
  try {
    const blank = { ...reading, databases: { ...reading.databases, store: scratch.store, index: scratch.index } };
    const importer = await access.importer({ ...blank, guard: refuseToWrite, context: {} }, true);
    await importer.learn(await access.scan(blank));
    return await work({ ...reading, databases: { ...reading.databases, index: scratch.index } });
  } finally {
    scratch.close();
  }
}

/** Nothing is written while somebody only looks. */
async function refuseToWrite(): Promise<void> {
  throw new EngramError('lock-lost', 'Nothing may be written here.');
}
