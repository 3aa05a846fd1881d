import { EngramError } from './errors.ts';
import { getFold } from './goJson.ts';
import { goTrim } from './goText.ts';
import type { Entity } from './held.ts';
import { mergeRows, mergeSessions } from './merge.ts';
import type { Turn } from './ports.ts';
import { decodeMutationPayload, observationFromJson, promptFromJson, relationFromJson, sessionFromJson } from './recordCodec.ts';
import type { ChunkData, JsonObject, JsonValue, RejectedRecord, SyncMutation } from './records.ts';
import { Rejections } from './rejections.ts';
import {
  observationVersion,
  promptVersion,
  type RowVersion,
  relationVersion,
  type SessionVersion,
  sessionVersion,
  tombstoneVersion,
  type Version,
} from './versions.ts';

/** What a chunk says of one identity after its own repetitions are merged. */
export interface ChunkVersion<V extends Version = Version> {
  readonly version: V;
  /** Stands in one of the arrays, not only in the mutations. */
  readonly inArray: boolean;
}

export interface ChunkVersions {
  readonly sessions: ReadonlyMap<string, ChunkVersion<SessionVersion>>;
  /** Observations and prompts, by {@link versionKey}. */
  readonly rows: ReadonlyMap<string, ChunkVersion<RowVersion>>;
  readonly relations: ReadonlyMap<string, ChunkVersion<RowVersion>>;
  /** Mutations that could not be used, besides the records the codec rejected. */
  readonly rejected: readonly RejectedRecord[];
}

/** One text for an identity: entities may use the same key. */
export function versionKey(entity: Entity, key: string): string {
  return `${entity}:${key}`;
}

/**
 * Reads a chunk as versions: arrays and mutations alike, each identity once. Unknown entities and payloads that cannot be read cost only
 * themselves (v1.16.1 stalls on them: golden `mutations-unknown-entity`, `mutations-broken-payload`).
 */
export async function chunkVersions(data: ChunkData, turn: Turn): Promise<ChunkVersions> {
  const collected = new Collector();
  for (const record of data.sessions) {
    collected.addSession(sessionVersion(record), true);
    await turn();
  }
  for (const record of data.observations) {
    collected.addRow(observationVersion(record), true);
    await turn();
  }
  for (const record of data.prompts) {
    collected.addRow(promptVersion(record), true);
    await turn();
  }
  const rejected = new Rejections();
  for (const [index, mutation] of (data.mutations ?? []).entries()) {
    try {
      const version = mutationVersion(mutation);
      if (version.entity === 'session') collected.addSession(version, false);
      else collected.addRow(version, false);
    } catch (error) {
      if (!EngramError.is(error)) throw error;
      rejected.add(`mutations[${index}]`, error.message);
    }
    await turn();
  }
  return { sessions: collected.sessions, rows: collected.rows, relations: collected.relations, rejected: rejected.list };
}

class Collector {
  readonly sessions = new Map<string, ChunkVersion<SessionVersion>>();
  readonly rows = new Map<string, ChunkVersion<RowVersion>>();
  readonly relations = new Map<string, ChunkVersion<RowVersion>>();

  addSession(version: SessionVersion, inArray: boolean): void {
    if (version.key === '') return;
    const other = this.sessions.get(version.key);
    this.sessions.set(version.key, {
      version: other ? mergeSessions(other.version, version) : version,
      inArray: inArray || (other?.inArray ?? false),
    });
  }

  addRow(version: RowVersion, inArray: boolean): void {
    const target = version.entity === 'relation' ? this.relations : this.rows;
    const key = versionKey(version.entity, version.key);
    const other = target.get(key);
    target.set(key, { version: other ? mergeRows(other.version, version) : version, inArray: inArray || (other?.inArray ?? false) });
  }
}

/**
 * The version that one mutation brings.
 *
 * @throws {EngramError} chunk-corrupt for an unknown entity, a payload that cannot be read, or no identity.
 */
export function mutationVersion(mutation: SyncMutation): Version {
  const payload = decodeMutationPayload(mutation.payload);
  const deletedAt = deletionTime(mutation, payload);
  const key = identityOf(mutation, payload);
  switch (mutation.entity) {
    case 'session':
      return sessionVersion({ ...sessionFromJson(withoutDeletion(payload)), id: key }, deletedAt ?? '');
    case 'observation':
    case 'prompt':
    case 'relation':
      if (deletedAt !== undefined) return tombstoneVersion(mutation.entity, whereOf(key, payload), deletedAt);
      return liveVersion(mutation.entity, key, withoutDeletion(payload));
    default:
      throw new EngramError('chunk-corrupt', 'a mutation of a kind that this release does not know');
  }
}

function liveVersion(entity: RowVersion['entity'], key: string, payload: JsonObject): RowVersion {
  if (entity === 'observation') return observationVersion({ ...observationFromJson(payload), syncId: key });
  if (entity === 'prompt') return promptVersion({ ...promptFromJson(payload), syncId: key });
  return relationVersion({ ...relationFromJson(payload), syncId: key });
}

/** `undefined`: not a deletion. A deletion without a time of its own happened when the mutation did. */
function deletionTime(mutation: SyncMutation, payload: JsonObject): string | undefined {
  const flagged = getFold(payload, 'deleted') === true || getFold(payload, 'hard_delete') === true;
  const time = textOf(getFold(payload, 'deleted_at')).trim();
  const isDeletion = mutation.op.trim().toLowerCase() === 'delete' || flagged || (mutation.entity === 'session' && time !== '');
  if (!isDeletion) return undefined;
  return time !== '' ? time : mutation.occurredAt;
}

/** The payload's id, as it is: arrays have it with the same blanks. The Go program falls back on the trimmed key of the envelope. */
function identityOf(mutation: SyncMutation, payload: JsonObject): string {
  const own = textOf(getFold(payload, mutation.entity === 'session' ? 'id' : 'sync_id'));
  const key = goTrim(own) === '' ? goTrim(mutation.entityKey) || own : own;
  if (key === '') throw new EngramError('chunk-corrupt', 'a mutation that names no memory');
  return key;
}

function whereOf(key: string, payload: JsonObject): { key: string; sessionId: string; project: string } {
  return { key, sessionId: textOf(getFold(payload, 'session_id')), project: textOf(getFold(payload, 'project')) };
}

/** The keys that say how a row was deleted are no unknown fields of the row. */
function withoutDeletion(payload: JsonObject): JsonObject {
  const kept = new Map(payload);
  for (const key of ['deleted', 'deleted_at', 'hard_delete', 'x_soft']) kept.delete(key);
  return kept;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
