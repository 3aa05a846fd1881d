import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lookAtFolder } from '../adapters/folderLook.ts';
import { translateFsError } from '../adapters/fsErrors.ts';
import type { GitCommand } from '../adapters/git.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { makeTurn } from '../adapters/turns.ts';
import { authorName } from '../adapters/userName.ts';
import type {
  CloudCheck,
  CloudState,
  CloudSyncOptions,
  CloudSyncSummary,
  CloudUpgradeReport,
  CloudUpgradeStep,
} from '../engine/cloud/cloudState.ts';
import { Mender } from '../engine/doctorRepair.ts';
import { EngramError } from '../engine/errors.ts';
import type { ExportPreview } from '../engine/exportPreview.ts';
import type {
  CallContext,
  ChunkContents,
  CopyOptions,
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
import type { HealMode } from '../engine/healingPlan.ts';
import type { HealthRepair, HealthReport, RepairSummary } from '../engine/health.ts';
import { EMPTY_MANIFEST, isChunkId } from '../engine/manifest.ts';
import type { Turn } from '../engine/ports.ts';
import type { ProgramPreview, ProgramSyncOptions, ProgramSyncSummary } from '../engine/programSync.ts';
import type { ImportUndo, UndoSummary } from '../engine/undo.ts';
import type { FolderEnvironment, MemoryFolder } from '../openFolder.ts';
import { databaseFacts } from '../store/databaseFacts.ts';
import { CloudFolder } from './cloudFolder.ts';
import type { OpenDatabases } from './databases.ts';
import { Doctor } from './doctor.ts';
import { DriverKeeper } from './driverKeeper.ts';
import { FolderAccess, type Writing } from './folderAccess.ts';
import { FolderExchange, undoneChoices } from './folderExchange.ts';
import { FolderMemories } from './folderMemories.ts';
import { FolderReader, notFound } from './folderReader.ts';
import { FolderStateReader } from './folderStateReader.ts';
import { FolderHealer, healingInput, type LastRepair, NOTHING_HEALED } from './healing.ts';
import { ProgramFolder } from './programFolder.ts';
import { refused } from './refusals.ts';
import { undoOf } from './undoChunk.ts';

/** One `.engram` folder, open: answers every request, one after another (the caller sees to that). */
export class OpenMemoryFolder implements MemoryFolder {
  readonly #access: FolderAccess;
  readonly #exchange: FolderExchange;
  readonly #reader: FolderReader;
  readonly #driver: DriverKeeper;
  readonly #cloud: CloudFolder;
  readonly #program: ProgramFolder;
  readonly #memories: FolderMemories;
  #healed: LastRepair | undefined;

  constructor(options: FolderOptions, environment: FolderEnvironment) {
    this.#access = new FolderAccess(options, environment);
    this.#exchange = new FolderExchange(this.#access);
    this.#reader = new FolderReader(this.#access);
    this.#cloud = new CloudFolder(this.#access);
    this.#program = new ProgramFolder(this.#access);
    this.#memories = new FolderMemories(this.#access, this.#program);
    const program = join(dirname(environment.wasmPath), 'mergeDriver.js');
    this.#driver = new DriverKeeper(program, (message) => environment.log('warn', message));
  }

  configure(options: FolderOptions): void {
    this.#access.options = options;
  }

  async close(): Promise<void> {
    this.#access.databases.close();
  }

  async state(context: CallContext = {}): Promise<FolderState> {
    const git = await this.#access.git();
    await this.#driver.check(git);
    const reader = await this.#stateReader(git, makeTurn(context.signal));
    try {
      return await reader.read();
    } catch (error) {
      if (!EngramError.is(error, 'store-corrupt')) throw error;
      await this.#access
        .write(context, async () => undefined)
        .catch((failure: unknown) => {
          if (!EngramError.is(failure, 'store-corrupt')) throw failure;
        });
      return reader.read({ asItIs: true });
    }
  }

  async #stateReader(git: GitCommand | undefined, turn: Turn): Promise<FolderStateReader> {
    return new FolderStateReader({
      paths: await this.#access.locate(),
      livePath: () => this.#access.livePath(),
      project: (databases) => this.#access.project({ databases, git }),
      program: (databases) => this.#program.state(databases),
      options: this.#access.options,
      databases: this.#access.databases,
      transport: this.#access.transport(),
      problems: this.#access.problems,
      git,
      healed: this.#healed,
      mergeDriver: this.#driver.state,
      turn,
    });
  }

  async initialise(context: CallContext = {}): Promise<void> {
    this.#access.mustBeTrusted();
    const look = await lookAtFolder(this.#access.options.root);
    if (look.kind === 'not-a-folder') throw refused(look.kind);
    try {
      await mkdir(this.#access.options.root, { recursive: true });
    } catch (error) {
      throw translateFsError(error, basename(this.#access.options.root));
    }
    await this.#access.write(context, async () => {
      const manifest = await this.#access.transport().readManifest();
      if (manifest.absent) await this.#access.transport().writeManifest(EMPTY_MANIFEST);
    });
  }

  async importChunks(options: ImportOptions, context: CallContext = {}): Promise<ImportSummary> {
    return this.#access.write(context, (writing) => this.#exchange.import(options, writing));
  }

  async exportNew(options: ExportOptions, context: CallContext = {}): Promise<ExportSummary> {
    return this.#access.write(context, async (writing) => {
      await this.#heal('sync', writing);
      return this.#exchange.export(options, writing);
    });
  }

  async heal(options: HealOptions, context: CallContext = {}): Promise<HealSummary> {
    return this.#access.write(context, (writing) => this.#heal(options.automatic ? 'automatic' : 'asked', writing));
  }

  async mergeDriver(action: MergeDriverAction): Promise<MergeDriverState> {
    this.#access.mustBeTrusted();
    return this.#driver.change(action, await this.#access.git());
  }

  async sync(options: ExportOptions, context: CallContext = {}): Promise<SyncSummary> {
    return this.#access.write(context, async (writing) => {
      const imported = await this.#exchange.import({}, writing);
      await this.#access.save(writing.guard);
      const healed = await this.#heal('sync', writing);
      return { imported, ...(healed.kinds.length > 0 && { healed }), exported: await this.#exchange.export(options, writing) };
    });
  }

  programPreview(context: CallContext = {}): Promise<ProgramPreview> {
    return this.#program.preview(context);
  }

  programSync(options: ProgramSyncOptions, context: CallContext = {}): Promise<ProgramSyncSummary> {
    return this.#program.sync(options, context);
  }

  save(memory: NewMemory, context: CallContext = {}): Promise<SavedMemory> {
    return this.#memories.save(memory, context);
  }

  edit(syncId: string, patch: MemoryPatch, context: CallContext = {}): Promise<SavedMemory> {
    return this.#memories.edit(syncId, patch, context);
  }

  remove(syncId: string, context: CallContext = {}): Promise<SavedMemory> {
    return this.#memories.remove(syncId, context);
  }

  restoreKept(context: CallContext = {}): Promise<ImportSummary> {
    return this.#memories.restoreKept(context);
  }

  discardKept(): Promise<void> {
    return this.#memories.discardKept();
  }

  async shareAgain(keys: readonly string[], context: CallContext = {}): Promise<void> {
    const wanted = new Set(keys);
    await this.#access.write(context, async (writing) => {
      const { index } = writing.databases;
      const rows = (await this.#access.plan(writing)).noLongerShared.filter(({ version }) => wanted.has(version.key));
      await index.transaction(async () => {
        for (const { version } of rows) index.removeHoldings(version.entity, version.key);
      });
    });
  }

  async planUndo(chunkId: string, context: CallContext = {}): Promise<UndoSummary> {
    return this.#undo(chunkId, await this.#access.readable(), makeTurn(context.signal)).preview();
  }

  async undoImport(chunkId: string, context: CallContext = {}): Promise<UndoSummary> {
    return this.#access.write(context, async ({ databases, turn }) => {
      const undone = await this.#undo(chunkId, databases, turn).run();
      await undoneChoices(this.#access, databases).remember().catch(this.#access.logged);
      return undone;
    });
  }

  #undo(chunkId: string, databases: OpenDatabases, turn: Turn): ImportUndo {
    if (!isChunkId(chunkId)) throw notFound('chunk');
    return undoOf(chunkId, { databases, turn, readChunk: async (id) => (await this.#reader.chunk(id, {})).data });
  }

  async doctor(context: CallContext = {}): Promise<HealthReport> {
    this.#access.mustBeTrusted();
    const look = await lookAtFolder(this.#access.options.root);
    if (look.kind !== 'ok') throw refused(look.kind);
    const git = await this.#access.git();
    const turn = makeTurn(context.signal);
    const state = await (await this.#stateReader(git, turn)).read().catch((error: unknown) => {
      if (!EngramError.is(error, 'store-corrupt')) throw error;
      return undefined;
    });
    return this.#doctor({ git, turn, context }).examine(state);
  }

  async repairHealth(repairs: readonly HealthRepair[], context: CallContext = {}): Promise<RepairSummary> {
    return this.#access.write(context, async (writing) => {
      const { databases, git } = writing;
      await this.#access.mustBeWritableManifest(writing);
      const createdBy = await authorName(this.#access.options.author, git);
      const exam = await this.#doctor(writing).examineFolder(databases);
      const facts = databaseFacts(databases.memoryDatabase);
      const parts = {
        ...databases,
        transport: this.#access.transport(),
        exporter: await this.#access.exporter(writing),
        clock: systemClock,
        createdBy,
      };
      return new Mender(parts).run(exam, facts, repairs);
    });
  }

  #doctor({ git, turn, context }: Pick<Writing, 'git' | 'turn' | 'context'>): Doctor {
    return new Doctor({
      options: this.#access.options,
      databases: this.#access.databases,
      environment: this.#access.environment,
      transport: this.#access.transport(),
      git,
      turn,
      context,
    });
  }

  /** What was repaired is told by the state, too: it may have happened by itself. */
  async #heal(mode: HealMode, writing: Writing): Promise<HealSummary> {
    const { databases, git, status, turn } = writing;
    await (await this.#access.importer(writing)).learn(await this.#access.scan(writing));
    const reading = await this.#access.readManifest(writing);
    const isBusy = mode === 'automatic' && (!git || (await git.history.isBusy()));
    const input = healingInput(reading, await this.#access.scan(writing, reading), { status, isBusy });
    if (isBusy) return NOTHING_HEALED;
    const { limits } = this.#access.options;
    const healer = new FolderHealer({ transport: this.#access.transport(), index: databases.index, history: git?.history, limits, turn });
    const summary = await healer.heal(mode, reading, input);
    if (summary.kinds.length > 0 || summary.notFound.length > 0) this.#healed = { summary, atMs: systemClock.now() };
    return summary;
  }

  exportPreview(options: ExportOptions, context: CallContext = {}): Promise<ExportPreview> {
    return this.#exchange.preview(options, context);
  }

  noLongerShared(context: CallContext = {}): Promise<readonly NoLongerSharedRow[]> {
    return this.#reader.noLongerShared(context);
  }

  copyMemories(options: CopyOptions, context: CallContext = {}): Promise<ImportSummary> {
    return this.#memories.copy(options, context);
  }

  async databaseVersion(): Promise<string> {
    this.#access.mustBeTrusted();
    return this.#access.databases.version();
  }

  memory(syncId: string): Promise<MemoryDetail> {
    return this.#reader.memory(syncId);
  }

  search(query: string, options: SearchOptions): Promise<readonly SearchHit[]> {
    return this.#reader.search(query, options);
  }

  chunkContents(id: string, context: CallContext = {}): Promise<ChunkContents> {
    return this.#reader.chunkContents(id, context);
  }

  readChunk(id: string, context: CallContext = {}): Promise<ReadableDocument> {
    return this.#reader.readChunk(id, context);
  }

  readMemory(syncId: string): Promise<ReadableDocument> {
    return this.#reader.readMemory(syncId);
  }

  readSession(id: string): Promise<ReadableDocument> {
    return this.#reader.readSession(id);
  }

  cloudState(context: CallContext = {}): Promise<CloudState> {
    return this.#cloud.state(context);
  }

  cloudAsk(context: CallContext = {}): Promise<void> {
    return this.#cloud.ask(context);
  }

  cloudCheck(server: string, context: CallContext = {}): Promise<CloudCheck> {
    return this.#cloud.check(server, context);
  }

  cloudSync(options: CloudSyncOptions, context: CallContext = {}): Promise<CloudSyncSummary> {
    return this.#cloud.sync(options, context);
  }

  cloudEnroll(project: string, context: CallContext = {}): Promise<void> {
    return this.#cloud.enroll(project, context);
  }

  cloudUnenroll(project: string, context: CallContext = {}): Promise<void> {
    return this.#cloud.unenroll(project, context);
  }

  cloudUpgrade(step: CloudUpgradeStep, options: { readonly planOnly?: boolean }, context: CallContext = {}): Promise<CloudUpgradeReport> {
    return this.#cloud.upgrade(step, options, context);
  }
}
