import { systemClock } from '../adapters/systemClock.ts';
import { chunkVersions } from '../engine/chunkVersions.ts';
import { EngramError } from '../engine/errors.ts';
import type { ChunkId } from '../engine/manifest.ts';
import type { Turn } from '../engine/ports.ts';
import type { ChunkData } from '../engine/records.ts';
import { ImportUndo } from '../engine/undo.ts';
import type { ReadVersions } from '../engine/undoPlan.ts';
import type { OpenDatabases } from './databases.ts';

/** The undo of one chunk's import over a folder's databases; earlier versions are read from the files of the other chunks. */
export function undoOf(
  chunkId: ChunkId,
  parts: { readonly databases: OpenDatabases; readonly turn: Turn; readonly readChunk: (id: ChunkId) => Promise<ChunkData> },
): ImportUndo {
  const { databases, turn, readChunk } = parts;
  const readVersions: ReadVersions = async (id) => {
    const data = await readChunk(id).catch(asAbsent);
    if (!data) return undefined;
    const { rows, relations } = await chunkVersions(data, turn);
    return new Map([...rows, ...relations].map(([key, { version }]) => [key, version] as const));
  };
  return new ImportUndo({ store: databases.store, index: databases.index, turn, clock: systemClock, readVersions }, chunkId);
}

/** A chunk that cannot be read now; anything else ends the request. */
function asAbsent(error: unknown): undefined {
  const isOfTheChunk = EngramError.is(error) && /^(chunk-|not-found$|not-regular-file$)/.test(error.code);
  if (!isOfTheChunk) throw error;
}
