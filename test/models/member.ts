import { formatInstant } from '../../src/engine/goTime.ts';
import type { Int, ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from '../../src/engine/records.ts';

/** The releases of the Go program that are modelled. */
export type Release = 'v1.14.0' | 'v1.16.1';

export interface ObservationRow extends ObservationRecord {
  readonly normalizedHash?: string;
}

/** The column `project` may be NULL (absent) or `''`. */
export type PromptRow = PromptRecord;

export interface TombstoneRow {
  readonly syncId: string;
  readonly sessionId: string;
  readonly project?: string;
  readonly deletedAt: string;
}

export interface RelationRow extends RelationRecord {
  readonly id: number;
}

/**
 * The tables of a member's `engram.db` that local sync touches. Maps are in the order of the row ids; rows are immutable. The table
 * `sync_apply_deferred` of v1.16.1 is left out: only its cloud sync writes it, a chunk folder never does.
 */
export interface MemberDatabase {
  readonly sessions: Map<string, SessionRecord>;
  readonly observations: Map<Int, ObservationRow>;
  readonly prompts: Map<Int, PromptRow>;
  readonly tombstones: Map<string, TombstoneRow>;
  readonly relations: Map<string, RelationRow>;
  /** `sync_chunks` with target `local`. */
  readonly chunks: Set<string>;
  /** The last row ids given away: AUTOINCREMENT never gives one twice. */
  lastObservationId: number;
  lastPromptId: number;
  lastRelationId: number;
}

/** A teammate who runs the Go program. */
export interface Member {
  readonly release: Release;
  /** Replaced as a whole where a transaction commits. */
  database: MemberDatabase;
  /** The member's wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Lower-case hex digits of so many random bytes. */
  readonly randomHex: (bytes: number) => string;
}

export function emptyDatabase(): MemberDatabase {
  return {
    sessions: new Map(),
    observations: new Map(),
    prompts: new Map(),
    tombstones: new Map(),
    relations: new Map(),
    chunks: new Set(),
    lastObservationId: 0,
    lastPromptId: 0,
    lastRelationId: 0,
  };
}

/** A copy that shares the rows, so that a failing transaction leaves no trace. */
export function copyDatabase(from: MemberDatabase): MemberDatabase {
  return {
    ...from,
    sessions: new Map(from.sessions),
    observations: new Map(from.observations),
    prompts: new Map(from.prompts),
    tombstones: new Map(from.tombstones),
    relations: new Map(from.relations),
    chunks: new Set(from.chunks),
  };
}

/** Runs `work` on a copy that replaces the member's database unless `work` throws. */
export function transaction<T>(member: Member, work: (draft: MemberDatabase) => T): T {
  const draft = copyDatabase(member.database);
  const result = work(draft);
  member.database = draft;
  return result;
}

/** `YYYY-MM-DD HH:MM:SS`, as `datetime('now')`. */
export function nowText(member: Member): string {
  return formatInstant(member.now());
}

/** The row with the highest id of this `sync_id`, deleted ones included. */
export function lastObservation(database: MemberDatabase, syncId: string): ObservationRow | undefined {
  return lastOf(database.observations.values(), syncId);
}

export function lastPrompt(database: MemberDatabase, syncId: string): PromptRow | undefined {
  return lastOf(database.prompts.values(), syncId);
}

function lastOf<Row extends { readonly id: Int; readonly syncId: string }>(rows: Iterable<Row>, syncId: string): Row | undefined {
  let last: Row | undefined;
  for (const row of rows) if (row.syncId === syncId && (last === undefined || row.id > last.id)) last = row;
  return last;
}

export function addObservation(database: MemberDatabase, row: Omit<ObservationRow, 'id'>): ObservationRow {
  database.lastObservationId += 1;
  const added = { ...row, id: database.lastObservationId };
  database.observations.set(added.id, added);
  return added;
}

export function addPrompt(database: MemberDatabase, row: Omit<PromptRow, 'id'>): PromptRow {
  database.lastPromptId += 1;
  const added = { ...row, id: database.lastPromptId };
  database.prompts.set(added.id, added);
  return added;
}
