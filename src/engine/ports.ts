import type { Entity, Holding, IndexedChunk } from './held.ts';
import type { Journal } from './journal.ts';
import type { ChunkEntry, ChunkId, Manifest } from './manifest.ts';
import type { ObservationRecord, PromptRecord, PromptTombstone, RelationRecord, SessionRecord } from './records.ts';

/** Wall clock, milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** Where chunks come from and go to. JSON is raw (unpacked) in both directions, whatever the comments of Go's `sync.Transport` say. */
export interface Transport {
  /** @throws {EngramError} manifest-invalid, manifest-conflict, manifest-too-large, not-regular-file. A missing file is an empty manifest of version 2 with `absent: true`. */
  readManifest(): Promise<Manifest>;
  writeManifest(manifest: Manifest): Promise<void>;
  /** Writes nothing when the same bytes are there already. @throws {EngramError} chunk-collision when other bytes are. */
  writeChunk(id: string, json: Uint8Array, entry: ChunkEntry): Promise<void>;
  /** @throws {EngramError} chunk-missing ({@link ChunkNotFoundError}), chunk-corrupt (gzip), chunk-too-large, not-regular-file. Does not check the hash. */
  readChunk(id: string): Promise<Uint8Array>;
  /** Chunk files present, whether listed or not; absent where a transport cannot list. Never throws for one bad file: that file carries `problem`. */
  listChunks?(): Promise<readonly ChunkFile[]>;
}

/** The transport of a folder of files, with what a repair needs besides. */
export interface FolderTransport extends Transport {
  listChunks(): Promise<readonly ChunkFile[]>;
  /** The file as it is, damaged or not; `undefined` where there is none. @throws {EngramError} manifest-too-large, not-regular-file */
  readManifestBytes(): Promise<Uint8Array | undefined>;
  /**
   * Puts a chunk's file back, byte for byte as git has it, where none stands or a torn one.
   *
   * @param isRight told the unpacked JSON; a file that it refuses is not written.
   * @returns `same`: that very file is there; `refused`: it is not the right one, or another one is there. @throws {EngramError} disk-full, read-only, not-regular-file
   */
  restoreChunk(id: string, packed: Uint8Array, isRight: (json: Uint8Array) => Promise<boolean>): Promise<'written' | 'same' | 'refused'>;
}

/** A file `chunks/<id>.jsonl.gz`. Files with other names are not chunks and are not listed. */
export interface ChunkFile {
  readonly id: ChunkId;
  /** Packed bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  /** `not-regular-file` for symbolic links, folders, devices. */
  readonly problem?: 'not-regular-file';
}

/** Asks for permission to rename a finished temporary file over the real one; throws `lock-lost` when the lock is gone. */
export type WriteGuard = () => Promise<void>;

/**
 * Called between small steps of long work: lets the thread's other messages through when a slice of time (at most 50 ms) is used up.
 * @throws {EngramError} cancelled
 */
export type Turn = () => Promise<void>;

export type SqlValue = null | number | bigint | string | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One open SQLite database. Synchronous: it lives in a worker thread or a command-line process. */
export interface SqlDatabase {
  /** Runs one statement (or, without parameters, a script). Returns changed rows. */
  run(sql: string, parameters?: readonly SqlValue[]): number;
  /** Text columns that hold invalid UTF-8 come back with each bad byte 0xNN as the lone surrogate U+DCNN, so that nothing is lost. Integers beyond 2^53 are bigint. */
  all(sql: string, parameters?: readonly SqlValue[]): SqlRow[];
  /** As {@link all}, one row at a time; the statement is freed when the iteration ends, also early. */
  iterate(sql: string, parameters?: readonly SqlValue[]): IterableIterator<SqlRow>;
  readonly inTransaction: boolean;
  close(): void;
}

/** A database file: loaded whole, changed in memory and written back whole (sql.js), or changed in place (the host's own SQLite). */
export interface DatabaseFile {
  /** Absolute path. */
  readonly path: string;
  /**
   * Opens the file, or opens it again when it changed on disk since it was loaded or saved here; the old handle is closed then.
   * A missing file gives an empty database in memory; nothing is written before {@link save}.
   * @returns `fresh`: a new handle was made, so whatever was derived from the old one is stale; `withLog`: another program keeps a
   *   write-ahead log for it, so what was loaded is its last commit and is never written back.
   * @throws {EngramError} store-corrupt (of one with a log: store-foreign), store-locked, not-regular-file, read-only
   */
  open(): Promise<{ readonly database: SqlDatabase; readonly fresh: boolean; readonly withLog?: boolean }>;
  /** Whether the file exists (lstat). */
  exists(): Promise<boolean>;
  /** Writes the whole file: temporary file, fsync, guard, rename. Does nothing when nothing changed since the last save. @throws {EngramError} disk-full, read-only, lock-lost, store-locked (the file changed on disk since it was loaded) */
  save(guard: WriteGuard): Promise<void>;
  /** Differs whenever the content may have changed, by whomever; cheap enough to be asked every second. @throws {EngramError} as {@link open} */
  version(): Promise<string>;
  /** Renames a damaged file to `<name>.damaged-<UTC time>`, so that a new one can be built. @returns the new name, without folder. */
  setAside(): Promise<string>;
  /** Forgets the handle without saving. */
  close(): void;
}

/** The memories: exactly the Go program's tables. All methods are synchronous and throw `store-corrupt` on SQLite errors. */
export interface MemoryStore {
  readonly journal: Journal;
  /** Runs `work` between BEGIN and COMMIT; ROLLBACK when it throws. Not re-entrant. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /**
   * As {@link transaction}, for long work that can be done again from the start. Where other programs write the database, too, it is committed
   * piece by piece, so that they get their turn; whatever stops it, the pieces before stay.
   *
   * @param work calls the turn that it gets between its steps
   * @param beforeGap called in each piece but the last, right before it is committed
   */
  inPieces<T>(work: (turn: Turn) => Promise<T>, turn: Turn, beforeGap?: () => void): Promise<T>;
  /** @throws {EngramError} read-only, store-locked: nothing could be recorded now */
  mustBeWritable(): Promise<void>;
  /** Rows of `sync_chunks` with target `local`. */
  importedChunks(): ReadonlySet<string>;
  recordChunk(id: string, at: string): void;
  /** Where projects share the memories: whose folder brought a chunk, `''`: nobody's. `undefined`: that was not recorded. */
  projectOfChunk(id: string): string | undefined;
  recordChunkOf(project: string, id: string, at: string): void;
  /** Chunks whose import a person has undone; they stay recorded as imported, so that the Go program passes over them too. */
  undoneChunks(): ReadonlySet<string>;
  recordUndone(id: string, at: string): void;
  forgetUndone(id: string): void;
  /** Where other programs write the database, too: takes away rows that one of them has made a second time, alike in everything. @returns how many */
  removeTwins(): Promise<number>;
  /** How far the memories have come: what {@link FolderIndex.belongTo} knows an earlier copy by. */
  counters(): Counters;
  /** Chunks of which some rows are here already: their import was stopped between two pieces. */
  begunChunks(): ReadonlySet<string>;
  recordBegun(id: string, at: string): void;
  forgetBegun(id: string): void;

  session(id: string): SessionRecord | undefined;
  /** The row with the highest row id that has this `sync_id`, deleted ones included. */
  observation(syncId: string): ObservationRecord | undefined;
  prompt(syncId: string): PromptRecord | undefined;
  promptTombstone(syncId: string): PromptTombstone | undefined;
  relation(syncId: string): RelationRecord | undefined;

  /**
   * The row to which an older program gave a random id because its chunk had none: it has the derived id `key` in everything but name.
   * @returns its id; `undefined` also where that id has left this machine through the cloud
   */
  twinOfDerived(entity: 'observation' | 'prompt', key: string, sessionId: string): string | undefined;
  /** Gives a row another `sync_id`, relations to it included. */
  renameRow(entity: 'observation' | 'prompt', from: string, to: string): void;

  /** By `started_at` as text, then rowid: the order of the Go program's export. */
  sessions(): Iterable<SessionRecord>;
  /**
   * By row id.
   *
   * @param project leaves out the rows that name another one; those that name none are among them. `''`: all
   */
  observations(project?: string): Iterable<ObservationRecord>;
  prompts(project?: string): Iterable<PromptRecord>;
  promptTombstones(): Iterable<PromptTombstone>;
  relations(): Iterable<RelationRecord>;
  sessionHasRows(id: string): boolean;
  counts(): MemoryCounts;

  /** Insert or replace by `id`. */
  writeSession(record: SessionRecord): void;
  removeSession(id: string): void;
  /** Removes every row of this `sync_id`, as if it had never been there: no tombstone. So do the two below. */
  removeObservation(syncId: string): void;
  removePrompt(syncId: string): void;
  removePromptTombstone(syncId: string): void;
  /** Insert, or update of the row that {@link observation} finds; the row id of the record is ignored; `normalized_hash` is computed; `extra` is not stored. */
  writeObservation(record: ObservationRecord): void;
  /** As {@link writeObservation}; removes a tombstone of the same `sync_id`. */
  writePrompt(record: PromptRecord): void;
  /** Removes the rows of this `sync_id` and records the tombstone. */
  writePromptTombstone(tombstone: PromptTombstone): void;
  writeRelation(record: RelationRecord): void;
  removeRelation(syncId: string): void;
}

/** Rows that a person would count: hidden (deleted) rows are left out. */
export interface MemoryCounts {
  readonly sessions: number;
  readonly observations: number;
  readonly prompts: number;
  readonly relations: number;
}

/** The last row ids that SQLite gave out, by table. */
export type Counters = ReadonlyMap<string, number>;

/** A change of another project's row that waits for a person. */
export interface HeldBack {
  readonly chunkId: ChunkId;
  readonly entity: Entity;
  readonly key: string;
}

/**
 * What the folder's chunks hold, and what the cloud's do (`.engram/index.db`). Derived: it can be thrown away at any time. Synchronous.
 * Only merging asks for both at once ({@link FolderIndex.holdings}); whatever is about the folder never sees the cloud's, and the reverse.
 */
export interface FolderIndex {
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /** Those of the folder. */
  chunks(): ReadonlyMap<ChunkId, IndexedChunk>;
  /** Those of one project in the cloud, under the ids that `cloudChunkId` gives. */
  cloudChunks(project: string): ReadonlyMap<ChunkId, IndexedChunk>;
  /** Those of every project. */
  cloudChunkIds(): ReadonlySet<ChunkId>;
  /** Adds a chunk, or replaces it; its holdings of before are removed. */
  putChunk(chunk: IndexedChunk): void;
  /** Adds what the chunk `holding.chunkId` holds of one identity. */
  addHolding(holding: Holding): void;
  /** As {@link addHolding}, in place of what the chunk held of it. */
  setHolding(holding: Holding): void;
  removeChunk(id: ChunkId): void;
  /** Its rows are in the memories now; with `false`: not all of them any more, so that it is merged again. */
  markMerged(id: ChunkId, isMerged?: boolean): void;
  /** Every chunk that is, the cloud's too. */
  mergedChunks(): ReadonlySet<ChunkId>;
  /** Whether a row came into the memories by this folder's chunks, or left in one: such a row the folder may change. */
  isOfFolder(entity: Entity, key: string): boolean;
  addOfFolder(entity: Entity, key: string): void;
  /** What a chunk would have changed in rows that are not the folder's. Forgotten with the chunk's holdings. */
  holdBack(change: HeldBack): void;
  heldBack(): readonly HeldBack[];
  /** Forgets that any chunk of the folder held an identity: what only chunks without a branch held is new again. */
  removeHoldings(entity: Entity, key: string): void;
  /** Every chunk's holding of one identity, the cloud's too: a deletion that one of them brought beats an older version of the other. */
  holdings(entity: Entity, key: string): readonly Holding[];
  /** What one chunk holds. */
  chunkHoldings(id: ChunkId): readonly Holding[];
  /** What the folder's chunks hold. */
  allHoldings(): Iterable<Holding>;
  /** What one project's chunks in the cloud hold. */
  cloudHoldings(project: string): Iterable<Holding>;
  /** Unknown fields of the version that the memories hold now; `undefined` where there are none. Canonical JSON text. */
  extra(entity: Entity, key: string): string | undefined;
  allExtras(): Iterable<{ readonly entity: Entity; readonly key: string; readonly json: string }>;
  setExtra(entity: Entity, key: string, json: string | undefined): void;
  /** Relations whose endpoints are not known yet; by `sync_id`. */
  deferredRelations(): readonly RelationRecord[];
  deferRelation(record: RelationRecord): void;
  undeferRelation(syncId: string): void;
  /**
   * Says which memories the chunks were merged into. Those merged into others are merged again, and what was said of their rows is forgotten.
   *
   * @param counters that only ever grow; a smaller one than was noted says that an earlier copy stands in their place
   */
  belongTo(memories: string, counters?: Counters): void;
  /** Notes how far the memories have come. */
  noteCounters(counters: Counters): void;
  /** Remembers small facts of the folder. */
  note(key: string): string | undefined;
  setNote(key: string, value: string): void;
}

/** Git, as far as a folder needs it. Absent where there is no git, no repository, or no trust. */
export interface Git {
  /** Absolute path of the work tree that holds the folder. */
  readonly workTree: string;
  /** How the folder and its files stand in git: one `git status` and one `ls-files`. @throws {EngramError} git-failed */
  folderStatus(): Promise<GitFolderStatus>;
  /**
   * Which of the chunks some other branch has (local or remote-tracking, with a commit in the last 30 days; the default branch always counts).
   * @throws {EngramError} git-failed
   */
  chunksOnBranches(ids: readonly ChunkId[]): Promise<ReadonlySet<ChunkId>>;
  /** Whether another branch, of whatever age, has this folder's manifest or chunks. @throws {EngramError} git-failed */
  otherBranchHasFolder(): Promise<boolean>;
  /** `user.name`, `''` where it is not set. */
  userName(): Promise<string>;
  /** URL of the remote `origin`, `''` where there is none. */
  originUrl(): Promise<string>;
}

/** What git remembers of a folder's files. Nothing here changes a repository. All methods @throw {EngramError} git-failed */
export interface FolderHistory {
  /** While a merge is open: the common ancestor's, ours and theirs, as far as there are any. */
  unmergedManifests(): Promise<readonly Uint8Array[]>;
  /** The one of the commit that is checked out; `undefined` where it has none. */
  committedManifest(): Promise<Uint8Array | undefined>;
  /** Those of the last 200 commits, on all references, that changed it; newest first. */
  manifestVersions(): AsyncIterable<Uint8Array>;
  /** Object ids of what stood at a chunk's path, on all references, newest first, at most 20 each. */
  chunkVersions(ids: readonly ChunkId[]): Promise<ReadonlyMap<ChunkId, readonly string[]>>;
  /** The bytes of such an object; `undefined` where it is larger, or not in this clone. */
  readVersion(oid: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** A merge, rebase, cherry-pick or the like is open, or git is writing: the work tree is not what it will be. */
  isBusy(): Promise<boolean>;
}

export interface GitFolderStatus {
  /** Short branch name, `''` for a detached HEAD. */
  readonly branch: string;
  /** The folder, or its manifest or chunks, is ignored by a rule that is not ours, so nothing in it can be shared. */
  readonly ignored: boolean;
  /** Chunk ids that are new or changed and not committed. */
  readonly uncommittedChunks: readonly string[];
  /** Chunk ids that the last commit has and the work tree has not. */
  readonly deletedChunks: readonly string[];
  readonly manifestUncommitted: boolean;
  /** The manifest is unmerged (both sides changed it). */
  readonly manifestUnmerged: boolean;
  /** Files of ours that git tracks although they must never be shared (`engram.db`, `index.db`). */
  readonly trackedDatabases: readonly string[];
}

/** Serialises the writers of one folder, across windows and programs (`.engram/.lock`). */
export interface FolderLock {
  /**
   * Runs `work` while holding the lock. Waits up to `waitMs` for another holder.
   * @throws {EngramError} store-locked (with the holder in `subject`: host and process id), read-only, disk-full, not-regular-file
   */
  hold<T>(work: (guard: WriteGuard) => Promise<T>, waitMs: number, signal?: AbortSignal): Promise<T>;
}
