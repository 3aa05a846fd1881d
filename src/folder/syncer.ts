import { dirname, resolve } from 'node:path';
import { FileTransport } from '../adapters/chunkFolder.ts';
import { lookAtFolder } from '../adapters/folderLook.ts';
import { detectProjectName } from '../adapters/projectDetection.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { makeTurn } from '../adapters/turns.ts';
import { CloudSyncer } from '../engine/cloud/cloudSyncer.ts';
import { EngramError } from '../engine/errors.ts';
import { Exporter, type ExporterParts, learnAndExport } from '../engine/exporter.ts';
import type { CallContext, ExportOptions, ImportOptions } from '../engine/folderRequests.ts';
import { FolderRights } from '../engine/folderRights.ts';
import { normalizeProject } from '../engine/goText.ts';
import { Importer, type ImporterParts } from '../engine/importer.ts';
import { NEWEST_MANIFEST_VERSION } from '../engine/manifest.ts';
import { oneByOne } from '../engine/oneByOne.ts';
import type { Git, Transport, WriteGuard } from '../engine/ports.ts';
import {
  chunkProblem,
  type ImportResult,
  NOTHING_IMPORTED,
  type SyncResult,
  type SyncStatus,
  toImportResult,
  toSyncResult,
  toSyncStatus,
} from '../engine/syncResult.ts';
import { scanTransport, type TransportScan } from '../engine/transportScan.ts';
import { FolderDatabases, type OpenDatabases, pathsIn, workAndSave } from './databases.ts';
import { placeAt, type WritePlace, writeIn } from './engramFolder.ts';
import { readOnlyDatabase } from './refusals.ts';
import type { Store } from './store.ts';
import { folderOf, mustBeInPlace, placesOf } from './storePlace.ts';

export interface SyncerExportOptions extends ExportOptions {
  /** Who exports, as the manifest will say; {@link getUsername} gives the Go program's answer. */
  readonly createdBy: string;
  readonly signal?: AbortSignal;
}

export interface SyncerImportOptions extends ImportOptions {
  readonly signal?: AbortSignal;
}

/** For a store that holds the memories of several projects: one that the Engram program has opened, and that is not the folder's own. */
export interface SyncerOptions {
  /** Whose memories are exported, and which ones chunks may change or delete. Default: the project that the folder is found to belong to. */
  readonly project?: string;
}

/** Where the chunks are. */
interface SyncerPlace {
  readonly syncDir?: string;
  readonly transport: (guard: WriteGuard | undefined) => Transport;
  readonly project?: string;
  readonly shares?: string | undefined;
}

/** What a run works with, while it holds the locks. */
type Parts = ExporterParts &
  ImporterParts & {
    readonly databases: OpenDatabases;
    readonly save: () => Promise<void>;
    /** Of memories of several projects, the one that is shared. */
    readonly shares: string | undefined;
  };

/**
 * Shares the memories of one database through chunks (Go `sync.Syncer`). Calls run one after another; each holds the lock of the folder of
 * chunks and of the database's folder.
 *
 * What the chunks hold is remembered in the folder's `index.db` where the database is that folder's own `engram.db`, as the extension has it.
 * For any other pair the index is in memory and made from the chunks, which is why the first call reads them all.
 */
export class Syncer {
  readonly #store: Store;
  /** Absolute; `undefined` for a transport that is no folder. */
  readonly #syncDir: string | undefined;
  /** Of a cloud. */
  readonly #project: string | undefined;
  /** As {@link SyncerOptions.project} says. */
  readonly #shares: string | undefined;
  readonly #transport: (guard: WriteGuard | undefined) => Transport;
  /** The database is the one that stands in the folder of chunks. */
  readonly #isFolders: boolean;
  readonly #databases: FolderDatabases;
  readonly #next = oneByOne();

  private constructor(store: Store, place: SyncerPlace) {
    const { syncDir, project } = place;
    this.#store = store;
    this.#syncDir = syncDir;
    this.#project = project;
    this.#shares = place.shares;
    this.#transport = place.transport;
    const root = syncDir ?? (project === undefined ? undefined : folderOf(store));
    const paths = root === undefined ? undefined : pathsIn(root);
    this.#isFolders = paths?.memories === store.path;
    const index = this.#isFolders ? paths?.index : undefined;
    this.#databases = new FolderDatabases({ memories: store.path, index }, store.sqlJs);
  }

  /** For a folder that git shares, as a rule `<repository>/.engram` (Go `sync.New` and its other name `sync.NewLocal`). */
  static local(store: Store, syncDir: string, options: SyncerOptions = {}): Syncer {
    const root = resolve(syncDir);
    const transport = (guard: WriteGuard | undefined): Transport => new FileTransport(root, { guard: () => guard });
    return new Syncer(store, { syncDir: root, transport, shares: options.project });
  }

  /** For chunks that stand anywhere else (Go `sync.NewWithTransport`). Of memories of several projects the options must say which one is shared. */
  static withTransport(store: Store, transport: Transport, options: SyncerOptions = {}): Syncer {
    return new Syncer(store, { transport: () => transport, shares: options.project });
  }

  /**
   * For one project on a cloud server (Go `sync.NewCloudWithTransport`). The project must be enrolled: else every call but {@link status}
   * throws `cloud-unenrolled` before it asks the transport anything. Its chunks are remembered beside those of the folder, and never count
   * as the folder's.
   *
   * @param project normalised as the Go program does; `''`: nothing can be synced
   */
  static cloud(store: Store, transport: Transport, project: string): Syncer {
    return new Syncer(store, { transport: () => transport, project: normalizeProject(project).normalized });
  }

  /**
   * Writes what is new into chunks; makes the folder where it is not there yet. What is new is a question of content: no clock, no
   * teammate's chunk and no second folder can hold anything back.
   *
   * @throws {EngramError} manifest-invalid, manifest-conflict, manifest-too-large, store-newer: nothing was written; those of the databases and of writing; cancelled
   */
  async export(options: SyncerExportOptions): Promise<SyncResult> {
    const { signal, ...wanted } = options;
    const context = signal ? { signal } : {};
    const run = async (parts: Parts): Promise<SyncResult> => {
      if (this.#project !== undefined) return exportToCloud(this.#cloud(parts, wanted.project), wanted, context);
      mustBeComplete(await scan(parts));
      const exporting = { importer: new Importer(parts), exporter: new Exporter(parts), scan: async () => (await scan(parts)).chunks };
      const { shares: project } = parts;
      return toSyncResult(await learnAndExport(exporting, { ...(project !== undefined && { project }), ...wanted }, context));
    };
    return this.#next(() => this.#write(signal, run));
  }

  /**
   * Imports what is new, each chunk with the record of it in one transaction. A chunk that cannot be used is among the problems of the
   * result, stays pending, and stops nothing.
   *
   * @param options `ids`: only these; a chunk whose content is not what its name says is imported only when it is named. `otherProjects`: these
   *   may change the memories of other projects, too.
   * @throws {EngramError} those of the databases and of writing; cancelled: what was imported before stays
   */
  async import(options: SyncerImportOptions = {}): Promise<ImportResult> {
    const { signal, ids, otherProjects = false } = options;
    const context = signal ? { signal } : {};
    const run = async (parts: Parts): Promise<ImportResult> => {
      if (this.#project !== undefined) return importFromCloud(this.#cloud(parts), ids, context);
      const recorded = new Set(parts.store.importedChunks());
      const before = await scan(parts);
      const { rights, ...unlimited } = parts;
      const summary = await new Importer(otherProjects && ids ? unlimited : { ...unlimited, rights }).run(
        before.chunks,
        ids && new Set(ids),
        context,
      );
      const imported = [...parts.store.importedChunks()].filter((id) => !recorded.has(id)).length;
      const result = toImportResult(before, summary, imported);
      const { problem } = parts.databases;
      if (!problem) return result;
      return { ...result, problems: [{ chunkId: '', code: problem.code, message: problem.message }, ...result.problems] };
    };
    return this.#next(async () => ((await this.#isAbsent()) ? NOTHING_IMPORTED : this.#write(signal, run)));
  }

  /** Reads only. @throws {EngramError} those of the databases and the transport */
  async status(): Promise<SyncStatus> {
    return this.#next(async () => {
      const databases = await this.#databases.open();
      if (this.#project !== undefined) return this.#cloudStatus(databases);
      const { store, index } = databases;
      const recorded = store.importedChunks();
      const known = { indexed: index.chunks(), recorded, undone: store.undoneChunks(), problems: new Map() };
      return toSyncStatus(await scanTransport(this.#transport(undefined), known), recorded);
    });
  }

  /** Frees the memory. The syncer can be used again all the same. */
  close(): Promise<void> {
    return this.#next(async () => this.#databases.close());
  }

  async #cloudStatus(databases: OpenDatabases): Promise<SyncStatus> {
    const { localChunks, remoteChunks, pendingImport } = await this.#cloud(this.#parts(databases, undefined, {})).status();
    return { localChunks, remoteChunks, pendingImport };
  }

  #cloud({ databases, transport, clock, turn, save }: Parts, wanted = this.#project): CloudSyncer {
    const project = this.#project ?? '';
    if (wanted !== undefined && normalizeProject(wanted).normalized !== project) {
      throw new EngramError('invalid-input', `This syncer is for project “${project}” alone: make another one for another project.`);
    }
    return new CloudSyncer({
      transport,
      store: databases.store,
      cloud: databases.cloud,
      index: databases.index,
      clock,
      turn,
      project,
      save,
    });
  }

  async #isAbsent(): Promise<boolean> {
    return this.#syncDir !== undefined && (await lookAtFolder(this.#syncDir)).kind === 'absent';
  }

  async #write<T>(signal: AbortSignal | undefined, work: (parts: Parts) => Promise<T>): Promise<T> {
    const run = async (guard: WriteGuard, git: Git | undefined): Promise<T> => {
      // Only the folder's own database is set aside and made anew when it is damaged: any other path may lead to anything.
      const databases = await this.#databases.open(this.#isFolders ? guard : undefined, makeTurn(signal));
      if (!databases.writable) throw readOnlyDatabase(databases);
      await mustBeInPlace(this.#store, databases);
      const repository = this.#syncDir === undefined ? undefined : git;
      const shares = await this.#sharedProject(databases, repository);
      return workAndSave(this.#databases, guard, () => work(this.#parts(databases, repository, { guard, signal, shares })));
    };
    return writeIn(await this.#places(), run, signal);
  }

  async #places(): Promise<readonly WritePlace[]> {
    const home = dirname(this.#store.path);
    if (this.#project !== undefined) return [placeAt(home)];
    const shared: readonly WritePlace[] = this.#syncDir === undefined ? [] : [{ path: this.#syncDir, isShared: true }];
    return home === this.#syncDir ? shared : [...shared, ...(await placesOf(this.#store))];
  }

  /** @throws {EngramError} invalid-input: there is nothing to find it from */
  async #sharedProject(databases: OpenDatabases, git: Git | undefined): Promise<string | undefined> {
    if (this.#project !== undefined || this.#isFolders || !databases.isInPlace) return undefined;
    if (this.#shares !== undefined) return this.#shares;
    if (this.#syncDir !== undefined) return detectProjectName(dirname(this.#syncDir), git);
    const message =
      'This database holds the memories of several projects. Say which one is shared: Syncer.withTransport(store, transport, { project }).';
    throw new EngramError('invalid-input', message, { subject: 'project' });
  }

  #parts(
    databases: OpenDatabases,
    git: Git | undefined,
    run: { guard?: WriteGuard; signal?: AbortSignal | undefined; shares?: string | undefined },
  ): Parts {
    const { guard, shares } = run;
    const { store, index } = databases;
    return {
      databases,
      transport: this.#transport(guard),
      save: async () => (guard ? this.#databases.save(guard) : undefined),
      shares,
      rights: shares === undefined ? undefined : new FolderRights(store, index, shares),
      store,
      index,
      clock: systemClock,
      turn: makeTurn(run.signal),
      git,
      problems: new Map(),
      quarantined: () => false,
      onReading: () => undefined,
      checkpoint: async () => undefined,
    };
  }
}

/** A store's database, with the index of its folder where it is the folder's own. Whoever asks for it closes it. */
export function databasesOf(store: Store): FolderDatabases {
  const home = folderOf(store);
  return new FolderDatabases({ memories: store.path, index: home === undefined ? undefined : pathsIn(home).index }, store.sqlJs);
}

async function exportToCloud(cloud: CloudSyncer, options: SyncerExportOptions, context: CallContext): Promise<SyncResult> {
  const summary = await cloud.export(options, context);
  return { ...toSyncResult(summary), problems: summary.problems.map(chunkProblem) };
}

async function importFromCloud(cloud: CloudSyncer, ids: readonly string[] | undefined, context: CallContext): Promise<ImportResult> {
  const { scan: before, summary, imported } = await cloud.import(context, ids && new Set(ids));
  return toImportResult(before, summary, imported);
}

function scan({ transport, store, index, problems }: Parts): Promise<TransportScan> {
  return scanTransport(transport, { indexed: index.chunks(), recorded: store.importedChunks(), undone: store.undoneChunks(), problems });
}

/** Nothing is written beside a manifest that cannot be read, or that a newer release has written. */
function mustBeComplete({ manifest, manifestProblem }: TransportScan): void {
  if (manifestProblem) throw manifestProblem;
  if (manifest.version <= NEWEST_MANIFEST_VERSION) return;
  throw new EngramError('store-newer', 'manifest.json was written by a newer release, so nothing is exported. Update this program.');
}
