import { versionKey } from './chunkVersions.ts';
import { type CloneAnswer, counted, findingAbout, type HealthCode, type HealthFinding, type HealthFix, type HealthItem } from './health.ts';
import type { Entity } from './held.ts';
import type { ChunkId } from './manifest.ts';
import { isUnknownSession, mergeSessions, sameSession, unpackSession } from './merge.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import type { ObservationRecord, PromptRecord } from './records.ts';
import { promptTombstoneVersion, RowReader } from './rowReader.ts';
import {
  isTombstone,
  observationVersion,
  promptVersion,
  type RowVersion,
  relationVersion,
  type SessionVersion,
  sessionVersion,
} from './versions.ts';

/** A database with the index that belongs to it. */
export interface Memories {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
}

/** Which chunks say what of an identity, wherever they are. */
export interface Holders {
  /** Chunks that hold this version of a row or a later one, or all that is known of a session. */
  of(version: RowVersion | SessionVersion): readonly ChunkId[];
}

export interface CloneParts {
  readonly local: Memories;
  /** What a clone of the commit (or of the folder) has after an import. */
  readonly clone: Memories;
  /** The same of the remote branch; absent where it has the same files, or there is none. */
  readonly remote: Memories | undefined;
  readonly holders: Holders;
  /** Chunks whose files the commit has; `undefined`: there is no commit, the files of the folder are what counts. */
  readonly committed: ReadonlySet<ChunkId> | undefined;
  readonly onDisk: ReadonlySet<ChunkId>;
  readonly listed: ReadonlySet<ChunkId>;
  readonly includePersonal: boolean;
  readonly turn: Turn;
}

type Reason = Extract<HealthCode, `row-${string}` | 'deletion-not-shared'>;

/**
 * Compares the live rows of a database, and its deletions, with what a clone holds after importing everything. A row comes back when the
 * clone has its version or a later one.
 */
export class CloneComparison {
  readonly #parts: CloneParts;
  readonly #lost = new Map<Reason, HealthItem[]>();
  /** Sessions whose rows are all personal or deleted: the export leaves them out. */
  readonly #stayHome: Set<string> = new Set();
  #compared = 0;

  constructor(parts: CloneParts) {
    this.#parts = parts;
  }

  /** @throws {EngramError} store-corrupt, cancelled */
  async run(): Promise<{ readonly answer: Omit<CloneAnswer, 'source'>; readonly findings: readonly HealthFinding[] }> {
    const { local, turn } = this.#parts;
    const rows = new RowReader(local.store, local.index);
    const mayLeave = new Set<string>();
    for (const record of local.store.observations()) {
      const version = observationVersion(record);
      (record.deletedAt || this.#isPersonal(record) ? this.#stayHome : mayLeave).add(record.sessionId);
      this.#row(version, record.title, this.#isPersonal(record));
      await turn();
    }
    for (const record of local.store.prompts()) {
      mayLeave.add(record.sessionId);
      this.#row(promptVersion(record), titleOf(record), false);
      await turn();
    }
    for (const id of mayLeave) this.#stayHome.delete(id);
    for (const tombstone of local.store.promptTombstones()) this.#row(promptTombstoneVersion(tombstone), '', false);
    for (const record of local.store.relations()) {
      this.#row(relationVersion(record), record.relation, this.#isHeldBack(record));
    }
    for (const record of local.store.sessions()) {
      this.#session(sessionVersion(rows.withExtra('session', record.id, record)));
      await turn();
    }
    return { answer: this.#answer(), findings: this.#findings() };
  }

  #row(version: RowVersion, title: string, staysHome: boolean): void {
    const { clone, remote } = this.#parts;
    const isDeletion = version.record === undefined;
    if (!isDeletion) this.#compared += 1;
    const inClone = hasRow(clone, version);
    if (inClone && (!remote || hasRow(remote, version))) return;
    const holders = this.#parts.holders.of(version);
    // Deleted before it was ever shared: nobody else knows it, and a clone without it is right.
    if (isDeletion && !knows(clone, version) && !(remote && knows(remote, version))) return;
    const reason = inClone ? 'row-not-pushed' : this.#reasonOf(holders, staysHome, version.entity === 'relation');
    this.#add(isDeletion && reason === 'row-not-exported' ? 'deletion-not-shared' : reason, itemOf(version.entity, version.key, title));
  }

  #session(version: SessionVersion): void {
    const { clone, remote } = this.#parts;
    if (isUnknownSession(version)) return;
    this.#compared += 1;
    const inClone = hasSession(clone, version);
    if (inClone && (!remote || hasSession(remote, version))) return;
    const holders = this.#parts.holders.of(version);
    if (holders.length === 0 && this.#stayHome.has(version.key)) return;
    this.#add(inClone ? 'row-not-pushed' : this.#reasonOf(holders, false, false), itemOf('session', version.key, version.project));
  }

  #reasonOf(holders: readonly ChunkId[], staysHome: boolean, isRelation: boolean): Reason {
    const { committed, onDisk, listed } = this.#parts;
    if (holders.length === 0) return staysHome ? (isRelation ? 'row-held-back' : 'row-personal') : 'row-not-exported';
    if (committed && holders.some((id) => committed.has(id))) return 'row-chunk-unusable';
    if (holders.some((id) => onDisk.has(id))) return committed ? 'row-not-committed' : 'row-chunk-unusable';
    return holders.some((id) => listed.has(id)) ? 'row-chunk-missing' : 'row-no-longer-shared';
  }

  #isPersonal(record: ObservationRecord): boolean {
    return !this.#parts.includePersonal && record.scope.trim().toLowerCase() === 'personal';
  }

  /** As the export decides: both ends must be live and may leave, and differ. */
  #isHeldBack({ sourceId, targetId }: { readonly sourceId: string; readonly targetId: string }): boolean {
    const ends = [sourceId, targetId].map((id) => this.#parts.local.store.observation(id));
    return sourceId === targetId || ends.some((end) => !end || end.deletedAt !== undefined || this.#isPersonal(end));
  }

  #add(reason: Reason, item: HealthItem): void {
    const items = this.#lost.get(reason);
    if (items) items.push(item);
    else this.#lost.set(reason, [item]);
  }

  #answer(): Omit<CloneAnswer, 'source'> {
    const count = (reason: Reason): number => this.#lost.get(reason)?.length ?? 0;
    const all = [...this.#lost.values()].reduce((sum, items) => sum + items.length, 0);
    return { compared: this.#compared, lost: all - count('row-personal') - count('row-held-back'), personal: count('row-personal') };
  }

  #findings(): HealthFinding[] {
    return REASONS.flatMap(({ code, severity, sentence, fix }) => {
      const items = this.#lost.get(code) ?? [];
      return findingAbout({ code, severity, sentence: sentence(items.length), subject: 'engram.db', ...(fix && { fix }) }, items);
    });
  }
}

interface Wording {
  readonly code: Reason;
  readonly severity: HealthFinding['severity'];
  readonly sentence: (count: number) => string;
  readonly fix?: HealthFix;
}

const rowsAre = (count: number): string => counted(count, 'row would not come back: it', 'rows would not come back: they');
const SCM: HealthFix = { kind: 'command', command: 'workbench.view.scm', text: 'Commit .engram, then push.' };
const REPAIR: HealthFix = {
  kind: 'command',
  command: 'engram.repairManifest',
  text: 'Run “Engram: Repair Manifest”: it looks for the file in git’s history and restores it.',
};

const REASONS: readonly Wording[] = [
  {
    code: 'row-not-exported',
    severity: 'warning',
    sentence: (count) => `${rowsAre(count)} ${count === 1 ? 'is' : 'are'} in no chunk yet.`,
    fix: { kind: 'command', command: 'engram.syncNow', text: 'Sync, then commit .engram.' },
  },
  {
    code: 'deletion-not-shared',
    severity: 'warning',
    sentence: (count) =>
      `${counted(count, 'deleted memory would come back: its deletion is', 'deleted memories would come back: their deletions are')} in no chunk yet.`,
    fix: { kind: 'command', command: 'engram.syncNow', text: 'Sync, then commit .engram.' },
  },
  {
    code: 'row-not-committed',
    severity: 'warning',
    sentence: (count) => `${rowsAre(count)} ${count === 1 ? 'is' : 'are'} in a chunk that is not committed.`,
    fix: SCM,
  },
  {
    code: 'row-not-pushed',
    severity: 'warning',
    sentence: (count) => `${rowsAre(count)} ${count === 1 ? 'is' : 'are'} committed here, and the remote branch has nothing of it.`,
    fix: { kind: 'words', text: 'Push.' },
  },
  {
    code: 'row-chunk-missing',
    severity: 'error',
    sentence: (count) => `${rowsAre(count)} ${count === 1 ? 'is' : 'are'} in a chunk whose file is missing.`,
    fix: REPAIR,
  },
  {
    code: 'row-chunk-unusable',
    severity: 'error',
    sentence: (count) =>
      `${rowsAre(count)} ${count === 1 ? 'is' : 'are'} in a chunk that a clone cannot import: damaged, altered or too large there.`,
    fix: { kind: 'words', text: 'Restore the file of the chunk, or commit it again. Until then the memories are safe here.' },
  },
  {
    code: 'row-no-longer-shared',
    severity: 'info',
    sentence: (count) =>
      `${rowsAre(count)} ${count === 1 ? 'came' : 'came'} with a chunk that no branch has any more. Somebody may have taken it out on purpose, so it does not leave by itself.`,
    fix: {
      kind: 'command',
      command: 'engram.reviewUnshared',
      text: 'Share it again, keep it, or delete it.',
    },
  },
  {
    code: 'row-personal',
    severity: 'info',
    sentence: (count) => `${counted(count, 'personal row stays', 'personal rows stay')} on this machine, as is meant to be.`,
    fix: { kind: 'words', text: 'To share one, change its scope to “project”; to share all, set engram.includePersonal.' },
  },
  {
    code: 'row-held-back',
    severity: 'info',
    sentence: (count) => `${counted(count, 'relation stays', 'relations stay')} here because one of its memories does.`,
    fix: { kind: 'words', text: 'It goes out by itself with the next sync after both memories may.' },
  },
];

function hasRow({ store, index }: Memories, version: RowVersion): boolean {
  const there = new RowReader(store, index).row(version.entity, version.key);
  if (there && there.order >= version.order) return true;
  // A deletion of a row that a clone never had leaves no row, and the index holds it.
  return index.holdings(version.entity, version.key).some((holding) => isTombstone(holding.order) && holding.order >= version.order);
}

function knows({ index }: Memories, version: RowVersion): boolean {
  return index.holdings(version.entity, version.key).length > 0;
}

function hasSession({ store, index }: Memories, version: SessionVersion): boolean {
  const there = new RowReader(store, index).session(version.key);
  if (there && sameSession({ ...mergeSessions(there, version), deletedAt: '' }, { ...there, deletedAt: '' })) return true;
  return index.holdings('session', version.key).some((holding) => unpackSession(holding.json).deletedAt !== '');
}

function titleOf(record: PromptRecord): string {
  return record.content.slice(0, 80);
}

function itemOf(entity: Entity, id: string, text: string): HealthItem {
  return { kind: entity === 'observation' ? 'memory' : entity, id, text };
}

/** {@link Holders} over what the chunks of the folder hold, and what the index remembers of chunks that are not here. */
export class KnownHolders implements Holders {
  readonly #rows = new Map<string, { readonly chunkId: ChunkId; readonly order: string }[]>();
  readonly #sessions = new Map<string, { readonly chunkId: ChunkId; readonly version: SessionVersion }[]>();

  addRow(chunkId: ChunkId, key: string, order: string): void {
    const holding = this.#rows.get(key);
    if (holding) holding.push({ chunkId, order });
    else this.#rows.set(key, [{ chunkId, order }]);
  }

  addSession(chunkId: ChunkId, version: SessionVersion): void {
    const holding = this.#sessions.get(version.key);
    if (holding) holding.push({ chunkId, version });
    else this.#sessions.set(version.key, [{ chunkId, version }]);
  }

  of(version: RowVersion | SessionVersion): readonly ChunkId[] {
    if (version.entity !== 'session') {
      const holding = this.#rows.get(versionKey(version.entity, version.key)) ?? [];
      return holding.filter(({ order }) => order >= version.order).map(({ chunkId }) => chunkId);
    }
    const holding = this.#sessions.get(version.key) ?? [];
    const [first, ...rest] = holding;
    if (!first) return [];
    const merged = rest.reduce((all, next) => mergeSessions(all, next.version), first.version);
    return sameSession(mergeSessions(merged, version), merged) ? holding.map(({ chunkId }) => chunkId) : [];
  }
}
