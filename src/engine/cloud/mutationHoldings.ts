import { holdingsOf } from '../applyChunk.ts';
import type { ChunkVersions } from '../chunkVersions.ts';
import { canonicalJson, parseGoJson } from '../goJson.ts';
import type { Holding, IndexedChunk } from '../held.ts';
import { mergeSessions, packSession, uniteExtra, unpackSession } from '../merge.ts';
import type { FolderIndex, MemoryStore } from '../ports.ts';
import type { JsonObject } from '../records.ts';
import { cloudMutationsId } from './cloudIds.ts';
import { inItsProject } from './projectViews.ts';

/** Remembers that the cloud has these as single mutations: of each identity the merge of all that went or came. */
export function holdAsMutations(parts: { index: FolderIndex; store: MemoryStore; project: string }, versions: ChunkVersions): void {
  const { index, store, project } = parts;
  const chunkId = cloudMutationsId(project);
  if (!index.cloudChunkIds().has(chunkId)) index.putChunk(placeOf(chunkId));
  for (const holding of holdingsOf(chunkId, versions)) {
    const now = inItsProject(holding, store, project);
    const before = index.holdings(holding.entity, holding.key).find((other) => other.chunkId === chunkId);
    index.setHolding(before ? mergeHoldings(before, now) : now);
  }
}

function mergeHoldings(a: Holding, b: Holding): Holding {
  if (a.entity === 'session') return { ...a, json: packSession(mergeSessions(unpackSession(a.json), unpackSession(b.json))) };
  if (a.order !== b.order) return a.order > b.order ? a : b;
  const [left, right] = [a, b].map(({ json }) => (json === '' ? new Map() : (parseGoJson(json) as JsonObject)));
  const united = uniteExtra(left ?? new Map(), right ?? new Map());
  return { ...a, json: united.size === 0 ? '' : canonicalJson(united) };
}

/** What stands in for a chunk that is none. */
export function placeOf(id: IndexedChunk['id']): IndexedChunk {
  const counts = { sessions: 0, memories: 0, prompts: 0, relations: 0, rejected: 0 };
  return { id, sha256: '', createdBy: '', createdAt: '', ...counts, exportedHere: false, merged: true, size: 0, mtimeMs: 0 };
}
