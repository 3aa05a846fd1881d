import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileTransport } from '../adapters/chunkFolder.ts';
import { lookAtFolder } from '../adapters/folderLook.ts';
import { translateFsError } from '../adapters/fsErrors.ts';
import { type GitCommand, openGit } from '../adapters/git.ts';
import { ensureIgnoreFile } from '../adapters/gitIgnoreFile.ts';
import { findGit } from '../adapters/gitProcess.ts';
import { LockFile } from '../adapters/lock.ts';
import { detectProjectName } from '../adapters/projectDetection.ts';
import { loadSqlJs } from '../adapters/sqlJs.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { removeStaleTemporaryFiles } from '../adapters/temporaryFiles.ts';
import { makeTurn } from '../adapters/turns.ts';
import { authorName } from '../adapters/userName.ts';
import { ChunkApplier } from '../engine/applyChunk.ts';
import { decodeChunk } from '../engine/chunkCodec.ts';
import { type ScannedChunk, scanChunks } from '../engine/chunkScan.ts';
import { chunkVersions } from '../engine/chunkVersions.ts';
import { Mender } from '../engine/doctorRepair.ts';
import { EngramError } from '../engine/errors.ts';
import { ChunkBuilder } from '../engine/exportChunks.ts';
import { Exporter } from '../engine/exporter.ts';
import { type ExportPlan, isEmptyPlan } from '../engine/exportPlan.ts';
import type {
  CallContext,
  ChunkContents,
  ExportOptions,
  FolderOptions,
  HealOptions,
  ImportOptions,
  MemoryDetail,
  MemoryPatch,
  MergeDriverAction,
  NewMemory,
  NoLongerSharedRow,
  ReadableDocument,
  SavedMemory,
  SearchHit,
  SearchOptions,
} from '../engine/folderRequests.ts';
import type { ExportSummary, FolderState, HealSummary, ImportSummary, MergeDriverState, SyncSummary } from '../engine/folderState.ts';
import { formatInstant } from '../engine/goTime.ts';
import type { HealMode } from '../engine/healingPlan.ts';
import type { HealthRepair, HealthReport, RepairSummary } from '../engine/health.ts';
import { chunkFault, Importer, type ImporterParts } from '../engine/importer.ts';
import { type ChunkId, EMPTY_MANIFEST, isChunkId, NEWEST_MANIFEST_VERSION } from '../engine/manifest.ts';
import type { GitFolderStatus, Turn, WriteGuard } from '../engine/ports.ts';
import { chunkDocument, chunkItems, memoryDocument, sessionDocument } from '../engine/readable.ts';
import type { ObservationRecord } from '../engine/records.ts';
import { RowReader } from '../engine/rowReader.ts';
import type { ImportUndo, UndoSummary } from '../engine/undo.ts';
import type { FolderEnvironment, MemoryFolder } from '../openFolder.ts';
import { databaseFacts } from '../store/databaseFacts.ts';
import { deleteMemory, editMemory, saveMemory } from '../store/saveMemory.ts';
import { FolderDatabases, type OpenDatabases, pathsIn } from './databases.ts';
import { Doctor } from './doctor.ts';
import { DriverKeeper } from './driverKeeper.ts';
import { FolderStateReader } from './folderStateReader.ts';
import { FolderHealer, healingInput, type LastRepair, NOTHING_HEALED } from './healing.ts';
import { LOCK_WAIT_MS } from './holdLocks.ts';
import { KeptCopy, lostRows } from './keptCopy.ts';
import { listingOf, type ManifestReading, readManifestWhole } from './manifestReader.ts';
import { mustBeOursToWrite, readOnlyDatabase, refused, trackedDatabase } from './refusals.ts';
import { undoOf } from './undoChunk.ts';
import { UndoneChoices } from './undoneChoices.ts';

const SAVE_EVERY_MS = 2_000;
const SEARCH_SLICE_MS = 20;

/** What a request that reads works with. */
interface Reading {
  readonly databases: OpenDatabases;
  readonly git: GitCommand | undefined;
  readonly status: GitFolderStatus | undefined;
  readonly turn: Turn;
}

/** What a request that writes works with, while it holds the lock. */
interface Writing extends Reading {
  readonly guard: WriteGuard;
  readonly context: CallContext;
}

/** One `.engram` folder, open: answers every request, one after another (the caller sees to that). */
export class OpenMemoryFolder implements MemoryFolder {
  #options: FolderOptions;
  readonly #environment: FolderEnvironment;
  readonly #databases: FolderDatabases;
  readonly #lock: LockFile;
  readonly #problems: ImporterParts['problems'] = new Map();
  #guard: WriteGuard | undefined;
  #isTidy = false;
  #healed: LastRepair | undefined;
  readonly #driver: DriverKeeper;

  constructor(options: FolderOptions, environment: FolderEnvironment) {
    this.#options = options;
    this.#environment = environment;
    const program = join(dirname(environment.wasmPath), 'mergeDriver.js');
    this.#driver = new DriverKeeper(program, (message) => environment.log('warn', message));
    this.#databases = new FolderDatabases(pathsIn(options.root), () => loadSqlJs(environment.wasmPath));
    this.#lock = new LockFile(options.root);
  }

  configure(options: FolderOptions): void {
    this.#options = options;
  }

  async close(): Promise<void> {
    this.#databases.close();
  }

  async state(context: CallContext = {}): Promise<FolderState> {
    const git = await this.#git();
    await this.#driver.check(git);
    const reader = this.#stateReader(git, makeTurn(context.signal));
    try {
      return await reader.read();
    } catch (error) {
      if (!EngramError.is(error, 'store-corrupt')) throw error;
      await this.#write(context, async () => undefined);
      return reader.read();
    }
  }

  #stateReader(git: GitCommand | undefined, turn: Turn): FolderStateReader {
    return new FolderStateReader({
      options: this.#options,
      databases: this.#databases,
      transport: this.#transport(),
      problems: this.#problems,
      git,
      healed: this.#healed,
      mergeDriver: this.#driver.state,
      turn,
    });
  }

  async initialise(context: CallContext = {}): Promise<void> {
    this.#mustBeTrusted();
    const look = await lookAtFolder(this.#options.root);
    if (look.kind === 'not-a-folder') throw refused(look.kind);
    try {
      await mkdir(this.#options.root, { recursive: true });
    } catch (error) {
      throw translateFsError(error, basename(this.#options.root));
    }
    await this.#write(context, async () => {
      const manifest = await this.#transport().readManifest();
      if (manifest.absent) await this.#transport().writeManifest(EMPTY_MANIFEST);
    });
  }

  async importChunks(options: ImportOptions, context: CallContext = {}): Promise<ImportSummary> {
    return this.#write(context, (writing) => this.#import(options, writing));
  }

  async exportNew(options: ExportOptions, context: CallContext = {}): Promise<ExportSummary> {
    return this.#write(context, async (writing) => {
      await this.#heal('sync', writing);
      return this.#export(options, writing);
    });
  }

  async heal(options: HealOptions, context: CallContext = {}): Promise<HealSummary> {
    return this.#write(context, (writing) => this.#heal(options.automatic ? 'automatic' : 'asked', writing));
  }

  async mergeDriver(action: MergeDriverAction): Promise<MergeDriverState> {
    this.#mustBeTrusted();
    return this.#driver.change(action, await this.#git());
  }

  async sync(options: ExportOptions, context: CallContext = {}): Promise<SyncSummary> {
    return this.#write(context, async (writing) => {
      const imported = await this.#import({}, writing);
      await this.#save(writing.guard);
      const healed = await this.#heal('sync', writing);
      return { imported, ...(healed.kinds.length > 0 && { healed }), exported: await this.#export(options, writing) };
    });
  }

  async save(memory: NewMemory, context: CallContext = {}): Promise<SavedMemory> {
    return this.#write(context, async ({ databases, git }) => {
      const parent = dirname(this.#options.root);
      const detected = await detectProjectName(parent, git);
      const session = {
        id: this.#options.sessionId,
        project: memory.project ?? detected,
        directory: basename(git?.workTree ?? parent) || 'workspace',
      };
      const input = { ...memory, project: memory.project ?? detected };
      return saveMemory(databases.memoryDatabase, input, { nowMs: systemClock.now(), session, random: (size) => randomBytes(size) });
    });
  }

  async edit(syncId: string, patch: MemoryPatch, context: CallContext = {}): Promise<SavedMemory> {
    return this.#write(context, async ({ databases }) => editMemory(databases.memoryDatabase, syncId, patch, systemClock.now()));
  }

  async remove(syncId: string, context: CallContext = {}): Promise<SavedMemory> {
    return this.#write(context, async ({ databases }) => deleteMemory(databases.memoryDatabase, syncId, systemClock.now()));
  }

  async restoreKept(context: CallContext = {}): Promise<ImportSummary> {
    return this.#write(context, async ({ databases: { store, index }, turn }) => {
      const kept = await new KeptCopy(this.#options.keepFolder).read(turn);
      const versions = await chunkVersions(await lostRows(kept, new RowReader(store, index), turn), turn);
      const applied = await index.transaction(() => store.transaction(() => new ChunkApplier(store, index).apply(versions, turn)));
      return { ...applied, chunks: 0, authors: [], problems: [] };
    });
  }

  async discardKept(): Promise<void> {
    this.#mustBeTrusted();
    if (this.#options.keepFolder !== '') await new KeptCopy(this.#options.keepFolder).remove();
  }

  async noLongerShared(context: CallContext = {}): Promise<readonly NoLongerSharedRow[]> {
    const databases = await this.#readable();
    const git = await this.#git();
    const plan = await this.#plan({ databases, git, status: await git?.folderStatus(), turn: makeTurn(context.signal) });
    return plan.noLongerShared.map(({ record, version }) => ({
      kind: version.entity === 'prompt' ? 'prompt' : 'observation',
      key: version.key,
      label: 'title' in record ? record.title : record.content.slice(0, 200),
      type: 'type' in record ? record.type : '',
      createdAt: record.createdAt,
    }));
  }

  async shareAgain(keys: readonly string[], context: CallContext = {}): Promise<void> {
    const wanted = new Set(keys);
    await this.#write(context, async (writing) => {
      const { index } = writing.databases;
      const rows = (await this.#plan(writing)).noLongerShared.filter(({ version }) => wanted.has(version.key));
      await index.transaction(async () => {
        for (const { version } of rows) index.removeHoldings(version.entity, version.key);
      });
    });
  }

  async planUndo(chunkId: string, context: CallContext = {}): Promise<UndoSummary> {
    return this.#undo(chunkId, await this.#readable(), makeTurn(context.signal)).preview();
  }

  async undoImport(chunkId: string, context: CallContext = {}): Promise<UndoSummary> {
    return this.#write(context, async ({ databases, turn }) => {
      const undone = await this.#undo(chunkId, databases, turn).run();
      await this.#undoneChoices(databases).remember().catch(this.#logged);
      return undone;
    });
  }

  #undoneChoices({ store }: OpenDatabases): UndoneChoices {
    return new UndoneChoices(this.#options.keepFolder, store);
  }

  /** What stands in the extension's own storage is a second net: that it cannot be written or read fails nothing. */
  readonly #logged = (error: unknown): void => {
    if (!EngramError.is(error) || error.code === 'cancelled') throw error;
    this.#environment.log('warn', `the extension's own storage could not be used: ${error.code}`);
  };

  #undo(chunkId: string, databases: OpenDatabases, turn: Turn): ImportUndo {
    if (!isChunkId(chunkId)) throw notFound('chunk');
    return undoOf(chunkId, { databases, turn, readChunk: async (id) => (await this.#chunk(id, {})).data });
  }

  async memory(syncId: string): Promise<MemoryDetail> {
    return detailOf(await this.#observation(syncId));
  }

  async search(query: string, options: SearchOptions): Promise<readonly SearchHit[]> {
    return (await this.#readable()).search.search(query, options);
  }

  async chunkContents(id: string, context: CallContext = {}): Promise<ChunkContents> {
    const { turn, data } = await this.#chunk(id, context);
    return chunkItems(id, data, turn);
  }

  async readChunk(id: string, context: CallContext = {}): Promise<ReadableDocument> {
    const { turn, data } = await this.#chunk(id, context);
    const manifest = await this.#transport()
      .readManifest()
      .catch(() => EMPTY_MANIFEST);
    const entry = manifest.chunks.find((candidate) => candidate.id === id);
    return chunkDocument({ id, createdBy: entry?.createdBy ?? '', createdAt: entry?.createdAt ?? '' }, data, turn);
  }

  async readMemory(syncId: string): Promise<ReadableDocument> {
    const row = await this.#observation(syncId);
    const { store } = await this.#readable();
    const relations = [...store.relations()].filter((relation) => relation.sourceId === syncId || relation.targetId === syncId);
    return memoryDocument(row, relations);
  }

  async readSession(id: string): Promise<ReadableDocument> {
    const { store } = await this.#readable();
    const session = store.session(id);
    if (!session) throw notFound('session');
    const observations = [...store.observations()].filter((row) => row.sessionId === id && !row.deletedAt);
    const prompts = [...store.prompts()].filter((row) => row.sessionId === id);
    return sessionDocument(session, { observations, prompts });
  }

  async doctor(context: CallContext = {}): Promise<HealthReport> {
    this.#mustBeTrusted();
    const look = await lookAtFolder(this.#options.root);
    if (look.kind !== 'ok') throw refused(look.kind);
    const git = await this.#git();
    const turn = makeTurn(context.signal);
    const state = await this.#stateReader(git, turn)
      .read()
      .catch((error: unknown) => {
        if (!EngramError.is(error, 'store-corrupt')) throw error;
        return undefined;
      });
    return this.#doctor({ git, turn, context }).examine(state);
  }

  async repairHealth(repairs: readonly HealthRepair[], context: CallContext = {}): Promise<RepairSummary> {
    return this.#write(context, async (writing) => {
      const { databases, git } = writing;
      await this.#mustBeWritableManifest(writing);
      const createdBy = await authorName(this.#options.author, git);
      const exam = await this.#doctor(writing).examineFolder(databases);
      const facts = databaseFacts(databases.memoryDatabase);
      const parts = { ...databases, transport: this.#transport(), exporter: this.#exporter(writing), clock: systemClock, createdBy };
      return new Mender(parts).run(exam, facts, repairs);
    });
  }

  #doctor({ git, turn, context }: Pick<Writing, 'git' | 'turn' | 'context'>): Doctor {
    return new Doctor({
      options: this.#options,
      databases: this.#databases,
      environment: this.#environment,
      transport: this.#transport(),
      git,
      turn,
      context,
    });
  }

  async #import(options: ImportOptions, writing: Writing): Promise<ImportSummary> {
    const choices = this.#undoneChoices(writing.databases);
    await choices.recall(formatInstant(systemClock.now())).catch(this.#logged);
    const summary = await this.#importer(writing).run(await this.#scan(writing), options.ids && new Set(options.ids), writing.context);
    await choices.remember().catch(this.#logged);
    return summary;
  }

  #importer({ databases, turn, guard }: Writing): Importer {
    let savedAt = performance.now();
    const checkpoint = async (): Promise<void> => {
      if (performance.now() - savedAt < SAVE_EVERY_MS) return;
      await this.#save(guard);
      savedAt = performance.now();
    };
    return new Importer({
      transport: this.#transport(),
      store: databases.store,
      index: databases.index,
      clock: systemClock,
      turn,
      problems: this.#problems,
      quarantined: this.#environment.quarantined,
      onReading: this.#environment.onReading,
      checkpoint,
    });
  }

  async #export(options: ExportOptions, writing: Writing): Promise<ExportSummary> {
    const { git, context } = writing;
    await this.#mustBeWritableManifest(writing);
    await this.#importer(writing).learn(await this.#scan(writing));
    const createdBy = options.createdBy || (await authorName(this.#options.author, git));
    const includePersonal = options.includePersonal ?? this.#options.includePersonal;
    return this.#exporter(writing).run(await this.#scan(writing), { ...options, includePersonal, createdBy }, context);
  }

  /** What there is to export of all projects, personal rows too. */
  async #plan(reading: Reading): Promise<ExportPlan> {
    return this.#exporter(reading).plan(await this.#scan(reading), { includePersonal: true });
  }

  #exporter({ databases, git, turn }: Reading): Exporter {
    return new Exporter({ transport: this.#transport(), store: databases.store, index: databases.index, clock: systemClock, turn, git });
  }

  /** What was repaired is told by the state, too: it may have happened by itself. */
  async #heal(mode: HealMode, writing: Writing): Promise<HealSummary> {
    const { databases, git, status, turn } = writing;
    await this.#importer(writing).learn(await this.#scan(writing));
    const reading = await this.#readManifest(writing);
    const isBusy = mode === 'automatic' && (!git || (await git.history.isBusy()));
    const input = healingInput(reading, await this.#scan(writing, reading), { status, isBusy });
    if (isBusy) return NOTHING_HEALED;
    const { limits } = this.#options;
    const healer = new FolderHealer({ transport: this.#transport(), index: databases.index, history: git?.history, limits, turn });
    const summary = await healer.heal(mode, reading, input);
    if (summary.kinds.length > 0 || summary.notFound.length > 0) this.#healed = { summary, atMs: systemClock.now() };
    return summary;
  }

  #readManifest({ git, status }: Reading): Promise<ManifestReading> {
    return readManifestWhole({ transport: this.#transport(), history: git?.history, isUnmerged: status?.manifestUnmerged ?? false });
  }

  async #scan(reading: Reading, known?: ManifestReading): Promise<readonly ScannedChunk[]> {
    const { store, index } = reading.databases;
    const files = await this.#transport().listChunks();
    const manifest = listingOf(known ?? (await this.#readManifest(reading)), files);
    return scanChunks({
      manifest,
      files,
      indexed: index.chunks(),
      recorded: store.importedChunks(),
      undone: store.undoneChunks(),
      problems: this.#problems,
    });
  }

  /** Runs a request that writes: under the lock, on databases as they are on disk now, saved before the lock is free. */
  async #write<T>(context: CallContext, work: (writing: Writing) => Promise<T>): Promise<T> {
    await this.#mustBeWritable();
    const git = await this.#git();
    const status = await git?.folderStatus();
    if (status?.trackedDatabases.includes('engram.db')) throw trackedDatabase();
    return this.#lock.hold(
      async (guard) => {
        this.#guard = guard;
        try {
          await this.#tidy(git, guard);
          const databases = await this.#databases.open(guard);
          if (!databases.writable) throw readOnlyDatabase(databases);
          const turn = makeTurn(context.signal);
          return await this.#workAndSave({ databases, git, status, turn, guard, context }, work);
        } finally {
          this.#guard = undefined;
        }
      },
      LOCK_WAIT_MS,
      context.signal,
    );
  }

  /** What was done before a failure or a cancellation stands at a chunk boundary, so it is saved as well. */
  async #workAndSave<T>(writing: Writing, work: (writing: Writing) => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work(writing);
    } catch (error) {
      if (EngramError.is(error, 'lock-lost')) this.#databases.close();
      else await this.#save(writing.guard);
      throw error;
    }
    await this.#save(writing.guard);
    await this.#keepUnshared(writing);
    while (!writing.databases.search.advance(SEARCH_SLICE_MS)) await writing.turn();
    await this.#save(writing.guard);
    return result;
  }

  /** What a person is told was not written is not there either: the next request reads what the disk has. */
  async #save(guard: WriteGuard): Promise<void> {
    try {
      await this.#databases.save(guard);
    } catch (error) {
      this.#databases.close();
      throw error;
    }
  }

  /** The copy is a second net: that it cannot be written is told in the log, and fails nothing. */
  async #keepUnshared(writing: Writing): Promise<void> {
    const { keepFolder } = this.#options;
    if (keepFolder === '') return;
    const { databases, turn } = writing;
    try {
      const plan = await this.#plan(writing);
      const parts = isEmptyPlan(plan) ? [] : new ChunkBuilder(databases, plan).build(plan, Number.POSITIVE_INFINITY);
      const copy = new KeptCopy(keepFolder);
      await copy.write(parts, await lostRows(await copy.read(turn), new RowReader(databases.store, databases.index), turn));
    } catch (error) {
      if (!EngramError.is(error) || error.code === 'cancelled') throw error;
      this.#environment.log('warn', `the copy of what is not shared could not be written: ${error.code}`);
    }
  }

  /** The ignore file is looked at each time: `git clean -fdx` takes it, and without it the databases would be there to commit. */
  async #tidy(git: GitCommand | undefined, guard: WriteGuard): Promise<void> {
    const { root, keepFolder } = this.#options;
    await ensureIgnoreFile(root, git, guard);
    if (this.#isTidy) return;
    await removeStaleTemporaryFiles(root, keepFolder === '' ? [] : [keepFolder]);
    this.#isTidy = true;
  }

  async #mustBeWritable(): Promise<void> {
    this.#mustBeTrusted();
    await mustBeOursToWrite(this.#options.root);
  }

  /** @throws {EngramError} store-newer, and whatever is wrong with the manifest: nothing is written beside one that cannot be read */
  async #mustBeWritableManifest(writing: Writing): Promise<void> {
    const { file: manifest, error } = await this.#readManifest(writing);
    if (error || !manifest) throw error;
    if (manifest.version > NEWEST_MANIFEST_VERSION) {
      throw new EngramError('store-newer', 'manifest.json was written by a newer release, so nothing is exported. Update the extension.');
    }
  }

  #mustBeTrusted(): void {
    if (!this.#options.trusted)
      throw new EngramError(
        'untrusted',
        'This workspace is in Restricted Mode: chunks can be looked at, nothing else. Trust the workspace to go on.',
      );
  }

  /** Databases to read from. @throws {EngramError} untrusted, not-found where there is none */
  async #readable(): Promise<OpenDatabases> {
    this.#mustBeTrusted();
    const look = await lookAtFolder(this.#options.root);
    if (look.kind !== 'ok') throw refused(look.kind);
    return this.#databases.open();
  }

  async #observation(syncId: string): Promise<ObservationRecord> {
    const row = (await this.#readable()).store.observation(syncId);
    if (!row) throw notFound('memory');
    return row;
  }

  async #chunk(id: string, context: CallContext): Promise<{ turn: Turn; data: Awaited<ReturnType<typeof decodeChunk>> }> {
    if (!isChunkId(id)) throw notFound('chunk');
    const turn = makeTurn(context.signal);
    if (this.#environment.quarantined(id)) throw notFound('chunk');
    return { turn, data: await decodeChunk(await this.#unpacked(id), turn) };
  }

  async #unpacked(id: ChunkId): Promise<Uint8Array> {
    try {
      return await this.#transport().readChunk(id);
    } catch (error) {
      throw EngramError.is(error) ? chunkFault(id, error) : error;
    }
  }

  #transport(): FileTransport {
    return new FileTransport(this.#options.root, { limits: this.#options.limits, guard: () => this.#guard });
  }

  /** Never in Restricted Mode: a repository's configuration may name programs to run. */
  async #git(): Promise<GitCommand | undefined> {
    return this.#options.trusted ? openGit(this.#options.root, this.#options.gitPath || findGit()) : undefined;
  }
}

function detailOf(row: ObservationRecord): MemoryDetail {
  return {
    syncId: row.syncId,
    sessionId: row.sessionId,
    type: row.type,
    title: row.title,
    content: row.content,
    project: row.project ?? '',
    scope: row.scope,
    topicKey: row.topicKey ?? '',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    deleted: row.deletedAt !== undefined,
  };
}

function notFound(what: 'chunk' | 'memory' | 'session'): EngramError {
  return new EngramError('not-found', `This ${what} is not here. It may have been deleted, or stand in a chunk that is not imported yet.`);
}
