import { dirname, join } from 'node:path';
import { FileTransport } from '../adapters/chunkFolder.ts';
import { lookAtFolder } from '../adapters/folderLook.ts';
import { type GitCommand, openGit } from '../adapters/git.ts';
import { ensureIgnoreFile } from '../adapters/gitIgnoreFile.ts';
import { findGit } from '../adapters/gitProcess.ts';
import { LockFile } from '../adapters/lock.ts';
import { isDatabaseThere } from '../adapters/nativeFile.ts';
import { detectProjectName } from '../adapters/projectDetection.ts';
import { loadSqlJs } from '../adapters/sqlJs.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { removeStaleTemporaryFiles } from '../adapters/temporaryFiles.ts';
import { makeTurn } from '../adapters/turns.ts';
import { type ScannedChunk, scanChunks } from '../engine/chunkScan.ts';
import { EngramError } from '../engine/errors.ts';
import { ChunkBuilder } from '../engine/exportChunks.ts';
import { Exporter } from '../engine/exporter.ts';
import { type ExportPlan, isEmptyPlan } from '../engine/exportPlan.ts';
import type { CallContext, FolderOptions } from '../engine/folderRequests.ts';
import { FolderRights } from '../engine/folderRights.ts';
import { Importer, type ImporterParts } from '../engine/importer.ts';
import { NEWEST_MANIFEST_VERSION } from '../engine/manifest.ts';
import type { GitFolderStatus, Turn, WriteGuard } from '../engine/ports.ts';
import { RowReader } from '../engine/rowReader.ts';
import { SlowClock } from '../engine/slowClock.ts';
import type { FolderEnvironment } from '../openFolder.ts';
import { dataDirectory } from './cloudConfig.ts';
import { type DatabasePaths, FolderDatabases, livePathsIn, type OpenDatabases, pathsIn } from './databases.ts';
import { LOCK_WAIT_MS } from './holdLocks.ts';
import { KeptCopy, lostRows } from './keptCopy.ts';
import { listingOf, type ManifestReading, readManifestWhole } from './manifestReader.ts';
import { mustBeOursToWrite, readOnlyDatabase, refused, trackedDatabase, tracksDatabase } from './refusals.ts';

const SAVE_EVERY_MS = 2_000;
const SEARCH_SLICE_MS = 20;

/** What a request that reads works with. */
export interface Reading {
  readonly databases: OpenDatabases;
  readonly git: GitCommand | undefined;
  readonly status: GitFolderStatus | undefined;
  readonly turn: Turn;
}

/** What a request that writes works with, while it holds the lock. */
export interface Writing extends Reading {
  readonly guard: WriteGuard;
  readonly context: CallContext;
}

/**
 * How the requests of one folder get at it: databases, git and chunks to read from, and the lock to write under. What a request found is
 * saved before the lock is free.
 */
export class FolderAccess {
  /** Replaced whole when settings or trust change. */
  options: FolderOptions;
  readonly environment: FolderEnvironment;
  readonly databases: FolderDatabases;
  readonly problems: ImporterParts['problems'] = new Map();
  readonly #lock: LockFile;
  #guard: WriteGuard | undefined;
  #isTidy = false;

  constructor(options: FolderOptions, environment: FolderEnvironment) {
    this.options = options;
    this.environment = environment;
    this.databases = new FolderDatabases(
      () => this.locate(),
      () => loadSqlJs(environment.wasmPath),
      environment.findNative,
    );
    this.#lock = new LockFile(options.root);
  }

  /** Where the chosen memories stand. */
  async locate(): Promise<DatabasePaths> {
    const { root, database = 'workspace' } = this.options;
    if (database === 'workspace') return pathsIn(root);
    const livePath = this.livePath();
    const isLive = database === 'live' || (await isDatabaseThere(livePath));
    return isLive ? livePathsIn(root, livePath) : pathsIn(root);
  }

  /** @throws {EngramError} cloud-config where ENGRAM_DATA_DIR is not absolute: the Engram program refuses it, too */
  livePath(): string {
    return this.options.livePath ?? join((this.environment.dataDirectory ?? dataDirectory)(), 'engram.db');
  }

  bothPaths(): Readonly<Record<'live' | 'workspace', DatabasePaths>> {
    const { root } = this.options;
    return { live: livePathsIn(root, this.livePath()), workspace: pathsIn(root) };
  }

  /** The project that the folder shares from the live database; `undefined`: its own database is all the folder's. */
  async project({ databases, git }: { databases: Pick<OpenDatabases, 'live'>; git: GitCommand | undefined }): Promise<string | undefined> {
    if (!databases.live) return undefined;
    return this.options.project ?? detectProjectName(dirname(this.options.root), git);
  }

  /** @param everything a person has said that changes of other projects' memories are right, too */
  async importer(writing: Writing, everything = false): Promise<Importer> {
    const { databases, turn, guard } = writing;
    const rights = everything ? undefined : await this.#rights(writing);
    let savedAt = performance.now();
    const checkpoint = async (): Promise<void> => {
      if (performance.now() - savedAt < SAVE_EVERY_MS) return;
      await this.save(guard);
      savedAt = performance.now();
    };
    return new Importer({
      transport: this.transport(),
      store: databases.store,
      index: databases.index,
      clock: systemClock,
      turn,
      problems: this.problems,
      quarantined: this.environment.quarantined,
      onReading: this.environment.onReading,
      checkpoint,
      rights,
    });
  }

  /** What there is to export of all that this folder shares, personal rows too. */
  async plan(reading: Reading): Promise<ExportPlan> {
    const project = await this.project(reading);
    return (await this.exporter(reading)).plan(await this.scan(reading), {
      includePersonal: true,
      ...(project !== undefined && { project }),
    });
  }

  async exporter(reading: Reading): Promise<Exporter> {
    const { databases, git, turn } = reading;
    const { store, index } = databases;
    const guard = this.#guard;
    return new Exporter({
      transport: this.transport(),
      store,
      index,
      clock: systemClock,
      turn,
      git,
      rights: await this.#rights(reading),
      saveIndex: guard && databases.isInPlace ? () => this.databases.saveIndex(guard) : undefined,
    });
  }

  /** Of memories that are the folder's alone it may change any. */
  async #rights(reading: Pick<Reading, 'databases' | 'git'>): Promise<FolderRights | undefined> {
    const project = await this.project(reading);
    return project === undefined ? undefined : new FolderRights(reading.databases.store, reading.databases.index, project);
  }

  readManifest({ git, status }: Reading): Promise<ManifestReading> {
    return readManifestWhole({ transport: this.transport(), history: git?.history, isUnmerged: status?.manifestUnmerged ?? false });
  }

  async scan(reading: Reading, known?: ManifestReading): Promise<readonly ScannedChunk[]> {
    const { store, index } = reading.databases;
    const files = await this.transport().listChunks();
    const manifest = listingOf(known ?? (await this.readManifest(reading)), files);
    return scanChunks({
      manifest,
      files,
      indexed: index.chunks(),
      recorded: store.importedChunks(),
      undone: store.undoneChunks(),
      problems: this.problems,
      isView: reading.databases.kind === 'foreign',
    });
  }

  /** Runs a request that writes: under the lock, on databases as they are on disk now, saved before the lock is free. */
  write<T>(context: CallContext, work: (writing: Writing) => Promise<T>): Promise<T> {
    return this.locked(context, (writing) => {
      if (!writing.databases.writable) throw readOnlyDatabase(writing.databases);
      return this.#workAndSave(writing, work);
    });
  }

  /** As {@link write}, for memories that are only looked at: the chunks are nobody else's meanwhile, and nothing is saved. */
  async locked<T>(context: CallContext, work: (writing: Writing) => Promise<T>): Promise<T> {
    await this.#mustBeWritable();
    const git = await this.git();
    const status = await git?.folderStatus();
    if (tracksDatabase(status) && !(await this.locate()).live) throw trackedDatabase(status);
    return this.#lock.hold(
      async (guard) => {
        this.#guard = guard;
        try {
          await this.#tidy(git, guard);
          const turn = makeTurn(context.signal);
          const databases = await this.databases.open(guard, turn);
          return await work({ databases, git, status, turn, guard, context });
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
      await new SlowClock({ ...writing.databases, rights: await this.#rights(writing) }).stamp(writing.turn);
      result = await work(writing);
    } catch (error) {
      if (EngramError.is(error, 'lock-lost')) this.databases.close();
      else await this.save(writing.guard);
      throw error;
    }
    await this.save(writing.guard);
    await this.#keepUnshared(writing);
    await this.#followSearch(writing);
    await this.save(writing.guard);
    return result;
  }

  /** Up to what the memories were when it began: agents may go on writing for ever. */
  async #followSearch({ databases: { search }, turn }: Writing): Promise<void> {
    const passes = search.passes;
    while (!search.advance(SEARCH_SLICE_MS) && search.passes < passes + 2) await turn();
  }

  /** What a person is told was not written is not there either: the next request reads what the disk has. */
  async save(guard: WriteGuard): Promise<void> {
    try {
      await this.databases.save(guard);
    } catch (error) {
      this.databases.close();
      throw error;
    }
  }

  /** `git clean` takes the folder's own database, and never the live one: of that nothing is kept. */
  keepFolder({ live }: OpenDatabases): string {
    return live ? '' : this.options.keepFolder;
  }

  /** The copy is a second net: that it cannot be written is told in the log, and fails nothing. */
  async #keepUnshared(writing: Writing): Promise<void> {
    const { databases, turn } = writing;
    const keepFolder = this.keepFolder(databases);
    if (keepFolder === '') return;
    try {
      const plan = await this.plan(writing);
      const parts = isEmptyPlan(plan) ? [] : new ChunkBuilder(databases, plan).build(plan, Number.POSITIVE_INFINITY);
      const copy = new KeptCopy(keepFolder);
      await copy.write(parts, await lostRows(await copy.read(turn), new RowReader(databases.store, databases.index), turn));
    } catch (error) {
      if (!EngramError.is(error) || error.code === 'cancelled') throw error;
      this.environment.log('warn', `the copy of what is not shared could not be written: ${error.code}`);
    }
  }

  /** The ignore file is looked at each time: `git clean -fdx` takes it, and without it the databases would be there to commit. */
  async #tidy(git: GitCommand | undefined, guard: WriteGuard): Promise<void> {
    const { root, keepFolder } = this.options;
    await ensureIgnoreFile(root, git, guard);
    if (this.#isTidy) return;
    await removeStaleTemporaryFiles(root, keepFolder === '' ? [] : [keepFolder]);
    this.#isTidy = true;
  }

  async #mustBeWritable(): Promise<void> {
    this.mustBeTrusted();
    await mustBeOursToWrite(this.options.root);
  }

  /** @throws {EngramError} store-newer, and whatever is wrong with the manifest: nothing is written beside one that cannot be read */
  async mustBeWritableManifest(writing: Writing): Promise<void> {
    const { file: manifest, error } = await this.readManifest(writing);
    if (error || !manifest) throw error;
    if (manifest.version > NEWEST_MANIFEST_VERSION) {
      throw new EngramError('store-newer', 'manifest.json was written by a newer release, so nothing is exported. Update the extension.');
    }
  }

  mustBeTrusted(): void {
    if (!this.options.trusted)
      throw new EngramError(
        'untrusted',
        'This workspace is in Restricted Mode: chunks can be looked at, nothing else. Trust the workspace to go on.',
      );
  }

  /** Databases to read from. @throws {EngramError} untrusted, not-found where there is none */
  async readable(): Promise<OpenDatabases> {
    this.mustBeTrusted();
    const look = await lookAtFolder(this.options.root);
    if (look.kind !== 'ok') throw refused(look.kind);
    return this.databases.open();
  }

  transport(): FileTransport {
    return new FileTransport(this.options.root, { limits: this.options.limits, guard: () => this.#guard });
  }

  /** Never in Restricted Mode: a repository's configuration may name programs to run. */
  async git(): Promise<GitCommand | undefined> {
    return this.options.trusted ? openGit(this.options.root, this.options.gitPath || findGit()) : undefined;
  }

  /** What stands in the extension's own storage is a second net: that it cannot be written or read fails nothing. */
  readonly logged = (error: unknown): void => {
    if (!EngramError.is(error) || error.code === 'cancelled') throw error;
    this.environment.log('warn', `the extension's own storage could not be used: ${error.code}`);
  };
}
