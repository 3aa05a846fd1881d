import { goTrim, normalizeProject } from './goText.ts';
import type { HeldVersions } from './heldVersions.ts';
import { derivedSyncId } from './identity.ts';
import { latestOfEach } from './latestOfEach.ts';
import { isUnknownSession, mergeSessions, sameSession } from './merge.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import type { ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from './records.ts';
import { hardDeleteVersion, promptTombstoneVersion, RowReader, readExtras } from './rowReader.ts';
import { SlowChanges } from './slowChanges.ts';
import { observationVersion, promptVersion, type RowVersion, relationVersion, type SessionVersion, sessionVersion } from './versions.ts';

export interface ExportFilter {
  /** Absent or `''`: all projects. Normalised; the stored names are compared as they are, as the Go program does (golden `project-filter`). */
  readonly project?: string | undefined;
  readonly includePersonal: boolean;
  readonly includeDeleted: boolean;
  /** False: a prompt that the team does not have stays home. */
  readonly includePrompts?: boolean | undefined;
  /** Rows that the place would not take, or not without harm: they stay home and are counted. */
  readonly refuses?: (row: ObservationRecord | PromptRecord) => boolean;
}

/** A row together with its version; the record is as the database has it, bytes and all. */
export interface ObservationItem {
  readonly record: ObservationRecord;
  readonly version: RowVersion;
}
export interface PromptItem {
  readonly record: PromptRecord;
  readonly version: RowVersion;
}

/** What the next export would write, before anything is written. Pure data. */
export interface ExportPlan {
  /** Sessions that are new or changed, in the order of the tables. */
  readonly sessions: readonly SessionRecord[];
  /**
   * Sessions of which the known chunks know more than the row does (a chunk that waits), united with the row: v1.16.1 overwrites a session
   * with whatever the last chunk says.
   */
  readonly united: ReadonlyMap<string, SessionRecord>;
  /** Sessions of other projects that only rows of others stand in: what this database knows of them stays home. */
  readonly closed: ReadonlySet<string>;
  /** For the arrays: no known chunk has them there. */
  readonly observations: readonly ObservationItem[];
  readonly prompts: readonly PromptItem[];
  /** Rows that some chunk's arrays hold and that changed since. */
  readonly edits: readonly (ObservationItem | PromptItem)[];
  readonly deletes: readonly RowVersion[];
  /** Both endpoints are live and may leave. */
  readonly relations: readonly RelationRecord[];
  /** Those endpoints as they were looked at: an agent may make one personal before the chunk is written. */
  readonly endpoints: ReadonlyMap<string, ObservationRecord>;
  /** Personal rows that stay home. */
  readonly personal: number;
  /** New prompts that {@link ExportFilter.includePrompts} keeps here. */
  readonly promptsHere: number;
  /** Rows that were shared once and that no known chunk holds any more: a purge, a force push, a dead branch. */
  readonly noLongerShared: readonly (ObservationItem | PromptItem)[];
  /** News that {@link ExportFilter.refuses} keeps here. Part of {@link heldBack}. */
  readonly refused: readonly (ObservationItem | PromptItem)[];
  /** Relations without both ends, what {@link noLongerShared} lists, rows of a session without a name, and what the place refuses. */
  readonly heldBack: number;
}

export function isEmptyPlan(plan: ExportPlan): boolean {
  const { sessions, observations, prompts, edits, deletes, relations } = plan;
  return [sessions, observations, prompts, edits, deletes, relations].every((rows) => rows.length === 0);
}

/**
 * Decides what to export, by content alone: a row goes if and only if merging it into what the known chunks hold would change that.
 * Clocks, teammates' chunks and pulls make no difference, and nothing is left out for ever.
 */
export class ExportPlanner {
  readonly #store: MemoryStore;
  readonly #held: HeldVersions;
  readonly #slow: SlowChanges;
  readonly #filter: ExportFilter;
  readonly #index: FolderIndex;
  #rows: RowReader;
  readonly #project: string;
  readonly #sessionProjects = new Map<string, string>();
  readonly #plan = {
    observations: [] as ObservationItem[],
    prompts: [] as PromptItem[],
    edits: [] as (ObservationItem | PromptItem)[],
    deletes: [] as RowVersion[],
    noLongerShared: [] as (ObservationItem | PromptItem)[],
    refused: [] as (ObservationItem | PromptItem)[],
    personal: 0,
    promptsHere: 0,
    heldBack: 0,
  };
  /** Sessions with a row that stays home, and those with one that may leave. */
  readonly #stayHome = new Set<string>();
  readonly #mayLeave = new Set<string>();
  /** Sessions with a row that no chunk holds: somebody here has put it there. */
  readonly #hasOwn = new Set<string>();
  readonly #endpoints = new Map<string, ObservationRecord>();

  /** @param parts `slow`: changes that are not stamped yet count as what they will be */
  constructor(parts: { store: MemoryStore; index: FolderIndex; held: HeldVersions; slow?: SlowChanges }, filter: ExportFilter) {
    this.#store = parts.store;
    this.#held = parts.held;
    this.#slow = parts.slow ?? new SlowChanges();
    this.#filter = filter;
    this.#index = parts.index;
    this.#rows = new RowReader(parts.store, parts.index);
    this.#project = normalizeProject(filter.project ?? '').normalized;
  }

  async plan(turn: Turn): Promise<ExportPlan> {
    this.#rows = new RowReader(this.#store, await readExtras(this.#index, turn));
    for (const session of this.#store.sessions()) {
      this.#sessionProjects.set(session.id, session.project);
      await turn();
    }
    for (const row of this.#store.observations(this.#project)) {
      this.#addObservation(this.#slow.observation(row));
      await turn();
    }
    for (const row of this.#store.prompts(this.#project)) {
      this.#addPrompt(row);
      await turn();
    }
    for (const tombstone of this.#store.promptTombstones()) {
      this.#addDelete(promptTombstoneVersion(this.#slow.promptTombstones.get(tombstone.syncId) ?? tombstone));
      await turn();
    }
    for (const gone of this.#store.journal.hardDeletes())
      this.#addDelete(hardDeleteVersion(this.#slow.hardDeletes.get(gone.syncId) ?? gone));
    const relations = await this.#planRelations(turn);
    const ofSessions = await this.#planSessions(turn);
    return { ...this.#plan, ...latestOfEach(this.#plan), ...ofSessions, relations, endpoints: this.#endpoints };
  }

  #addObservation(row: ObservationRecord): void {
    if (!this.#inProject(row) || this.#isTwin('observation', row)) return;
    const version = observationVersion(row);
    const record = this.#rows.withExtra('observation', version.key, row);
    const item = { record, version: record === row ? version : { ...version, extra: record.extra ?? version.extra } };
    if (version.record === undefined && !this.#isFirstExportOfDeleted(version)) {
      this.#stayHome.add(row.sessionId);
      this.#addDelete(version);
      return;
    }
    if (this.#isPersonal(row)) {
      this.#stayHome.add(row.sessionId);
      if (this.#held.isNews(item.version)) this.#plan.personal += 1;
      return;
    }
    this.#addLive(item, this.#plan.observations);
  }

  /** A chunk holds it without an id, and an older program gave it a random one: that is no news. The next merge of that chunk names it. */
  #isTwin(entity: 'observation' | 'prompt', row: ObservationRecord | PromptRecord): boolean {
    if (!this.#held.hasDerived || this.#held.row(entity, row.syncId)) return false;
    return this.#held.row(entity, derivedSyncId(row)) !== undefined;
  }

  /** The Go program exports deleted rows that were never shared, in the arrays; ours only when asked. */
  #isFirstExportOfDeleted(version: RowVersion): boolean {
    return this.#filter.includeDeleted && this.#held.row(version.entity, version.key) === undefined;
  }

  #addPrompt(row: PromptRecord): void {
    if (!this.#inProject(row) || this.#isTwin('prompt', row)) return;
    const version = promptVersion(row);
    if (this.#filter.includePrompts === false && !this.#held.row('prompt', version.key)) {
      this.#stayHome.add(row.sessionId);
      this.#plan.promptsHere += 1;
      return;
    }
    const record = this.#rows.withExtra('prompt', version.key, row);
    this.#addLive({ record, version: { ...version, extra: record.extra ?? version.extra } }, this.#plan.prompts);
  }

  #addLive<Item extends ObservationItem | PromptItem>(item: Item, arrays: Item[]): void {
    const { entity, key } = item.version;
    const isNoLongerShared = this.#held.isNoLongerShared(entity, key);
    if (isNoLongerShared) this.#plan.noLongerShared.push(item);
    const isNews = this.#held.isNews(item.version);
    const isRefused = this.#filter.refuses?.(item.record) ?? false;
    if (isNoLongerShared || isRefused || isBlank(item.record.sessionId)) {
      this.#stayHome.add(item.record.sessionId);
      if (isNoLongerShared || isNews) this.#plan.heldBack += 1;
      if (isRefused && isNews) this.#plan.refused.push(item);
      return;
    }
    this.#mayLeave.add(item.record.sessionId);
    if (!this.#held.row(entity, key)) this.#hasOwn.add(item.record.sessionId);
    if (!isNews) return;
    const whole = this.#withHeldExtra(item);
    if (this.#held.row(entity, key)?.inArray) this.#plan.edits.push(whole);
    else arrays.push(whole);
  }

  /** A later version keeps the unknown fields of the one it was made from, also when the index that remembered them was lost. */
  #withHeldExtra<Item extends ObservationItem | PromptItem>(item: Item): Item {
    const held = this.#held.row(item.version.entity, item.version.key);
    if (item.version.extra.size > 0 || !held || held.extra.size === 0) return item;
    return { ...item, record: { ...item.record, extra: held.extra }, version: { ...item.version, extra: held.extra } };
  }

  /** A memory that was deleted before it was ever shared is not written at all. */
  #addDelete(version: RowVersion): void {
    if (!this.#held.row(version.entity, version.key)) return;
    if (this.#held.isNews(version)) this.#plan.deletes.push(version);
  }

  async #planRelations(turn: Turn): Promise<RelationRecord[]> {
    const relations: RelationRecord[] = [];
    for (const row of this.#store.relations()) {
      await turn();
      const record = this.#rows.withExtra('relation', row.syncId, this.#slow.relations.get(row.syncId) ?? row);
      if (!this.#held.isNews(relationVersion(record))) continue;
      const ends = [row.sourceId, row.targetId].map((id) => this.#store.observation(id));
      const inProject = ends.every((end) => end === undefined || this.#inProject(end));
      if (!inProject) continue;
      const canLeave = row.sourceId !== row.targetId && ends.every((end) => end && !end.deletedAt && this.#canLeave(end));
      if (!canLeave) this.#plan.heldBack += 1;
      else {
        relations.push(record);
        for (const end of ends) if (end) this.#endpoints.set(end.syncId, this.#rows.withExtra('observation', end.syncId, end));
      }
    }
    return relations;
  }

  /**
   * An endpoint travels with its relation, so it must not be older than what a chunk holds that waits to be imported: v1.16.1 would take
   * the older version for the last word, and bring a deleted memory back.
   */
  #canLeave(row: ObservationRecord): boolean {
    if (isBlank(row.syncId) || isBlank(row.sessionId)) return false;
    const { key, order } = observationVersion(row);
    const isCurrent = (this.#held.row('observation', key)?.order ?? '') <= order;
    if (this.#filter.refuses?.(row)) return false;
    return isCurrent && !this.#isPersonal(row) && !this.#held.isNoLongerShared('observation', key);
  }

  async #planSessions(turn: Turn): Promise<Pick<ExportPlan, 'sessions' | 'united' | 'closed'>> {
    const sessions: SessionRecord[] = [];
    const united = new Map<string, SessionRecord>();
    const closed = new Set<string>();
    for (const row of this.#store.sessions()) {
      await turn();
      const own = this.#slow.sessions.get(row.id) ?? this.#rows.withExtra('session', row.id, row);
      const record = this.#united(own);
      if (record !== own) united.set(row.id, record);
      if (this.#isClosed(row)) closed.add(row.id);
      if (this.#staysHome(row.id) || !this.#sessionInProject(row)) continue;
      if (this.#isSessionNews(sessionVersion(own))) sessions.push(record);
    }
    return { sessions, united, closed };
  }

  /** @returns the record itself where the chunks know nothing else. */
  #united(record: SessionRecord): SessionRecord {
    const held = this.#held.session(record.id);
    const own = sessionVersion(record);
    const merged = held ? mergeSessions(held, own) : own;
    if (sameSession({ ...merged, deletedAt: '' }, own)) return record;
    return {
      id: record.id,
      project: merged.project || record.project,
      directory: merged.directory || record.directory,
      startedAt: merged.startedAt || record.startedAt,
      ...(merged.endedAt !== '' && { endedAt: merged.endedAt }),
      ...(merged.summary !== '' && { summary: merged.summary }),
      ...(merged.extra.size > 0 && { extra: merged.extra }),
    };
  }

  /** A session that the team does not know, with nothing in it but what stays home. One that it knows has ends and summaries to tell. */
  #staysHome(id: string): boolean {
    return this.#stayHome.has(id) && !this.#mayLeave.has(id) && !this.#held.session(id);
  }

  #isSessionNews(session: SessionVersion): boolean {
    if (isBlank(session.key) || isUnknownSession(session) || this.#held.isNoLongerShared('session', session.key)) return false;
    const held = this.#held.session(session.key);
    if (!held) return true;
    if (held.deletedAt !== '' && !this.#mayLeave.has(session.key)) return false;
    return !sameSession(mergeSessions(held, session), held);
  }

  #isPersonal(row: ObservationRecord): boolean {
    return !this.#filter.includePersonal && row.scope.trim().toLowerCase() === 'personal';
  }

  #inProject(row: { readonly project?: string; readonly sessionId: string }): boolean {
    if (this.#project === '') return true;
    const project = row.project ? row.project : (this.#sessionProjects.get(row.sessionId) ?? '');
    return project === this.#project;
  }

  /** A session of another project goes only where a row of this project is in it. */
  #sessionInProject(session: SessionRecord): boolean {
    if (this.#project === '' || session.project === this.#project) return true;
    return this.#mayLeave.has(session.id) && !this.#isClosed(session);
  }

  /**
   * A chunk can put its rows into any session whose name can be guessed (`manual-save-<project>`); that must not call out where the other
   * project stands and what was done there. Open is what somebody here has put a row into, and what the team knows by its start already.
   */
  #isClosed(session: SessionRecord): boolean {
    if (this.#project === '' || session.project === this.#project || this.#hasOwn.has(session.id)) return false;
    return this.#held.session(session.id)?.startedAt !== sessionVersion(session).startedAt;
  }
}

/** A blank session id, or a relation to a blank id, stalls v1.16.1 at this chunk for ever: it takes it for none at all. */
function isBlank(id: string): boolean {
  return goTrim(id) === '';
}
