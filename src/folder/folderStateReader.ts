import type { FileTransport } from '../adapters/chunkFolder.ts';
import { isDataDirectory, lookAtFolder } from '../adapters/folderLook.ts';
import type { GitCommand } from '../adapters/git.ts';
import { isDatabaseThere } from '../adapters/nativeFile.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { type ScannedChunk, scanChunks } from '../engine/chunkScan.ts';
import { EngramError, type EngramErrorCode } from '../engine/errors.ts';
import { Exporter } from '../engine/exporter.ts';
import { problemFrom } from '../engine/folderProblem.ts';
import type { FolderOptions } from '../engine/folderRequests.ts';
import { FolderRights } from '../engine/folderRights.ts';
import type {
  DatabaseKind,
  FolderProblem,
  FolderState,
  Healing,
  HealSummary,
  HeldBackChunk,
  LiveMemories,
  MergeDriverState,
  ProgramState,
} from '../engine/folderState.ts';
import { healingOf } from '../engine/healingPlan.ts';
import type { ImporterParts } from '../engine/importer.ts';
import type { ChunkFile, GitFolderStatus, HeldBack, MemoryStore, Turn } from '../engine/ports.ts';
import { RowReader } from '../engine/rowReader.ts';
import type { DatabasePaths, FolderDatabases, OpenDatabases } from './databases.ts';
import {
  chunkRows,
  chunkTotals,
  emptyState,
  findingsOf,
  gitState,
  manifestKind,
  NO_TOTALS,
  NOTHING_TO_SHARE,
  toShare,
} from './folderStates.ts';
import { healingInput, isOfNewerRelease, type LastRepair } from './healing.ts';
import { countRows, KeptCopy, lostRows } from './keptCopy.ts';
import { listingOf, type ManifestReading, readManifestWhole } from './manifestReader.ts';
import { trackedDatabase, tracksDatabase } from './refusals.ts';

/** So long a repair that left nothing to commit is told. */
const TOLD_MS = 10 * 60 * 1000;
/** Of each chunk that waits for a person. */
const NAMED_MEMORIES = 5;

export interface StateReaderParts {
  readonly options: FolderOptions;
  readonly databases: FolderDatabases;
  /** Where the chosen memories stand. */
  readonly paths: DatabasePaths;
  /** @throws {EngramError} cloud-config */
  readonly livePath: () => string;
  readonly project: (databases: Pick<OpenDatabases, 'live'>) => Promise<string | undefined>;
  /** The Engram program, where only that can write. */
  readonly program: (open: OpenDatabases) => ProgramState | undefined;
  readonly transport: FileTransport;
  readonly problems: ImporterParts['problems'];
  readonly git: GitCommand | undefined;
  readonly healed: LastRepair | undefined;
  readonly mergeDriver: MergeDriverState | undefined;
  readonly turn: Turn;
}

interface FoundDatabase {
  readonly kind: DatabaseKind;
  readonly open: OpenDatabases | undefined;
  readonly problem: FolderProblem | undefined;
}

/** What was found before the database was asked. */
interface Body {
  readonly start: FolderState;
  readonly mode: FolderState['mode'];
  readonly status: GitFolderStatus | undefined;
  readonly reading: ManifestReading;
  readonly files: readonly ChunkFile[] | EngramError;
}

const NO_DATABASE: FoundDatabase = { kind: 'none', open: undefined, problem: undefined };

/** What reading a database may end with. */
const OF_DATABASE: ReadonlySet<EngramErrorCode> = new Set([
  'store-corrupt',
  'store-locked',
  'store-foreign',
  'io-failed',
  'read-only',
  'disk-full',
]);

/** Reads the state of a folder without changing anything on disk. */
export class FolderStateReader {
  readonly #parts: StateReaderParts;

  constructor(parts: StateReaderParts) {
    this.#parts = parts;
  }

  /**
   * @param how `asItIs`: a damaged database of the folder could not be set aside, and is told
   * @throws {EngramError} store-corrupt: a damaged database of the folder has to be set aside first, which needs the lock
   */
  async read(how: { readonly asItIs?: boolean } = {}): Promise<FolderState> {
    const { options, transport } = this.#parts;
    const mode: FolderState['mode'] = options.trusted ? 'full' : 'browse';
    const look = await lookAtFolder(options.root);
    const start = emptyState(options.root, mode);
    if (look.kind === 'absent')
      return { ...start, folder: (await this.#parts.git?.otherBranchHasFolder()) ? 'absent-on-branch' : 'absent' };
    if (look.kind !== 'ok') return { ...start, folder: look.kind };
    const status = await this.#gitStatus();
    const history = this.#parts.git?.history;
    const reading = await readManifestWhole({ transport, history, isUnmerged: status?.manifestUnmerged ?? false });
    if (isOtherTools(reading) && !look.hasChunks && !look.hasDatabase) return { ...start, folder: 'foreign' };
    const files = await transport.listChunks().catch(asEngramError);
    const hasAnything = look.hasChunks || look.hasManifest || look.hasDatabase || options.keepFolder !== '' || this.#parts.paths.live;
    const database = hasAnything ? await this.#database(mode, status, how.asItIs ?? false) : NO_DATABASE;
    const body = { start, mode, status, reading, files };
    try {
      return await this.#withDatabase(body, database);
    } catch (error) {
      // Damage may show only when the rows are read. Of the folder's own memories whoever asks sets it right.
      if (!database.open?.isInPlace || !EngramError.is(error) || !OF_DATABASE.has(error.code)) throw error;
      this.#parts.databases.close();
      return this.#withDatabase(body, unusable(error));
    }
  }

  async #withDatabase({ start, mode, status, reading, files }: Body, { kind, open, problem }: FoundDatabase): Promise<FolderState> {
    const chunks = this.#scan(reading, files instanceof EngramError ? [] : files, open);
    const uncommitted = shareable(status?.uncommittedChunks ?? [], chunks);
    const healing = await this.#healing(reading, chunks, status);
    const program = open && this.#parts.program(open);
    const healed = stillTold(this.#parts.healed, status);
    return {
      ...start,
      folder: 'ok',
      manifest: manifestKind(reading.error ?? reading.file ?? reading.known),
      database: kind,
      chunks: chunkRows(chunks, uncommitted, mode),
      chunkTotals: chunkTotals(mode === 'full' ? chunks : chunks.map((chunk) => ({ ...chunk, waiting: false })), uncommitted),
      toShare: open?.writable ? await this.#toShare(chunks, open) : NOTHING_TO_SHARE,
      totals: open?.store.counts() ?? NO_TOTALS,
      ...(this.#parts.paths.live && mode === 'full' && { live: await this.#live(open) }),
      ...(await this.#liveFound()),
      ...(program && { program }),
      git: gitState(status && { ...status, uncommittedChunks: [...uncommitted] }, chunks.length > 0),
      kept: open ? await this.#keptCount(open) : 0,
      ...(healing && { healing }),
      ...(healed && { healed }),
      ...(this.#parts.mergeDriver && { mergeDriver: this.#parts.mergeDriver }),
      problems: [
        ...(problem ? [problem] : []),
        ...(files instanceof EngramError ? [problemFrom(files, 'error')] : []),
        ...findingsOf(reading.error ?? reading.known, chunks),
      ],
    };
  }

  async #healing(
    reading: ManifestReading,
    chunks: readonly ScannedChunk[],
    status: GitFolderStatus | undefined,
  ): Promise<Healing | undefined> {
    if (isOfNewerRelease(reading)) return undefined;
    const healing = healingOf(healingInput(reading, chunks, { status, isBusy: false }));
    if (!healing?.automatic) return healing;
    return { ...healing, automatic: !(await this.#parts.git?.history.isBusy()) };
  }

  async #gitStatus(): Promise<GitFolderStatus | undefined> {
    try {
      return await this.#parts.git?.folderStatus();
    } catch (error) {
      if (EngramError.is(error, 'git-failed')) return undefined;
      throw error;
    }
  }

  async #database(mode: FolderState['mode'], status: GitFolderStatus | undefined, asItIs: boolean): Promise<FoundDatabase> {
    const nothing = { open: undefined, problem: undefined };
    if (mode === 'browse') return { kind: 'closed', ...nothing };
    if (await isDataDirectory(this.#parts.options.root)) return { kind: 'in-data-directory', open: undefined, problem: inDataDirectory() };
    if (tracksDatabase(status) && !this.#parts.paths.live)
      return { kind: 'tracked', open: undefined, problem: problemFrom(trackedDatabase(status), 'error') };
    try {
      const open = await this.#parts.databases.open();
      return { kind: open.kind, open, problem: open.problem };
    } catch (error) {
      if (!EngramError.is(error) || (error.code === 'store-corrupt' && !this.#parts.paths.live && !asItIs)) throw error;
      return unusable(error);
    }
  }

  async #keptCount(open: OpenDatabases): Promise<number> {
    const { options, turn } = this.#parts;
    if (options.keepFolder === '' || open.live) return 0;
    const kept = await new KeptCopy(options.keepFolder).read(turn).catch(() => undefined);
    return countRows(await lostRows(kept, new RowReader(open.store, open.index), turn));
  }

  #scan(
    reading: ManifestReading,
    files: Parameters<typeof scanChunks>[0]['files'],
    open: OpenDatabases | undefined,
  ): readonly ScannedChunk[] {
    return scanChunks({
      manifest: listingOf(reading, files),
      files,
      indexed: open?.index.chunks() ?? new Map(),
      recorded: open?.store.importedChunks() ?? new Set(),
      undone: open?.store.undoneChunks() ?? new Set(),
      problems: this.#parts.problems,
      isView: open?.kind === 'foreign',
    });
  }

  /** Not in Restricted Mode: what stands outside of the folder is nobody's business there. */
  async #liveFound(): Promise<Pick<FolderState, 'liveFound'>> {
    const { options, paths } = this.#parts;
    if (!options.trusted || paths.live) return {};
    try {
      const livePath = this.#parts.livePath();
      return paths.memories !== livePath && (await isDatabaseThere(livePath)) ? { liveFound: livePath } : {};
    } catch (error) {
      // A link, or a setting that the program refuses as well: nothing that could be used was found.
      if (EngramError.is(error)) return {};
      throw error;
    }
  }

  /** They are the ones in use, whether they can be opened now or not. */
  async #live(open: OpenDatabases | undefined): Promise<LiveMemories> {
    const held = open?.index.heldBack() ?? [];
    const chunkIds = [...new Set(held.map(({ chunkId }) => chunkId))];
    const chunks = chunkIds.map((id) =>
      heldBackChunk(
        id,
        held.filter(({ chunkId }) => chunkId === id),
        open?.store,
      ),
    );
    const heldBack = { chunkIds, changes: held.length, chunks };
    return {
      path: this.#parts.paths.memories,
      project: (await this.#parts.project({ live: true })) ?? '',
      mayExport: this.#parts.options.mayExport ?? true,
      heldBack,
    };
  }

  async #toShare(chunks: readonly ScannedChunk[], open: OpenDatabases): Promise<FolderState['toShare']> {
    const { transport, turn, git, options } = this.#parts;
    const { store, index } = open;
    const project = await this.#parts.project(open);
    const rights = project === undefined ? undefined : new FolderRights(store, index, project);
    const exporter = new Exporter({ transport, store, index, clock: systemClock, turn, git, rights });
    const { includePersonal, includePrompts = true } = options;
    const filter = { includePersonal, includePrompts, ...(project !== undefined && { project }) };
    return toShare(await exporter.plan(chunks, filter));
  }
}

function heldBackChunk(id: string, held: readonly HeldBack[], store: MemoryStore | undefined): HeldBackChunk {
  const memories = held.flatMap(({ entity, key }) => {
    const row = entity === 'observation' ? store?.observation(key) : undefined;
    return row ? [{ title: row.title, project: row.project ?? store?.session(row.sessionId)?.project ?? '' }] : [];
  });
  return { id, changes: held.length, memories: memories.slice(0, NAMED_MEMORIES) };
}

function unusable(error: EngramError): FoundDatabase {
  return { kind: error.code === 'not-regular-file' ? 'not-a-file' : 'unreadable', open: undefined, problem: problemFrom(error, 'error') };
}

function asEngramError(error: unknown): EngramError {
  if (EngramError.is(error)) return error;
  throw error;
}

/** A JSON object of that name that says nothing about chunks. */
function isOtherTools({ file, error }: ManifestReading): boolean {
  if (!file) return error?.code === 'manifest-invalid';
  return file.version === 0 && file.chunks.length === 0 && file.extra !== undefined && file.extra.size > 0;
}

/** As long as there is something to commit, and some minutes in any case. */
function stillTold(healed: LastRepair | undefined, status: GitFolderStatus | undefined): HealSummary | undefined {
  if (!healed) return undefined;
  const isOpen = healed.summary.written && status?.manifestUncommitted === true;
  return isOpen || systemClock.now() - healed.atMs < TOLD_MS ? healed.summary : undefined;
}

/** What a commit would share; nobody is asked to commit a torn or altered chunk. */
function shareable(ids: readonly string[], chunks: readonly ScannedChunk[]): ReadonlySet<string> {
  const damaged = new Set<string>(chunks.filter(({ state }) => state === 'unreadable' || state === 'altered').map(({ id }) => id));
  return new Set(ids.filter((id) => !damaged.has(id)));
}

function inDataDirectory(): FolderProblem {
  const message = 'This is the Engram program’s own data directory. Its database belongs to that program and is not opened here.';
  return { code: 'store-in-data-directory', severity: 'warning', message };
}
