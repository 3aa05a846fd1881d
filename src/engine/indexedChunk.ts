import type { ScannedChunk } from './chunkScan.ts';
import type { ChunkVersions } from './chunkVersions.ts';
import type { IndexedChunk } from './held.ts';

/** What the index keeps of a chunk that was read, besides its holdings. */
export function indexedChunk(
  of: { chunk: ScannedChunk; sha256: string; rejected: number; createdAt: string; exportedHere: boolean },
  versions: ChunkVersions,
): IndexedChunk {
  const { chunk, sha256, rejected, createdAt, exportedHere } = of;
  const rows = [...versions.rows.values()].filter((row) => row.inArray);
  return {
    id: chunk.id,
    sha256,
    createdBy: chunk.entry?.createdBy ?? '',
    createdAt,
    sessions: [...versions.sessions.values()].filter((session) => session.inArray).length,
    memories: rows.filter((row) => row.version.entity === 'observation').length,
    prompts: rows.filter((row) => row.version.entity === 'prompt').length,
    relations: versions.relations.size,
    rejected,
    exportedHere,
    merged: chunk.indexed?.merged ?? false,
    size: chunk.file?.size ?? 0,
    mtimeMs: chunk.file?.mtimeMs ?? 0,
  };
}
