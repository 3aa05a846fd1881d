import { EngramError } from './errors.ts';
import { canonicalJson, getFold } from './goJson.ts';
import { goTrim } from './goText.ts';
import { decodeMutationPayload, observationToJson, promptToJson, sessionToJson } from './recordCodec.ts';
import type { ChunkData, JsonObject, JsonValue, ObservationRecord, SyncMutation } from './records.ts';

/**
 * How the Go program turns a chunk into the list of changes that it applies: in every cloud import, and since v1.16 in local ones, too
 * (`importEntriesDependencySafe`). Ours merges versions instead, in any order; these rules say what a teammate's program makes of a chunk.
 */

/**
 * One mutation for each row of the arrays, in their order: an upsert of the whole row, a delete where an observation has `deleted_at`.
 * Payloads have sorted keys and `null` for what is absent; the rest of the envelope is empty (Go `synthesizeMutationsFromChunk`).
 * Unknown fields of the rows go along.
 */
export function synthesizeMutations(chunk: ChunkData): readonly SyncMutation[] {
  return [
    ...chunk.sessions.map((row) => mutation('session', goTrim(row.id), 'upsert', { ...NO_SESSION, ...members(sessionToJson(row)) })),
    ...chunk.observations.map(observationMutation),
    ...chunk.prompts.map((row) => {
      const { id: _, ...payload } = members(promptToJson(row));
      return mutation('prompt', goTrim(row.syncId), 'upsert', { project: '', ...payload });
    }),
  ];
}

/**
 * The changes that a chunk stands for. Without explicit mutations those of its arrays. Else the explicit ones, in order, behind those of
 * the arrays that name no identity of theirs; of the sessions only those that one of the kept changes needs (Go `buildImportMutations`).
 */
export function buildImportMutations(chunk: ChunkData): readonly SyncMutation[] {
  const explicit = chunk.mutations ?? [];
  const synthesized = synthesizeMutations(chunk);
  if (explicit.length === 0) return synthesized;
  const named = new Set(explicit.map(mutationIdentityKey));
  const kept = synthesized.filter((candidate) => !named.has(mutationIdentityKey(candidate)));
  const needed = new Set([...kept.filter(({ entity }) => entity !== 'session'), ...explicit].flatMap(sessionOf));
  return [...kept.filter(({ entity, entityKey }) => entity !== 'session' || needed.has(entityKey)), ...explicit];
}

/**
 * The order of applying, stable: upserts of sessions, whatever is no delete, deletes, deletes of sessions. A delete with a newer upsert of the
 * same key in the same list therefore ends deleted (Go `orderMutationsForApply`).
 */
export function orderMutationsForApply(mutations: readonly SyncMutation[]): readonly SyncMutation[] {
  return mutations.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** Only the last mutation of each identity, where it stands (Go `effectiveMutationsForImport`). */
export function effectiveMutations(mutations: readonly SyncMutation[]): readonly SyncMutation[] {
  const last = new Map(mutations.map((candidate, index) => [mutationIdentityKey(candidate), index]));
  return mutations.filter((candidate, index) => last.get(mutationIdentityKey(candidate)) === index);
}

/** What the Go program says it has imported: the upserts among the effective mutations, whether they change anything or not. */
export function countUpserts(mutations: readonly SyncMutation[]): { readonly sessions: number; observations: number; prompts: number } {
  const upserts = effectiveMutations(mutations).filter((candidate) => !isDelete(candidate));
  const count = (entity: string): number => upserts.filter((candidate) => candidate.entity === entity).length;
  return { sessions: count('session'), observations: count('observation'), prompts: count('prompt') };
}

const NO_SESSION = { ended_at: null, summary: null };
const NO_OBSERVATION = { tool_name: null, project: null, topic_key: null, last_seen_at: null, deleted_at: null, hard_delete: false };

function observationMutation(row: ObservationRecord): SyncMutation {
  const { id: _, ...fields } = members(observationToJson(row));
  const deleted = row.deletedAt !== undefined;
  return mutation('observation', goTrim(row.syncId), deleted ? 'delete' : 'upsert', { ...NO_OBSERVATION, ...fields, deleted });
}

function members(json: JsonObject): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(json);
}

function mutation(entity: string, entityKey: string, op: string, payload: Readonly<Record<string, JsonValue>>): SyncMutation {
  const text = canonicalJson(new Map(Object.entries(payload)));
  return { seq: 0, targetKey: '', entity, entityKey, op, payload: text, source: '', project: '', occurredAt: '' };
}

/** One text for all mutations of one record: entity, colon, trimmed key (Go `sync.mutationIdentityKey`). */
export function mutationIdentityKey(of: Pick<SyncMutation, 'entity' | 'entityKey'>): string {
  return `${of.entity}:${goTrim(of.entityKey)}`;
}

function isDelete(of: SyncMutation): boolean {
  return goTrim(of.op) === 'delete';
}

/** Names with spaces around them are other names here. */
function rankOf({ entity, op }: SyncMutation): number {
  if (op === 'delete') return entity === 'session' ? 3 : 2;
  return entity === 'session' && op === 'upsert' ? 0 : 1;
}

/** The session that an upsert needs to be there. A payload that cannot be read needs none: applying it fails anyway. */
function sessionOf(of: SyncMutation): readonly string[] {
  if (of.op !== 'upsert') return [];
  if (of.entity === 'session') return [goTrim(of.entityKey)];
  if (of.entity !== 'observation' && of.entity !== 'prompt') return [];
  try {
    const session = getFold(decodeMutationPayload(of.payload), 'session_id');
    return typeof session === 'string' ? [goTrim(session)] : [];
  } catch (error) {
    if (EngramError.is(error)) return [];
    throw error;
  }
}
