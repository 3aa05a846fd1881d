import { versionKey } from '../chunkVersions.ts';
import { type ExportPlan, ExportPlanner } from '../exportPlan.ts';
import { goTrim } from '../goText.ts';
import { HeldVersions } from '../heldVersions.ts';
import type { ChunkId } from '../manifest.ts';
import { mergeSessions, sameSession } from '../merge.ts';
import type { FolderIndex, MemoryStore } from '../ports.ts';
import type { Int, ObservationRecord, PromptRecord, SessionRecord } from '../records.ts';
import { RowReader } from '../rowReader.ts';
import type { Version } from '../versions.ts';
import { type CloudChange, deleteChange, rowChange, sessionChange } from './cloudChange.ts';
import { cloudChunkId, cloudMutationsId } from './cloudIds.ts';
import type { CloudParts } from './cloudParts.ts';
import { type PendingJournal, type PendingRows, readPending } from './pendingRows.ts';
import { isOfAnotherProject, projectIndex, sendingStore } from './projectViews.ts';

type PlanParts = Pick<CloudParts, 'store' | 'cloud' | 'index' | 'turn' | 'project' | 'includePrompts'>;

/** What the next export would send, and what of the journal is settled without it. */
export interface CloudPlan {
  readonly changes: readonly CloudChange[];
  readonly journal: PendingJournal;
  /** The cloud has what these say, or there is nothing left of it that it could be told. */
  readonly settled: readonly Int[];
  /** Sessions as a chunk carries them beside rows of theirs, in the order of the table. */
  readonly sessions: ReadonlyMap<string, SessionRecord>;
  /** Personal rows that stay home. */
  readonly personal: number;
  readonly heldBack: HeldBack;
}

/** Rows that would be news, and stay here. */
export interface HeldBack {
  readonly all: number;
  /** Of a person who has said that prompts stay here. */
  readonly prompts: number;
  /** They stand in a session of another project, which the cloud would move into this one. */
  readonly inOtherProject: number;
  /** A server takes no memory without title, content or type, and no NUL character. */
  readonly unsendable: number;
}

/**
 * Decides what to send, by content alone: a row goes if and only if merging it into what the cloud is known to hold would change that.
 * What came from the cloud is therefore never pushed back, whatever a journal says of it.
 */
export class CloudPlanner {
  readonly #parts: PlanParts;
  readonly #store: MemoryStore;
  readonly #index: FolderIndex;

  constructor(parts: PlanParts) {
    this.#parts = parts;
    this.#store = sendingStore(parts);
    this.#index = projectIndex(parts);
  }

  /** @param listed the chunks that the server lists now: what others no longer stand there is not known to be held. */
  async plan(listed: ReadonlySet<ChunkId>, options: { readonly includePersonal: boolean }): Promise<CloudPlan> {
    const { cloud, project, turn, includePrompts } = this.#parts;
    const held = await this.#held(listed);
    const refuses = (row: ObservationRecord | PromptRecord): boolean => this.#isMisplaced(row) || isUnsendable(row);
    const filter = { project, includePersonal: options.includePersonal, includePrompts, includeDeleted: false, refuses };
    const plan = await new ExportPlanner({ store: this.#store, index: this.#index, held }, filter).plan(turn);
    const journal = readPending(cloud, this.#store, project);
    const changes = this.#changes(plan);
    const sent = new Set(changes.map(({ version }) => versionKey(version.entity, version.key)));
    const left = [...journal.rows].filter(([key]) => !sent.has(key)).map(([, rows]) => rows);
    const deletions = left.filter(({ version }) => this.#isUnheardOfDeletion(version, held));
    const settled = left.filter((rows) => !deletions.includes(rows) && this.#isSettled(rows, held));
    return {
      changes: [...changes, ...deletions.map(({ version, newest }) => journalledChange(version, newest, project))],
      journal,
      settled: settled.flatMap(({ seqs }) => seqs),
      sessions: new Map([...this.#store.sessions()].map((row) => [row.id, plan.united.get(row.id) ?? row])),
      personal: plan.personal,
      heldBack: this.#heldBack(plan),
    };
  }

  async #held(listed: ReadonlySet<ChunkId>): Promise<HeldVersions> {
    const { project, turn } = this.#parts;
    const known = new Set([...listed].map((id) => cloudChunkId(project, id)).concat(cloudMutationsId(project)));
    const own = [...this.#index.chunks().values()].filter(({ id, exportedHere }) => exportedHere && !listed.has(id));
    return HeldVersions.load(this.#index, known, new Set(own.map(({ id }) => cloudChunkId(project, id))), turn);
  }

  #changes(plan: ExportPlan): CloudChange[] {
    const { project } = this.#parts;
    const rows = [...plan.observations, ...plan.prompts, ...plan.edits].map((item) => rowChange(item, project));
    const deletes = plan.deletes.map((version) => deleteChange(version, project));
    return [...plan.sessions.map((session) => sessionChange(session, project)), ...newestOfEach([...rows, ...deletes])];
  }

  #isMisplaced(row: ObservationRecord | PromptRecord): boolean {
    return isOfAnotherProject(this.#store.session(row.sessionId), this.#parts.project);
  }

  /** Relations stay: servers and members before v1.16 stop at them. */
  #heldBack({ heldBack, relations, refused, promptsHere }: ExportPlan): HeldBack {
    const inOtherProject = refused.filter(({ record }) => this.#isMisplaced(record)).length;
    return {
      all: heldBack + relations.length + promptsHere,
      prompts: promptsHere,
      inOtherProject,
      unsendable: refused.length - inOtherProject,
    };
  }

  /** A deletion that has left no row here; only the journal of a Go program tells of it. */
  #isUnheardOfDeletion(version: Version, held: HeldVersions): boolean {
    if (version.entity === 'relation') return false;
    if (version.entity === 'session') return version.deletedAt !== '' && !this.#store.session(version.key) && isSessionNews(version, held);
    const isGone = new RowReader(this.#store, this.#index).row(version.entity, version.key) === undefined;
    return version.record === undefined && isGone && held.isNews(version);
  }

  /** What is held back stays pending: nothing is acknowledged that was not delivered. */
  #isSettled({ version }: PendingRows, held: HeldVersions): boolean {
    const rows = new RowReader(this.#store, this.#index);
    if (version.entity === 'relation') return false;
    if (version.entity === 'session') {
      const local = rows.session(version.key);
      return local === undefined || !isSessionNews(local, held);
    }
    const local = rows.row(version.entity, version.key);
    return local === undefined || local.record === undefined || !held.isNews(local);
  }
}

/** What would be sent, as a person counts it: a session goes along with its rows, and counts only alone. */
export function countToSend({ changes }: CloudPlan): number {
  return changes.filter(({ version }) => version.entity !== 'session').length || changes.length;
}

/** A database may have an identity twice; the cloud hears of its last state, once. */
function newestOfEach(changes: readonly CloudChange[]): CloudChange[] {
  const newest = new Map<string, CloudChange>();
  for (const change of changes) {
    const key = versionKey(change.version.entity, change.version.key);
    const other = newest.get(key);
    if (!other || orderOf(other) < orderOf(change)) newest.set(key, change);
  }
  return [...newest.values()];
}

function orderOf({ version }: CloudChange): string {
  return version.entity === 'session' ? '' : version.order;
}

function isSessionNews(session: Extract<Version, { entity: 'session' }>, held: HeldVersions): boolean {
  const known = held.session(session.key);
  return known === undefined || !sameSession(mergeSessions(known, session), known);
}

function journalledChange(version: Version, newest: PendingRows['newest'], project: string): CloudChange {
  const { entity, entityKey, op, payload } = newest;
  return { version, mutation: { entity, entityKey: entityKey || version.key, op: op || 'delete', payload, project } };
}

/** What the server checks (golden/cloud/http/push.json), and that PostgreSQL stores no NUL. */
function isUnsendable(row: ObservationRecord | PromptRecord): boolean {
  const needed = 'title' in row ? [row.syncId, row.type, row.title, row.content] : [row.syncId, row.content];
  return (
    needed.some((text) => goTrim(text) === '') || Object.values(row).some((value) => typeof value === 'string' && value.includes('\0'))
  );
}
