import type { ChunkExam } from './examineChunk.ts';
import { type FolderExam, listedChunks } from './folderExam.ts';
import { chunkItem, counted, findingAbout, type HealthFinding, type HealthFix } from './health.ts';

/**
 * Relations at which v1.16.1 (and 1.20) stall: an end that nobody holds, that only arrives deleted or was deleted for good before, that
 * stands behind the relation in its own chunk, or both ends the same (golden `mutations-relation-*`; sync.md F7).
 */
export function relationFindings(folder: FolderExam): HealthFinding[] {
  const chunks = listedChunks(folder);
  const present = new Set<string>();
  const liveBehind = laterLiveKeys(chunks.map(({ exam }) => exam));
  const items = chunks.flatMap(({ chunk, exam }, at) => {
    const own = liveKeys(exam);
    const reason = exam.mutations
      .map((mutation, index) => faultOf({ exam, index, ends: mutation.ends, present, own, behind: liveBehind[at] ?? new Set() }))
      .find((fault) => fault !== undefined);
    follow(exam, present);
    return reason === undefined ? [] : [chunkItem(chunk.id, reason)];
  });
  const sentence = `${counted(items.length, 'chunk has', 'chunks have')} a relation that Engram 1.16 cannot store: it stalls at the chunk at every import. Here the relation waits until both memories are known.`;
  const fix: HealthFix = {
    kind: 'words',
    text: 'Share the missing memory if it should live. Otherwise only an update of the members with Engram 1.16 to 1.20 helps: from 3.0 on the program waits as well.',
  };
  return findingAbout({ code: 'older-relation', severity: 'error', sentence, subject: 'chunks', fix }, items);
}

interface RelationPlace {
  readonly exam: ChunkExam;
  readonly index: number;
  readonly ends: readonly [string, string] | undefined;
  readonly present: ReadonlySet<string>;
  readonly own: ReadonlySet<string>;
  readonly behind: ReadonlySet<string>;
}

function faultOf({ exam, index, ends, present, own, behind }: RelationPlace): string | undefined {
  if (!ends) return undefined;
  const [source, target] = ends;
  if (source === target) return 'a relation of a memory with itself';
  for (const end of ends) {
    if (present.has(end) || arrayKeys(exam).has(end)) continue;
    const isBefore = exam.mutations.slice(0, index).some((one) => one.entity === 'observation' && one.key === end && one.op === 'upsert');
    if (isBefore) continue;
    if (own.has(end)) return 'a relation in front of its memory';
    // v1.16.1 tries a chunk again after those behind it.
    if (!behind.has(end)) return 'a relation to a memory that no chunk brings';
  }
  return undefined;
}

function arrayKeys(exam: ChunkExam): ReadonlySet<string> {
  return new Set(exam.rows.filter((row) => row.entity === 'observation' && !row.isDeleted).map((row) => row.key));
}

function liveKeys(exam: ChunkExam): Set<string> {
  const keys = new Set(arrayKeys(exam));
  for (const { entity, op, key } of exam.mutations) if (entity === 'observation' && op === 'upsert') keys.add(key);
  return keys;
}

/** A soft-deleted row is still there for a foreign key, a hard-deleted one is not. */
function follow(exam: ChunkExam, present: Set<string>): void {
  for (const key of liveKeys(exam)) present.add(key);
  for (const { entity, op, key } of exam.mutations) if (entity === 'observation' && op === 'hard-delete') present.delete(key);
}

function laterLiveKeys(exams: readonly ChunkExam[]): readonly ReadonlySet<string>[] {
  const later: ReadonlySet<string>[] = [];
  let behind = new Set<string>();
  for (const exam of exams.toReversed()) {
    later.unshift(behind);
    behind = new Set([...behind, ...liveKeys(exam)]);
  }
  return later;
}
