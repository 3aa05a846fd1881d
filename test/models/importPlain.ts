import { goTrim, hashNormalized, normalizeScope, normalizeTopicKey } from '../../src/engine/goText.ts';
import type { Int, ObservationRecord, PromptRecord } from '../../src/engine/records.ts';
import { type GoChunk, type ModelFolder, named, readChunk, readManifest } from './chunkFolder.ts';
import { GoError } from './goStruct.ts';
import { addObservation, addPrompt, type Member, type MemberDatabase, transaction } from './member.ts';

/** Go `sync.ImportResult`. */
export interface ImportCounts {
  chunksImported: number;
  chunksSkipped: number;
  sessionsImported: number;
  observationsImported: number;
  promptsImported: number;
}

export function noCounts(): ImportCounts {
  return { chunksImported: 0, chunksSkipped: 0, sessionsImported: 0, observationsImported: 0, promptsImported: 0 };
}

export const FOREIGN_KEY = 'constraint failed: FOREIGN KEY constraint failed (787)';

/**
 * The local import of v1.14.0: manifest order, one pass, plain INSERTs; mutations are type-checked and ignored. Chunks before the one
 * that stops it stay. Source: spec sync.md §5.
 *
 * @throws {GoError}
 */
export function importPlain(member: Member, folder: ModelFolder): ImportCounts {
  const counts = noCounts();
  for (const { id } of readManifest(folder).chunks) {
    const chunk = member.database.chunks.has(id) ? undefined : readChunk(folder, id);
    if (chunk === undefined) {
      counts.chunksSkipped += 1;
      continue;
    }
    const added = named(`import chunk ${id}`, () => transaction(member, (draft) => insertChunk(member, draft, chunk)));
    member.database.chunks.add(id);
    counts.chunksImported += 1;
    counts.sessionsImported += added;
    counts.observationsImported += chunk.observations.length;
    counts.promptsImported += chunk.prompts.length;
  }
  return counts;
}

/** @returns how many sessions were new. */
function insertChunk(member: Member, draft: MemberDatabase, chunk: GoChunk): number {
  const before = draft.sessions.size;
  for (const session of chunk.sessions) if (!draft.sessions.has(session.id)) draft.sessions.set(session.id, session);
  const added = draft.sessions.size - before;
  for (const row of chunk.observations) named(`import observation ${row.id}`, () => insertObservation(member, draft, row));
  for (const row of chunk.prompts) named(`import prompt ${row.id}`, () => insertPrompt(member, draft, row));
  return added;
}

function insertObservation(member: Member, draft: MemberDatabase, row: ObservationRecord): void {
  needSession(draft, row.sessionId);
  const { topicKey, ...rest } = row;
  const topic = normalizeTopicKey(topicKey ?? '');
  addObservation(draft, {
    ...rest,
    syncId: keptOrRandom(member, 'obs', row.syncId),
    scope: normalizeScope(row.scope),
    ...(topic !== '' && { topicKey: topic }),
    normalizedHash: hashNormalized(row.content),
    revisionCount: atLeastOne(row.revisionCount),
    duplicateCount: atLeastOne(row.duplicateCount),
  });
}

function insertPrompt(member: Member, draft: MemberDatabase, row: PromptRecord): void {
  needSession(draft, row.sessionId);
  addPrompt(draft, { ...row, syncId: keptOrRandom(member, 'prompt', row.syncId), project: row.project ?? '' });
}

function keptOrRandom(member: Member, prefix: string, syncId: string): string {
  return goTrim(syncId) === '' ? `${prefix}-${member.randomHex(8)}` : syncId;
}

export function needSession(database: MemberDatabase, id: string): void {
  if (!database.sessions.has(id)) throw new GoError(FOREIGN_KEY);
}

export function atLeastOne(count: Int): Int {
  return count < 1 ? 1 : count;
}
