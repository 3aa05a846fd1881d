import { goLower, goTrim, hashNormalized } from '../../src/engine/goText.ts';
import { normalizeTimestamp } from '../../src/engine/goTime.ts';
import { isGreater } from './chunkFolder.ts';
import { GoError } from './goStruct.ts';
import { atLeastOne, FOREIGN_KEY, needSession } from './importPlain.ts';
import { addObservation, addPrompt, lastObservation, lastPrompt, type MemberDatabase } from './member.ts';
import { decodePayload, type Mutation, type ObservationPayload, PAYLOADS, type PromptPayload, type SessionPayload } from './mutations.ts';

/**
 * Applies one mutation by the rules of v1.16.1: the last one applied wins, whatever its time. Source: spec sync.md §7.5, corrections.md.
 *
 * @param now `datetime('now')`.
 * @throws {GoError}
 */
export function applyMutation(draft: MemberDatabase, mutation: Mutation, now: string): void {
  const apply = RULES.get(mutation.entity);
  if (apply === undefined) throw new GoError(`unknown sync entity ${JSON.stringify(mutation.entity)}`);
  apply(draft, mutation, now);
}

const RULES: ReadonlyMap<string, typeof applyMutation> = new Map([
  ['session', applySession],
  ['observation', applyObservation],
  ['prompt', applyPrompt],
  ['relation', upsertRelation],
]);

function applySession(draft: MemberDatabase, mutation: Mutation, now: string): void {
  const payload = decodePayload(mutation.payload, PAYLOADS.session);
  const id = goTrim(payload.id) === '' ? goTrim(mutation.entityKey) : payload.id;
  const isDelete = mutation.op === 'delete' || payload.deleted || payload.hardDelete || goTrim(payload.deletedAt ?? '') !== '';
  if (isDelete) deleteSession(draft, goTrim(id));
  else upsertSession(draft, { ...payload, id }, now);
}

function deleteSession(draft: MemberDatabase, id: string): void {
  if (id === '') return;
  for (const [rowId, row] of draft.prompts) if (row.sessionId === id) draft.prompts.delete(rowId);
  if (!draft.sessions.has(id)) return;
  for (const row of draft.observations.values()) if (row.sessionId === id) throw new GoError(FOREIGN_KEY);
  draft.sessions.delete(id);
}

function upsertSession(draft: MemberDatabase, payload: SessionPayload, now: string): void {
  const { id, project, directory } = payload;
  const before = draft.sessions.get(id);
  const endedAt = payload.endedAt ?? before?.endedAt;
  const summary = payload.summary ?? before?.summary;
  draft.sessions.set(id, {
    id,
    project,
    directory,
    startedAt: goTrim(payload.startedAt) || now,
    ...(endedAt !== undefined && { endedAt }),
    ...(summary !== undefined && { summary }),
  });
}

function applyObservation(draft: MemberDatabase, mutation: Mutation, now: string): void {
  const payload = decodePayload(mutation.payload, PAYLOADS.observation);
  if (mutation.op === 'delete') deleteObservation(draft, payload, now);
  else upsertObservation(draft, payload, now);
}

function upsertObservation(draft: MemberDatabase, payload: ObservationPayload, now: string): void {
  const { deleted: _deleted, deletedAt: _deletedAt, hardDelete: _hard, ...fields } = payload;
  const before = lastObservation(draft, payload.syncId);
  needSession(draft, payload.sessionId);
  const createdAt = goTrim(payload.createdAt) || before?.createdAt || now;
  const lastSeenAt = payload.lastSeenAt ?? before?.lastSeenAt;
  const row = {
    ...fields,
    scope: scopeOf(payload.scope),
    normalizedHash: hashNormalized(payload.content),
    revisionCount: atLeastOne(payload.revisionCount < 1 ? (before?.revisionCount ?? 1) : payload.revisionCount),
    duplicateCount: atLeastOne(payload.duplicateCount < 1 ? (before?.duplicateCount ?? 1) : payload.duplicateCount),
    ...(lastSeenAt !== undefined && { lastSeenAt }),
    createdAt,
    updatedAt: goTrim(payload.updatedAt) || before?.updatedAt || createdAt,
  };
  if (before) draft.observations.set(before.id, { ...row, id: before.id });
  else addObservation(draft, row);
}

/** v1.16.1 knows a third scope. */
function scopeOf(scope: string): string {
  const known = goTrim(goLower(scope));
  return known === 'personal' || known === 'global' ? known : 'project';
}

/** A soft deletion stamps the row with the time of the import, which is what makes the row news for the next export. */
function deleteObservation(draft: MemberDatabase, payload: ObservationPayload, now: string): void {
  const before = lastObservation(draft, payload.syncId);
  if (!before) return;
  if (payload.hardDelete) draft.observations.delete(before.id);
  else draft.observations.set(before.id, { ...before, deletedAt: payload.deletedAt ?? now, updatedAt: now });
}

function applyPrompt(draft: MemberDatabase, mutation: Mutation, now: string): void {
  const payload = decodePayload(mutation.payload, PAYLOADS.prompt);
  if (mutation.op === 'delete' || payload.deleted || payload.hardDelete) deletePrompt(draft, payload, now);
  else upsertPrompt(draft, payload, now);
}

function upsertPrompt(draft: MemberDatabase, payload: PromptPayload, now: string): void {
  const { syncId, sessionId, content, project } = payload;
  const tombstone = draft.tombstones.get(syncId);
  const time = normalizeTimestamp(payload.createdAt);
  if (tombstone && (time === '' || !isGreater(time, normalizeTimestamp(tombstone.deletedAt)))) return;
  draft.tombstones.delete(syncId);
  needSession(draft, sessionId);
  const before = lastPrompt(draft, syncId);
  const createdAt = goTrim(payload.createdAt) === '' ? (before?.createdAt ?? now) : payload.createdAt;
  const row = { syncId, sessionId, content, createdAt, ...(project !== undefined && { project }) };
  if (before) draft.prompts.set(before.id, { ...row, id: before.id });
  else addPrompt(draft, row);
}

function deletePrompt(draft: MemberDatabase, payload: PromptPayload, now: string): void {
  const { syncId, sessionId, project } = payload;
  if (goTrim(syncId) === '') return;
  for (const [id, row] of draft.prompts) if (row.syncId === syncId) draft.prompts.delete(id);
  const deletedAt = goTrim(payload.deletedAt ?? '') === '' ? now : (payload.deletedAt ?? now);
  draft.tombstones.set(syncId, { syncId, sessionId, deletedAt, ...(project !== undefined && { project }) });
}

/** Whatever its `op`. Both endpoints must be rows already, deleted ones count; rows are counted, not identities. */
function upsertRelation(draft: MemberDatabase, mutation: Mutation): void {
  const dead = 'relation apply permanently failed: payload invalid or undecodable';
  let payload: ReturnType<typeof decodePayload<NonNullable<typeof PAYLOADS.relation.of>>>;
  try {
    payload = decodePayload(mutation.payload, PAYLOADS.relation);
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`${dead}: decode relation payload: ${error.message}`);
    throw error;
  }
  const { sourceId, targetId, syncId } = payload;
  if (goTrim(sourceId) === '' || goTrim(targetId) === '') {
    throw new GoError(`${dead}: relation payload missing required source_id or target_id`);
  }
  let rows = 0;
  for (const row of draft.observations.values()) if (row.syncId === sourceId || row.syncId === targetId) rows += 1;
  if (rows < 2) throw new GoError('relation FK precondition not met: referenced observation missing');
  const before = draft.relations.get(syncId);
  if (!before) draft.lastRelationId += 1;
  const kept = before ? { id: before.id, createdAt: before.createdAt } : { id: draft.lastRelationId };
  draft.relations.set(syncId, { ...payload, ...kept });
}
