import { systemClock } from '../adapters/systemClock.ts';
import { scanChunks } from '../engine/chunkScan.ts';
import { EngramError } from '../engine/errors.ts';
import type { CallContext } from '../engine/folderRequests.ts';
import { Importer } from '../engine/importer.ts';
import { EMPTY_MANIFEST } from '../engine/manifest.ts';
import type { FolderIndex, MemoryStore, Transport, Turn } from '../engine/ports.ts';
import type { FolderEnvironment } from '../openFolder.ts';
import type { FolderDatabases } from './databases.ts';

export interface FreshClone {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly close: () => void;
}

/**
 * What a member has who clones now and imports everything: a real import into databases in memory.
 *
 * @param source a folder, or a commit
 * @throws {EngramError} cancelled, store-corrupt, git-failed
 */
export async function freshClone(
  source: Transport & Required<Pick<Transport, 'listChunks'>>,
  parts: { databases: FolderDatabases; environment: FolderEnvironment; turn: Turn; context: CallContext },
): Promise<FreshClone> {
  const { environment, turn, context } = parts;
  const clone = await parts.databases.scratch();
  try {
    const manifest = await source.readManifest().catch((error: unknown) => {
      if (!EngramError.is(error) || error.code === 'git-failed') throw error;
      return EMPTY_MANIFEST;
    });
    const problems = new Map();
    const files = await source.listChunks();
    const chunks = scanChunks({ manifest, files, indexed: new Map(), recorded: new Set(), undone: new Set(), problems });
    const importer = new Importer({
      transport: source,
      store: clone.store,
      index: clone.index,
      clock: systemClock,
      turn,
      problems,
      quarantined: environment.quarantined,
      onReading: environment.onReading,
      checkpoint: async () => undefined,
    });
    await importer.run(chunks, undefined, context);
    return clone;
  } catch (error) {
    clone.close();
    throw error;
  }
}
