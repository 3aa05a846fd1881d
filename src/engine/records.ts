/**
 * The records of a chunk, as decoded from its JSON and as read from the database. The keys of the files are snake_case
 * (`sync_id`); here they are camelCase. Field order, types and "omitted when" are those of the Go program's structs
 * (Engram v1.14.0 `internal/store`), see docs/formats.md.
 */

/** A whole number as Go's int64 holds it: a `number` where that is exact, else a `bigint`. */
export type Int = number | bigint;

/** A number whose exact text a JavaScript number cannot give back (`1.0`, `1e400`). */
export interface JsonNumber {
  readonly raw: string;
}

/** JSON as Go reads it. Objects are Maps in the order of the text (a repeated key moves to its last place), so no key is special. */
export type JsonValue = null | boolean | string | Int | JsonNumber | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** Keys that this release does not know, kept as they were and written back. */
export type Extra = JsonObject;

export interface SessionRecord {
  readonly id: string;
  readonly project: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly summary?: string;
  readonly extra?: Extra;
}

export interface ObservationRecord {
  /** The exporter's row id. Never an identity. */
  readonly id: Int;
  /** `''` where the file or the row has none. */
  readonly syncId: string;
  readonly sessionId: string;
  readonly type: string;
  readonly title: string;
  readonly content: string;
  readonly toolName?: string;
  readonly project?: string;
  readonly scope: string;
  readonly topicKey?: string;
  readonly revisionCount: Int;
  readonly duplicateCount: Int;
  readonly lastSeenAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deletedAt?: string;
  readonly extra?: Extra;
}

export interface PromptRecord {
  readonly id: Int;
  readonly syncId: string;
  readonly sessionId: string;
  readonly content: string;
  readonly project?: string;
  readonly createdAt: string;
  readonly extra?: Extra;
}

/** A relation between two memories; travels as the payload of a `relation`/`upsert` mutation (Engram v1.16.1 `syncRelationPayload`). */
export interface RelationRecord {
  readonly syncId: string;
  readonly sourceId: string;
  readonly targetId: string;
  readonly relation: string;
  readonly reason?: string;
  readonly evidence?: string;
  /** Go float64, as its JSON text says it. */
  readonly confidence?: Int | JsonNumber;
  readonly judgmentStatus: string;
  readonly markedByActor?: string;
  readonly markedByKind?: string;
  readonly markedByModel?: string;
  readonly sessionId?: string;
  readonly project: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly extra?: Extra;
}

export interface SyncMutation {
  readonly seq: Int;
  readonly targetKey: string;
  readonly entity: string;
  readonly entityKey: string;
  readonly op: string;
  /** A JSON object as text. */
  readonly payload: string;
  readonly source: string;
  readonly project: string;
  readonly occurredAt: string;
  readonly ackedAt?: string;
  readonly extra?: Extra;
}

/** What one chunk file holds. `null` arrays of the file are empty arrays here. */
export interface ChunkData {
  readonly sessions: readonly SessionRecord[];
  readonly observations: readonly ObservationRecord[];
  readonly prompts: readonly PromptRecord[];
  readonly mutations?: readonly SyncMutation[];
  readonly extra?: Extra;
  /** Records that were left out because a field had the wrong type; never written. */
  readonly rejected?: readonly RejectedRecord[];
}

/** A record that could not be used. `path` is safe to show: `observations[3]`; `reason` never holds the record's text. */
export interface RejectedRecord {
  readonly path: string;
  readonly reason: string;
  /** So many more stand behind it that are not listed. */
  readonly andMore?: number;
}

/** A prompt that was deleted (table `prompt_tombstones`). */
export interface PromptTombstone {
  readonly syncId: string;
  readonly sessionId: string;
  readonly project: string;
  readonly deletedAt: string;
}
