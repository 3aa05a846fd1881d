import { hashNormalized, normalizeProject, normalizeScope, normalizeTopicKey, stripPrivateTags } from '../../src/engine/goText.ts';
import { formatInstant } from '../../src/engine/goTime.ts';
import { GoError } from './goStruct.ts';
import { needSession } from './importPlain.ts';
import { addObservation, addPrompt, type Member, type MemberDatabase, nowText, type ObservationRow, transaction } from './member.ts';

/** What a member does to the own database, as both releases do it (spec database.md §8). Contents are not cut to 50,000 bytes. */
export interface Memory {
  readonly sessionId: string;
  readonly title: string;
  readonly content: string;
  readonly type?: string;
  readonly project?: string;
  readonly scope?: string;
  readonly topicKey?: string;
}

const REPEAT_MS = 15 * 60_000;

/** Go `CreateSession`: an existing session only gets what it lacks. */
export function createSession(member: Member, id: string, project: string, directory: string): void {
  const before = member.database.sessions.get(id);
  const known = { project: before?.project || normalizeProject(project).normalized, directory: before?.directory || directory };
  member.database.sessions.set(id, { ...(before ?? { id, startedAt: nowText(member) }), ...known });
}

/** Go `EndSession`; an unknown id is no error. */
export function endSession(member: Member, id: string, summary: string): void {
  const before = member.database.sessions.get(id);
  if (!before) return;
  const { summary: _, ...rest } = before;
  member.database.sessions.set(id, { ...rest, endedAt: nowText(member), ...(summary !== '' && { summary }) });
}

/** Go `DeleteSession`. @throws {GoError} where any observation, deleted ones too, is in it. */
export function deleteSession(member: Member, id: string): void {
  const rows = [...member.database.observations.values()].filter((row) => row.sessionId === id).length;
  if (rows > 0) throw new GoError(`session still has observations: session ${JSON.stringify(id)} has ${rows} observation(s)`);
  for (const [rowId, row] of member.database.prompts) if (row.sessionId === id) member.database.prompts.delete(rowId);
  member.database.sessions.delete(id);
}

/**
 * Go `AddObservation`: a live row of the same topic gets a new revision, the same text within 15 minutes is counted, anything else is new.
 *
 * @returns the `sync_id`.
 */
export function saveMemory(member: Member, memory: Memory): string {
  return transaction(member, (draft) => {
    const row = prepare(member, memory);
    const alike = [...draft.observations.values()].filter((one) => {
      return one.deletedAt === undefined && (one.project ?? '') === (row.project ?? '') && one.scope === row.scope;
    });
    const same = row.topicKey === undefined ? undefined : latest(alike.filter((one) => one.topicKey === row.topicKey));
    if (same) return revise(draft, same, row);
    const since = formatInstant(member.now() - REPEAT_MS);
    const again = latest(alike.filter((one) => isSameText(one, row) && one.createdAt >= since));
    if (again) return countAgain(draft, again, row.updatedAt);
    needSession(draft, row.sessionId);
    return addObservation(draft, row).syncId;
  });
}

function prepare(member: Member, memory: Memory): Omit<ObservationRow, 'id'> {
  const now = nowText(member);
  const content = stripPrivateTags(memory.content);
  const project = normalizeProject(memory.project ?? '').normalized;
  const topicKey = normalizeTopicKey(memory.topicKey ?? '');
  return {
    syncId: `obs-${member.randomHex(8)}`,
    sessionId: memory.sessionId,
    type: memory.type ?? 'manual',
    title: stripPrivateTags(memory.title),
    content,
    ...(project !== '' && { project }),
    scope: normalizeScope(memory.scope ?? ''),
    ...(topicKey !== '' && { topicKey }),
    normalizedHash: hashNormalized(content),
    revisionCount: 1,
    duplicateCount: 1,
    lastSeenAt: now,
    createdAt: now,
    updatedAt: now,
  };
}

function isSameText(one: ObservationRow, row: Omit<ObservationRow, 'id'>): boolean {
  return one.normalizedHash === row.normalizedHash && one.type === row.type && one.title === row.title;
}

function latest(rows: readonly ObservationRow[]): ObservationRow | undefined {
  return rows.toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0))[0];
}

/** Session and creation time stay those of the first. */
function revise(draft: MemberDatabase, before: ObservationRow, row: Omit<ObservationRow, 'id'>): string {
  const { id, syncId, sessionId, createdAt, duplicateCount } = before;
  const revisionCount = Number(before.revisionCount) + 1;
  draft.observations.set(id, { ...row, id, syncId, sessionId, createdAt, duplicateCount, revisionCount });
  return syncId;
}

function countAgain(draft: MemberDatabase, before: ObservationRow, now: string): string {
  const duplicateCount = Number(before.duplicateCount) + 1;
  draft.observations.set(before.id, { ...before, duplicateCount, lastSeenAt: now, updatedAt: now });
  return before.syncId;
}

/** Go `UpdateObservation`. @throws {GoError} where there is no such live row. */
export function editMemory(member: Member, id: number, patch: { readonly title?: string; readonly content?: string }): void {
  const row = member.database.observations.get(id);
  if (!row || row.deletedAt !== undefined) throw new GoError('sql: no rows in result set');
  const content = stripPrivateTags(patch.content ?? row.content);
  member.database.observations.set(id, {
    ...row,
    title: stripPrivateTags(patch.title ?? row.title),
    content,
    normalizedHash: hashNormalized(content),
    revisionCount: Number(row.revisionCount) + 1,
    updatedAt: nowText(member),
  });
}

/** Go `DeleteObservation`. A hard deletion leaves no trace but its relations, marked as orphans. @throws {GoError} where there is no such row. */
export function deleteMemory(member: Member, id: number, isHard: boolean): void {
  const { observations, relations } = member.database;
  const row = observations.get(id);
  if (!row || (!isHard && row.deletedAt !== undefined)) throw new GoError('observation not found');
  if (!isHard) {
    const now = nowText(member);
    observations.set(id, { ...row, deletedAt: now, updatedAt: now });
    return;
  }
  observations.delete(id);
  for (const [key, relation] of relations) {
    const isOrphan = relation.sourceId === row.syncId || relation.targetId === row.syncId;
    if (isOrphan) relations.set(key, { ...relation, judgmentStatus: 'orphaned' });
  }
}

/** Go `AddPrompt`. @returns the `sync_id`. */
export function savePrompt(
  member: Member,
  prompt: { readonly sessionId: string; readonly content: string; readonly project?: string },
): string {
  return transaction(member, (draft) => {
    needSession(draft, prompt.sessionId);
    const project = normalizeProject(prompt.project ?? '').normalized;
    const row = { syncId: `prompt-${member.randomHex(8)}`, sessionId: prompt.sessionId, content: stripPrivateTags(prompt.content) };
    return addPrompt(draft, { ...row, ...(project !== '' && { project }), createdAt: nowText(member) }).syncId;
  });
}

/** Go `DeletePrompt`: the row goes, a tombstone stays. @throws {GoError} where there is no such row. */
export function deletePrompt(member: Member, id: number): void {
  const { prompts, tombstones } = member.database;
  const row = prompts.get(id);
  if (!row) throw new GoError('prompt not found');
  prompts.delete(id);
  const { syncId, sessionId, project } = row;
  tombstones.set(syncId, { syncId, sessionId, ...(project !== undefined && { project }), deletedAt: nowText(member) });
}
