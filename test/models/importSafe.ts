import { goTrim } from '../../src/engine/goText.ts';
import { applyMutation } from './applyMutation.ts';
import { type GoChunk, type GoEntry, type ModelFolder, named, readChunk, readManifest } from './chunkFolder.ts';
import { GoError } from './goStruct.ts';
import { type ImportCounts, noCounts } from './importPlain.ts';
import { type Member, nowText, transaction } from './member.ts';
import { identityOf, mutationsOf, ordered, sessionsOf } from './mutations.ts';

/**
 * The local import of v1.16.1: passes over what is pending, in manifest order, until nothing is left or a pass brings nothing; every chunk
 * is read first. Source: spec sync.md §6, §9, corrections.md.
 *
 * @throws {GoError} of a chunk that cannot be read, or `dependency-safe local import stalled after …`; what was applied before stays.
 */
export function importSafe(member: Member, folder: ModelFolder): ImportCounts {
  const counts = noCounts();
  const entries = readManifest(folder).chunks;
  let pending = entries.filter((entry) => !member.database.chunks.has(entry.id));
  counts.chunksSkipped = entries.length - pending.length;
  if (pending.length === 0) return counts;
  const provided = sessionsInChunks(member, folder, entries);
  for (let pass = 1; pending.length > 0; pass += 1) {
    const errors = new Map<string, string>();
    const left: GoEntry[] = [];
    const before = counts.chunksImported;
    for (const entry of pending) {
      const chunk = readChunk(folder, entry.id);
      if (chunk === undefined) counts.chunksSkipped += 1;
      else {
        const error = importOne({ member, counts, provided }, entry.id, chunk);
        if (error === undefined) continue;
        errors.set(entry.id, error);
        left.push(entry);
      }
    }
    const [stalled] = left;
    if (stalled && counts.chunksImported === before) {
      const reason = `${errors.get(stalled.id)}`;
      throw new GoError(`dependency-safe local import stalled after ${pass} pass(es); chunk ${stalled.id}: ${reason}`);
    }
    pending = left;
  }
  return counts;
}

interface Run {
  readonly member: Member;
  readonly counts: ImportCounts;
  /** Sessions that some chunk of the manifest brings. */
  readonly provided: ReadonlySet<string>;
}

/** @returns why the chunk waits for the next pass. */
function importOne({ member, counts, provided }: Run, id: string, chunk: GoChunk): string | undefined {
  const error = apply(member, id, chunk);
  if (error === undefined) return count(counts, chunk);
  const recovered = withMissingSessions(member, chunk, provided);
  const last = recovered === undefined ? error : apply(member, id, recovered);
  if (recovered && last === undefined) return count(counts, recovered);
  const needed = [...sessionsOf(mutationsOf(chunk)).keys()].sort();
  return needed.length === 0 ? last : `${last}; pending session dependencies: ${needed.join(', ')}`;
}

function apply(member: Member, id: string, chunk: GoChunk): string | undefined {
  try {
    if (goTrim(id) === '') throw new GoError('chunk id is required');
    if (member.database.chunks.has(id)) return undefined;
    const now = nowText(member);
    transaction(member, (draft) => {
      for (const [index, mutation] of ordered(mutationsOf(chunk)).entries()) {
        named(`apply chunk mutation ${index}`, () => applyMutation(draft, mutation, now));
      }
      draft.chunks.add(id);
    });
    return undefined;
  } catch (error) {
    if (error instanceof GoError) return error.message;
    throw error;
  }
}

/** A session that neither the database nor any chunk has is made up. */
function withMissingSessions(member: Member, chunk: GoChunk, provided: ReadonlySet<string>): GoChunk | undefined {
  const missing = [...sessionsOf(mutationsOf(chunk))].filter(([id]) => !provided.has(id) && !member.database.sessions.has(id));
  if (missing.length === 0) return undefined;
  const stubs = missing
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, project]) => {
      return { id, project, directory: '(recovered-missing-session)', startedAt: '1970-01-01 00:00:00' };
    });
  return { ...chunk, sessions: [...stubs, ...chunk.sessions] };
}

/** A chunk that is imported already may be missing or damaged; another one stops the import. */
function sessionsInChunks(member: Member, folder: ModelFolder, entries: readonly GoEntry[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { id } of entries) {
    for (const mutation of mutationsIfReadable(member, folder, id)) {
      const key = goTrim(mutation.entityKey);
      if (mutation.entity === 'session' && mutation.op === 'upsert' && key !== '') ids.add(key);
    }
  }
  return ids;
}

function mutationsIfReadable(member: Member, folder: ModelFolder, id: string): ReturnType<typeof mutationsOf> {
  try {
    const chunk = readChunk(folder, id);
    return chunk === undefined ? [] : mutationsOf(chunk);
  } catch (error) {
    if (error instanceof GoError && member.database.chunks.has(id)) return [];
    throw error;
  }
}

/** An estimate: the last mutation of each identity, whether it changed anything or not. */
function count(counts: ImportCounts, chunk: GoChunk): undefined {
  const last = new Map(mutationsOf(chunk).map((mutation) => [identityOf(mutation), mutation]));
  counts.chunksImported += 1;
  for (const { entity, op } of last.values()) {
    if (op === 'delete') continue;
    if (entity === 'session') counts.sessionsImported += 1;
    if (entity === 'observation') counts.observationsImported += 1;
    if (entity === 'prompt') counts.promptsImported += 1;
  }
}
