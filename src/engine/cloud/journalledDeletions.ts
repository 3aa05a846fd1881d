import { holdingsOf } from '../applyChunk.ts';
import type { ChunkVersions } from '../chunkVersions.ts';
import { versionKey } from '../chunkVersions.ts';
import type { FolderIndex, MemoryStore } from '../ports.ts';
import type { RowVersion } from '../versions.ts';
import { journalId } from './cloudIds.ts';
import type { CloudStore } from './cloudPorts.ts';
import { placeOf } from './mutationHoldings.ts';
import { readPending } from './pendingRows.ts';

/**
 * Lets the index know of deletions that only the journal tells: a Go program deletes the row itself and leaves no other trace. Without that
 * an import before the next export would bring such a memory back. Called inside a transaction of the index.
 */
export function holdJournalledDeletions(parts: {
  readonly cloud: CloudStore;
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly project: string;
}): void {
  const { cloud, store, index, project } = parts;
  const id = journalId(project);
  const deletions = [...readPending(cloud, store, project).rows.values()].flatMap(({ version }) => (isDeletion(version) ? [version] : []));
  if (deletions.length > 0) index.putChunk(placeOf(id));
  else if (index.cloudChunkIds().has(id)) index.removeChunk(id);
  const rows = new Map(deletions.map((version) => [versionKey(version.entity, version.key), { version, inArray: false }]));
  const versions: ChunkVersions = { sessions: new Map(), rows, relations: new Map(), rejected: [] };
  for (const holding of holdingsOf(id, versions)) index.addHolding(holding);
}

function isDeletion(version: { readonly entity: string }): version is RowVersion {
  return version.entity !== 'session' && version.entity !== 'relation' && 'record' in version && version.record === undefined;
}
