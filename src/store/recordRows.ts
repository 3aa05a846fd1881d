import { hashNormalized } from '../engine/goText.ts';
import type { SqlRow, SqlValue } from '../engine/ports.ts';
import type {
  Int,
  JsonNumber,
  ObservationRecord,
  PromptRecord,
  PromptTombstone,
  RelationRecord,
  SessionRecord,
} from '../engine/records.ts';
import { intOf, nullable, optionalText, textOf } from './columns.ts';

/**
 * The records as rows of the Go program's tables. Absent is NULL and `''` is `''`, so record to row to record is the identity, but for what the
 * tables have no column for: `extra`, and the project of a relation.
 */
export const SESSION_COLUMNS = 'id, project, directory, started_at, ended_at, summary';
export const OBSERVATION_COLUMNS =
  'sync_id, session_id, type, title, content, tool_name, project, scope, topic_key, revision_count, duplicate_count, last_seen_at, created_at, updated_at, deleted_at';
export const PROMPT_COLUMNS = 'sync_id, session_id, content, project, created_at';
export const TOMBSTONE_COLUMNS = 'sync_id, session_id, project, deleted_at';
export const RELATION_COLUMNS =
  'sync_id, source_id, target_id, relation, reason, evidence, confidence, judgment_status, marked_by_actor, marked_by_kind, marked_by_model, session_id, created_at, updated_at';

export function sessionOf(row: SqlRow): SessionRecord {
  return {
    id: textOf(row, 'id'),
    project: textOf(row, 'project'),
    directory: textOf(row, 'directory'),
    startedAt: textOf(row, 'started_at'),
    ...optionalText(row, 'ended_at', 'endedAt'),
    ...optionalText(row, 'summary', 'summary'),
  };
}

export function sessionValues(record: SessionRecord): SqlValue[] {
  return [record.id, record.project, record.directory, record.startedAt, nullable(record.endedAt), nullable(record.summary)];
}

export function observationOf(row: SqlRow): ObservationRecord {
  return {
    id: intOf(row, 'id', 0),
    syncId: textOf(row, 'sync_id'),
    sessionId: textOf(row, 'session_id'),
    type: textOf(row, 'type'),
    title: textOf(row, 'title'),
    content: textOf(row, 'content'),
    ...optionalText(row, 'tool_name', 'toolName'),
    ...optionalText(row, 'project', 'project'),
    scope: textOf(row, 'scope'),
    ...optionalText(row, 'topic_key', 'topicKey'),
    revisionCount: intOf(row, 'revision_count', 1),
    duplicateCount: intOf(row, 'duplicate_count', 1),
    ...optionalText(row, 'last_seen_at', 'lastSeenAt'),
    createdAt: textOf(row, 'created_at'),
    updatedAt: textOf(row, 'updated_at'),
    ...optionalText(row, 'deleted_at', 'deletedAt'),
  };
}

/** In the order of {@link OBSERVATION_COLUMNS}, then `normalized_hash`. */
export function observationValues(record: ObservationRecord): SqlValue[] {
  return [
    record.syncId,
    record.sessionId,
    record.type,
    record.title,
    record.content,
    nullable(record.toolName),
    nullable(record.project),
    record.scope,
    nullable(record.topicKey),
    record.revisionCount,
    record.duplicateCount,
    nullable(record.lastSeenAt),
    record.createdAt,
    record.updatedAt,
    nullable(record.deletedAt),
    hashNormalized(record.content),
  ];
}

export function promptOf(row: SqlRow): PromptRecord {
  return {
    id: intOf(row, 'id', 0),
    syncId: textOf(row, 'sync_id'),
    sessionId: textOf(row, 'session_id'),
    content: textOf(row, 'content'),
    ...optionalText(row, 'project', 'project'),
    createdAt: textOf(row, 'created_at'),
  };
}

export function promptValues(record: PromptRecord): SqlValue[] {
  return [record.syncId, record.sessionId, record.content, nullable(record.project), record.createdAt];
}

export function tombstoneOf(row: SqlRow): PromptTombstone {
  return {
    syncId: textOf(row, 'sync_id'),
    sessionId: textOf(row, 'session_id'),
    project: textOf(row, 'project'),
    deletedAt: textOf(row, 'deleted_at'),
  };
}

export function relationOf(row: SqlRow): RelationRecord {
  const confidence = realOf(row['confidence']);
  return {
    syncId: textOf(row, 'sync_id'),
    sourceId: textOf(row, 'source_id'),
    targetId: textOf(row, 'target_id'),
    relation: textOf(row, 'relation'),
    ...optionalText(row, 'reason', 'reason'),
    ...optionalText(row, 'evidence', 'evidence'),
    ...(confidence !== undefined && { confidence }),
    judgmentStatus: textOf(row, 'judgment_status'),
    ...optionalText(row, 'marked_by_actor', 'markedByActor'),
    ...optionalText(row, 'marked_by_kind', 'markedByKind'),
    ...optionalText(row, 'marked_by_model', 'markedByModel'),
    ...optionalText(row, 'session_id', 'sessionId'),
    project: '',
    createdAt: textOf(row, 'created_at'),
    updatedAt: textOf(row, 'updated_at'),
  };
}

export function relationValues(record: RelationRecord): SqlValue[] {
  return [
    record.syncId,
    record.sourceId,
    record.targetId,
    record.relation,
    nullable(record.reason),
    nullable(record.evidence),
    toReal(record.confidence),
    record.judgmentStatus,
    nullable(record.markedByActor),
    nullable(record.markedByKind),
    nullable(record.markedByModel),
    nullable(record.sessionId),
    record.createdAt,
    record.updatedAt,
  ];
}

/** JavaScript and Go's encoder write a 64-bit float with the same digits. */
function realOf(value: SqlValue | undefined): Int | JsonNumber | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isSafeInteger(value) ? value : { raw: String(value) };
}

function toReal(value: Int | JsonNumber | undefined): SqlValue {
  if (value === undefined) return null;
  const real = Number(typeof value === 'object' ? value.raw : value);
  return Number.isFinite(real) ? real : null;
}
