import { stringifyGo } from './goJson.ts';
import { normalizeProject } from './goText.ts';
import type { Entity } from './held.ts';
import { observationToJson, promptToJson, relationToJson } from './recordCodec.ts';
import type { JsonObject, JsonValue, ObservationRecord, PromptRecord, RelationRecord, SessionRecord, SyncMutation } from './records.ts';
import { PLACEHOLDER_START, type RowVersion } from './versions.ts';

/**
 * Mutations as the Go programs apply them: payload a JSON string with the fields of `syncObservationPayload` and its like in their order
 * (Engram v1.14.0 `internal/store`, v1.16.1 for relations), `entity_key` equal to the payload's id, the rest of the envelope zero.
 */
export function upsertMutation(entity: 'observation' | 'prompt', key: string, record: ObservationRecord | PromptRecord): SyncMutation {
  const json = 'title' in record ? observationToJson({ ...record, syncId: key }) : promptToJson({ ...record, syncId: key });
  const time = 'title' in record ? record.updatedAt : record.createdAt;
  return mutation({ entity, key, op: 'upsert', payload: without(json, ['id', 'deleted_at']), project: record.project ?? '', at: time });
}

/** A session's whole row: v1.16.1 overwrites, so a missing directory would become empty and a blank start the time of its import. */
export function sessionMutation(record: SessionRecord): SyncMutation {
  const payload = new Map<string, JsonValue>([
    ['id', record.id],
    ['project', record.project],
    ['directory', record.directory || record.project || '(unknown)'],
    ['started_at', record.startedAt || PLACEHOLDER_START],
  ]);
  if (record.endedAt !== undefined) payload.set('ended_at', record.endedAt);
  if (record.summary !== undefined) payload.set('summary', record.summary);
  for (const [key, value] of record.extra ?? []) payload.set(key, value);
  return mutation({
    entity: 'session',
    key: record.id,
    op: 'upsert',
    payload,
    project: record.project,
    at: record.endedAt ?? record.startedAt,
  });
}

/** @param record with its project filled in. */
export function relationMutation(record: RelationRecord): SyncMutation {
  const payload = relationToJson(record);
  return mutation({ entity: 'relation', key: record.syncId, op: 'upsert', payload, project: record.project, at: record.updatedAt });
}

/**
 * A deletion. It goes out as a hard one, because a soft one makes two v1.16.1 members export it to each other for ever; `x_soft` says that
 * here the row stays hidden.
 */
export function deleteMutation(version: RowVersion): SyncMutation {
  const isObservation = version.entity === 'observation';
  const payload = new Map<string, JsonValue>([
    ['sync_id', version.key],
    ['session_id', version.sessionId],
    ...(isObservation
      ? ([
          ['type', ''],
          ['title', ''],
        ] as const)
      : []),
    ['content', ''],
    ...(version.project === '' ? [] : ([['project', version.project]] as const)),
    ...(isObservation
      ? ([
          ['scope', ''],
          ['revision_count', 0],
          ['duplicate_count', 0],
        ] as const)
      : []),
    ['deleted', true],
    ['deleted_at', version.deletedAt],
    ['hard_delete', true],
    ...(isObservation ? ([['x_soft', true]] as const) : []),
  ]);
  return mutation({ entity: version.entity, key: version.key, op: 'delete', payload, project: version.project, at: version.deletedAt });
}

function mutation(of: { entity: Entity; key: string; op: string; payload: JsonObject; project: string; at: string }): SyncMutation {
  return {
    seq: 0,
    targetKey: '',
    entity: of.entity,
    entityKey: of.key,
    op: of.op,
    payload: stringifyGo(of.payload),
    source: '',
    project: normalizeProject(of.project).normalized,
    occurredAt: of.at,
  };
}

function without(json: JsonObject, keys: readonly string[]): JsonObject {
  return new Map([...json].filter(([key]) => !keys.includes(key)));
}
