import { EngramError } from '../errors.ts';
import { normalizeProject } from '../goText.ts';
import { plainDeleteMutation, relationMutation, sessionMutation, upsertMutation } from '../payloads.ts';
import type { MemoryStore } from '../ports.ts';
import type { ObservationRecord, PromptRecord, RelationRecord, SessionRecord, SyncMutation } from '../records.ts';
import { relationWithProject } from '../rowReader.ts';
import type { RowVersion } from '../versions.ts';
import type { CloudStore, NewMutation } from './cloudPorts.ts';

/** A row of the memories as the journal is told about it; `key` is its identity, also where the row itself has none. */
export type StoredRow =
  | { readonly entity: 'session'; readonly record: SessionRecord }
  | { readonly entity: 'observation'; readonly key: string; readonly record: ObservationRecord }
  | { readonly entity: 'prompt'; readonly key: string; readonly record: PromptRecord }
  | { readonly entity: 'relation'; readonly record: RelationRecord };

/**
 * The journal row that says what the database holds: the stored row, never what a caller asked for, so that a payload cannot disagree with
 * it. A session's directory is never empty, and a row without project gets that of its session: the server refuses the one, and a teammate
 * would lose the other. Fields and their order: docs/formats.md, Cloud.
 *
 * @param store for the project of a row that has none
 */
export function journalUpsert(row: StoredRow, store: Pick<MemoryStore, 'session' | 'observation'>): NewMutation {
  switch (row.entity) {
    case 'session':
      return newMutation(sessionMutation(row.record));
    case 'relation':
      return newMutation(relationMutation(relationWithProject(row.record, projectOfRelation(row.record, store))));
    default: {
      const project = row.record.project || (store.session(row.record.sessionId)?.project ?? '');
      return newMutation(upsertMutation(row.entity, row.key, { ...row.record, ...(project !== '' && { project }) }));
    }
  }
}

/**
 * The journal row of a deletion, in the words of the Go program's own journal.
 *
 * @param version a tombstone
 * @param isHard the row is gone, instead of hidden; a prompt's deletion always is
 */
export function journalDeletion(version: RowVersion, isHard: boolean, store: Pick<MemoryStore, 'session'>): NewMutation {
  const project = version.project || (store.session(version.sessionId)?.project ?? '');
  return newMutation(plainDeleteMutation({ ...version, project }, isHard));
}

/**
 * Lets a project's changes go to the cloud. Nothing is journalled here: what is news for the cloud is found by content before each export,
 * so rows that were acknowledged unsent, or came before any journal, go as well.
 *
 * @returns false when it was enrolled already. @throws {EngramError} invalid-input: a blank name
 */
export function enrollProject(cloud: CloudStore, project: string, at: string): boolean {
  const name = mustBeNamed(project);
  const isNew = cloud.enroll(name, at);
  const target = `cloud:${name}`;
  // The Go program leaves it standing until a sync succeeds, so that the state contradicts the enrolment.
  if (isNew && cloud.syncState(target)?.reasonCode === 'blocked_unenrolled') cloud.markPending(target, at);
  return isNew;
}

/** Keeps a project's changes here from now on. The journal stays as it is. @throws {EngramError} invalid-input: a blank name */
export function unenrollProject(cloud: CloudStore, project: string): void {
  cloud.unenroll(mustBeNamed(project));
}

function mustBeNamed(project: string): string {
  const { normalized } = normalizeProject(project);
  if (normalized === '') throw new EngramError('invalid-input', 'project name must not be empty');
  return normalized;
}

/** A relation has no project of its own; it belongs where its ends belong. */
function projectOfRelation({ sourceId, targetId }: RelationRecord, store: Pick<MemoryStore, 'session' | 'observation'>): string {
  for (const end of [sourceId, targetId]) {
    const row = store.observation(end);
    const project = row?.project || (row && store.session(row.sessionId)?.project);
    if (project) return project;
  }
  return '';
}

function newMutation({ entity, entityKey, op, payload, project }: SyncMutation): NewMutation {
  return { entity, entityKey, op, payload, project };
}
