import { versionKey } from './chunkVersions.ts';
import type { ExportPlan, ObservationItem, PromptItem } from './exportPlan.ts';
import { formatRfc3339, instantOf, instantToMs } from './goTime.ts';
import { isUnknownSession } from './merge.ts';
import { deleteMutation, relationMutation, sessionMutation, upsertMutation } from './payloads.ts';
import type { FolderIndex, MemoryStore } from './ports.ts';
import type { ChunkData, ObservationRecord, RelationRecord, SessionRecord, SyncMutation } from './records.ts';
import { RowReader, relationWithProject } from './rowReader.ts';
import { observationVersion, PLACEHOLDER_DIRECTORY, PLACEHOLDER_START, type RowVersion, sessionVersion } from './versions.ts';

/** JSON bytes of one chunk, about. Newer Engram programs split at the same size. */
export const CHUNK_BUDGET_BYTES = 4 * 1024 * 1024;

/** The rows of one chunk, before its sessions and endpoints are added. */
interface Part {
  readonly observations: ObservationItem[];
  readonly prompts: PromptItem[];
  readonly edits: (ObservationItem | PromptItem)[];
  readonly deletes: RowVersion[];
  readonly relations: RelationRecord[];
  bytes: number;
}

/**
 * Turns a plan into chunks that each can be imported alone by any program: every row with its session, every relation with both ends, at
 * most one mutation per identity, sessions first, deletions last. What fits the budget is one chunk, with the bytes that the Go program's
 * first export of the same rows has.
 */
export class ChunkBuilder {
  readonly #store: MemoryStore;
  readonly #rows: RowReader;
  readonly #news: ReadonlyMap<string, SessionRecord>;
  readonly #united: ReadonlyMap<string, SessionRecord>;
  readonly #closed: ReadonlySet<string>;
  readonly #endpoints: ReadonlyMap<string, ObservationRecord>;

  constructor(parts: { store: MemoryStore; index: FolderIndex }, plan: ExportPlan) {
    this.#store = parts.store;
    this.#rows = new RowReader(parts.store, parts.index);
    this.#news = new Map(plan.sessions.map((session) => [session.id, session]));
    this.#united = plan.united;
    this.#closed = plan.closed;
    this.#endpoints = plan.endpoints;
  }

  build(plan: ExportPlan, budgetBytes = CHUNK_BUDGET_BYTES): ChunkData[] {
    const parts = splitParts(plan, budgetBytes);
    const waiting = new Set(this.#news.keys());
    return parts.map((part, index) => this.#finish(part, index === parts.length - 1 ? new Set(waiting) : new Set(), waiting));
  }

  /** @param waiting new sessions that no chunk carries yet; those of this one are taken out. */
  #finish(part: Part, also: ReadonlySet<string>, waiting: Set<string>): ChunkData {
    const endpoints = this.#missingEndpoints(part);
    const arrayRows = [...part.observations, ...part.prompts].map((item) => item.record.sessionId);
    const changedRows = [...part.edits.map((item) => item.record.sessionId), ...endpoints.map((row) => row.sessionId)];
    const sessions = [...this.#placeholders(part), ...this.#sessions(new Set([...also, ...arrayRows, ...changedRows]), new Set(arrayRows))];
    const carried = sessions.filter((session) => waiting.has(session.id));
    const rows = [...part.edits.map(upsertOf), ...endpoints.map((row) => upsertMutation('observation', observationVersion(row).key, row))];
    const changes = [
      ...rows,
      ...part.relations.map((row) => relationMutation(this.#withProject(row))),
      ...part.deletes.map(deleteMutation),
    ];
    for (const session of carried) waiting.delete(session.id);
    const mutations: SyncMutation[] = changes.length === 0 ? [] : [...carried.map(sessionMutation), ...changes];
    return {
      sessions,
      observations: part.observations.map((item) => item.record),
      prompts: part.prompts.map((item) => item.record),
      ...(mutations.length > 0 && { mutations }),
    };
  }

  /** Whole rows, in the tables' order; a placeholder only where a row of the arrays needs it. */
  #sessions(needed: ReadonlySet<string>, byArrays: ReadonlySet<string>): SessionRecord[] {
    const sessions: SessionRecord[] = [];
    for (const row of this.#store.sessions()) {
      if (!needed.has(row.id) || this.#closed.has(row.id)) continue;
      const record = this.#news.get(row.id) ?? this.#united.get(row.id) ?? this.#rows.withExtra('session', row.id, row);
      if (byArrays.has(row.id) || !isUnknownSession(sessionVersion(record))) sessions.push(record);
    }
    return sessions;
  }

  /** For a closed session; and a database whose foreign keys were off may have rows of one that is gone. v1.14.0 would stop at them for good. */
  #placeholders(part: Part): SessionRecord[] {
    const missing = new Map<string, SessionRecord>();
    for (const { record } of [...part.observations, ...part.prompts]) {
      const { sessionId: id, project = '' } = record;
      if (missing.has(id) || (this.#store.session(id) && !this.#closed.has(id))) continue;
      missing.set(id, { id, project, directory: PLACEHOLDER_DIRECTORY, startedAt: PLACEHOLDER_START });
    }
    return [...missing.values()];
  }

  #missingEndpoints(part: Part): ObservationRecord[] {
    const present = new Set([...part.observations, ...part.edits].map((item) => versionKey(item.version.entity, item.version.key)));
    const missing = new Map<string, ObservationRecord>();
    for (const id of part.relations.flatMap((relation) => [relation.sourceId, relation.targetId])) {
      const row = present.has(versionKey('observation', id)) ? undefined : this.#endpoints.get(id);
      if (row) missing.set(id, row);
    }
    return [...missing.values()];
  }

  #withProject(relation: RelationRecord): RelationRecord {
    return relationWithProject(relation, this.#store.observation(relation.sourceId)?.project ?? '');
  }
}

function upsertOf(item: ObservationItem | PromptItem): SyncMutation {
  return upsertMutation(item.version.entity === 'prompt' ? 'prompt' : 'observation', item.version.key, item.record);
}

function splitParts(plan: ExportPlan, budgetBytes: number): Part[] {
  const parts: Part[] = [emptyPart()];
  const room = (bytes: number): Part => {
    const last = parts.at(-1);
    if (last && (last.bytes === 0 || last.bytes + bytes <= budgetBytes)) {
      last.bytes += bytes;
      return last;
    }
    const next = { ...emptyPart(), bytes };
    parts.push(next);
    return next;
  };
  for (const item of plan.observations) room(sizeOf(item)).observations.push(item);
  for (const item of plan.prompts) room(sizeOf(item)).prompts.push(item);
  for (const item of plan.edits) room(sizeOf(item)).edits.push(item);
  for (const relation of plan.relations) room(2 * OVERHEAD_BYTES).relations.push(relation);
  for (const version of plan.deletes) room(OVERHEAD_BYTES).deletes.push(version);
  return parts;
}

/** Field names and short values of a record. */
const OVERHEAD_BYTES = 700;

function sizeOf(item: ObservationItem | PromptItem): number {
  return Buffer.byteLength(item.record.content) + OVERHEAD_BYTES;
}

function emptyPart(): Part {
  return { observations: [], prompts: [], edits: [], deletes: [], relations: [], bytes: 0 };
}

/**
 * The time of a manifest entry: the newest usable time of its arrays. Older Engram programs never export what of theirs is older than the
 * newest entry, so it must move as little as possible, and never past the exporter's clock plus a day.
 *
 * @param newest `created_at` of the newest entry of the manifest, repeated for a chunk without any time of its own.
 * @returns RFC 3339 UTC, seconds.
 */
export function entryTime(data: ChunkData, newest: string, nowMs: number): string {
  const limit = nowMs + 24 * 60 * 60 * 1000;
  const texts = [...data.observations, ...data.prompts].map((row) => row.createdAt).concat(data.sessions.map((row) => row.startedAt));
  return formatRfc3339(newestOf(texts, limit) ?? newestOf([newest], limit) ?? nowMs);
}

function newestOf(texts: readonly string[], limit: number): number | undefined {
  let greatest: number | undefined;
  for (const text of texts) {
    const instant = instantOf(text);
    const ms = instant === '' ? Number.POSITIVE_INFINITY : instantToMs(instant);
    if (ms <= limit && (greatest === undefined || ms > greatest)) greatest = ms;
  }
  return greatest;
}
