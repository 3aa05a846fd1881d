import type {
  CloudCheck,
  CloudOptions,
  CloudState,
  CloudSyncOptions,
  CloudSyncSummary,
  CloudUpgradeReport,
  CloudUpgradeStep,
} from './cloud/cloudState.ts';
import type { EngramErrorCode } from './errors.ts';
import type { ExportPreview } from './exportPreview.ts';
import type { ExportSummary, FolderState, HealSummary, ImportSummary, MergeDriverState, SyncSummary } from './folderState.ts';
import type { HealthRepair, HealthReport, RepairSummary } from './health.ts';
import type { ProgramPreview, ProgramSyncOptions, ProgramSyncSummary } from './programSync.ts';
import type { UndoSummary } from './undo.ts';

/** How one folder is opened; plain data, so that it crosses the thread boundary. */
export interface FolderOptions {
  /** Absolute path of the `.engram` folder (which may not exist yet). */
  readonly root: string;
  /** False in Restricted Mode: files are looked at, no database, no git, nothing is written. */
  readonly trusted: boolean;
  /** Absolute path of the git executable, `''`: no git. */
  readonly gitPath: string;
  readonly limits: FolderLimits;
  /** Author written into manifest entries; `''`: the Go program's rule, then git's `user.name`. */
  readonly author: string;
  readonly includePersonal: boolean;
  /** Session that saves of this window go into. */
  readonly sessionId: string;
  /** Folder of the extension's own storage that keeps a copy of what is not shared yet; `''`: none. Not used with the live database. */
  readonly keepFolder: string;
  /** Absent: no cloud. */
  readonly cloud?: CloudOptions;
  /** Which memories; absent: `workspace`. A person's choice: nothing that stands in a repository may make it. */
  readonly database?: DatabaseChoice;
  /** Absolute path of the live database; absent: where the Engram program keeps it (`ENGRAM_DATA_DIR`, else the home folder). */
  readonly livePath?: string;
  /** The project whose memories are shared from the live database; absent: the one that is detected from the repository. */
  readonly project?: string;
  /** False: prompts that the team does not have stay here. */
  readonly includePrompts?: boolean;
  /** False: a person has not said yet that memories of the live database may leave, so nothing of it does. Absent: they may. */
  readonly mayExport?: boolean;
  /** How to find the Engram program, for memories that only it can write here. Absent: it is not run. */
  readonly program?: ProgramOptions;
}

export interface ProgramOptions {
  /** Absolute path; `''`: in the folders of PATH. */
  readonly path: string;
  /** Absolute paths of folders that an opened repository controls: what PATH finds there is passed over. */
  readonly notIn: readonly string[];
}

/** `workspace`: the folder's own `engram.db`. `live`: the Engram program's own, which agents write at any moment. `auto`: the live one where there is one. */
export type DatabaseChoice = 'workspace' | 'live' | 'auto';

export interface FolderLimits {
  /** Unpacked bytes of one chunk. Default 32 MiB. */
  readonly maxChunkBytes: number;
  /** Default 16 MiB. */
  readonly maxManifestBytes: number;
}

export const DEFAULT_LIMITS: FolderLimits = { maxChunkBytes: 32 * 1024 * 1024, maxManifestBytes: 16 * 1024 * 1024 };

export interface ExportOptions {
  /** Only rows of this project, normalised as the Go program does; absent: all, or with the live database those of the folder's project. */
  readonly project?: string;
  readonly createdBy?: string;
  readonly includePersonal?: boolean;
  /** Memories that were deleted before they were ever shared go too. */
  readonly includeDeleted?: boolean;
  /** False: prompts that the team does not have stay here. Absent: as {@link FolderOptions.includePrompts} says, else they go. */
  readonly includePrompts?: boolean;
}

export interface ImportOptions {
  /** Only these chunks; an altered one is imported only when it is named here. */
  readonly ids?: readonly string[];
  /** With the live database, changes to memories of other projects, too: a person has looked at them. */
  readonly otherProjects?: boolean;
}

export interface HealOptions {
  /** Only what {@link Healing.automatic} promises; nobody has asked for it. */
  readonly automatic?: boolean;
}

export type MergeDriverAction = 'status' | 'install' | 'remove';

export interface NewMemory {
  readonly title: string;
  readonly content: string;
  /** Default `manual`. */
  readonly type?: string;
  /** Default: detected from the repository (docs/formats.md). */
  readonly project?: string;
  readonly scope?: 'project' | 'personal';
  readonly topicKey?: string;
}

export type MemoryPatch = Partial<Pick<NewMemory, 'title' | 'content' | 'type' | 'project' | 'scope' | 'topicKey'>>;

export interface SavedMemory {
  readonly syncId: string;
  /** `updated`: a live memory with the same topic got a new revision; `repeated`: the same text within 15 minutes was counted. */
  readonly outcome: 'created' | 'updated' | 'repeated' | 'edited' | 'deleted';
  readonly title: string;
}

export interface CopyOptions {
  readonly to: 'live' | 'workspace';
}

/** A memory as lists and editors need it. Hostile text. */
export interface MemoryDetail {
  readonly syncId: string;
  readonly sessionId: string;
  readonly type: string;
  readonly title: string;
  readonly content: string;
  readonly project: string;
  readonly scope: string;
  readonly topicKey: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deleted: boolean;
}

export interface SearchOptions {
  /** Default 50, at most 200. */
  readonly limit?: number;
  readonly type?: string;
  readonly project?: string;
}

export interface SearchHit {
  readonly syncId: string;
  readonly title: string;
  readonly type: string;
  readonly project: string;
  readonly createdAt: string;
  /** At most 200 characters around the first match, one line. */
  readonly snippet: string;
}

/** A row that was shared once and is in no chunk of any living branch now. Hostile text. */
export interface NoLongerSharedRow {
  readonly kind: 'observation' | 'prompt';
  /** `sync_id`. */
  readonly key: string;
  /** Title of an observation; the beginning of a prompt, at most 200 characters. */
  readonly label: string;
  readonly type: string;
  readonly createdAt: string;
}

/** A chunk, a memory or a session as text to read, with `engram:` links between them written into the text. */
export interface ReadableDocument {
  readonly title: string;
  readonly text: string;
}

/** The rows below an expanded chunk. Hostile text. */
export interface ChunkContents {
  readonly id: string;
  readonly items: readonly ChunkItem[];
  /** Items left out because there are too many to list. */
  readonly more: number;
}

export interface ChunkItem {
  readonly kind: 'session' | 'observation' | 'prompt' | 'relation' | 'edit' | 'delete';
  readonly key: string;
  readonly label: string;
  /** Type of an observation, project of a session. */
  readonly detail: string;
}

/** Everything that can be asked of one folder. The worker answers it; the client of the host mirrors it; the command line calls it directly. */
export interface FolderRequests {
  state(): Promise<FolderState>;
  initialise(): Promise<void>;
  importChunks(options: ImportOptions): Promise<ImportSummary>;
  /** Repairs what is not ambiguous, then exports. */
  exportNew(options: ExportOptions): Promise<ExportSummary>;
  /** What {@link exportNew} would write, counted. Changes nothing. */
  exportPreview(options: ExportOptions): Promise<ExportPreview>;
  /** Repairs manifest and chunk files: what {@link FolderState.healing} says. */
  heal(options: HealOptions): Promise<HealSummary>;
  /** Sets up the merge driver in the repository's own folder and configuration, takes it out again, or only looks. */
  mergeDriver(action: MergeDriverAction): Promise<MergeDriverState>;
  /** Repairs what is not ambiguous, imports, then exports. */
  sync(options: ExportOptions): Promise<SyncSummary>;
  /** What {@link programSync} would do, as far as can be seen from here. Runs nothing. @throws {EngramError} store-foreign: no program can be used */
  programPreview(): Promise<ProgramPreview>;
  /** Runs the person's own Engram program on memories that only it can write here. @throws {EngramError} store-foreign, cancelled */
  programSync(options: ProgramSyncOptions): Promise<ProgramSyncSummary>;
  /** This, {@link edit} and {@link remove} go through the Engram program where only that can write. */
  save(memory: NewMemory): Promise<SavedMemory>;
  edit(syncId: string, patch: MemoryPatch): Promise<SavedMemory>;
  remove(syncId: string): Promise<SavedMemory>;
  /** Brings back what {@link FolderState.kept} counts. */
  restoreKept(): Promise<ImportSummary>;
  /** Throws away what {@link FolderState.kept} counts. Not to be undone. */
  discardKept(): Promise<void>;
  /** What {@link FolderState.toShare} counts as no longer shared. */
  noLongerShared(): Promise<readonly NoLongerSharedRow[]>;
  /** Makes such rows new again, so that the next export writes them. Keys of other rows change nothing. */
  shareAgain(keys: readonly string[]): Promise<void>;
  /** What {@link undoImport} would do. */
  planUndo(chunkId: string): Promise<UndoSummary>;
  /** Takes the import of one chunk back: what it added or changed goes back to what the other chunks and this database's own changes say. */
  undoImport(chunkId: string): Promise<UndoSummary>;
  /**
   * Merges the memories of one of the two databases into the other, by the rules of an import; of the live one those of the folder's project.
   * Nothing is deleted, in neither.
   */
  copyMemories(options: CopyOptions): Promise<ImportSummary>;
  /** Differs whenever the memories may have changed, by whomever. Reads no row, so that it can be asked every second. */
  databaseVersion(): Promise<string>;
  memory(syncId: string): Promise<MemoryDetail>;
  search(query: string, options: SearchOptions): Promise<readonly SearchHit[]>;
  chunkContents(id: string): Promise<ChunkContents>;
  readChunk(id: string): Promise<ReadableDocument>;
  readMemory(syncId: string): Promise<ReadableDocument>;
  readSession(id: string): Promise<ReadableDocument>;
  /** Looks at folder, database and git, and imports what git has committed into a database in memory. Changes nothing. */
  doctor(): Promise<HealthReport>;
  /** Writes what mends the findings of these kinds: chunks and manifest, or rows of the database; commits nothing. */
  repairHealth(repairs: readonly HealthRepair[]): Promise<RepairSummary>;
  /** From the database, and what the server said when it was asked last: nothing leaves the machine. */
  cloudState(): Promise<CloudState>;
  /** Asks the server what it has, for the next {@link cloudState}; also what fails is told there. Other requests do not wait for it. */
  cloudAsk(): Promise<void>;
  /** Reads the manifest from a server that need not be configured yet; other requests do not wait for it. @throws {EngramError} cloud-config, cloud-unreachable, cloud-answer, cloud-refused */
  cloudCheck(server: string): Promise<CloudCheck>;
  /** Fetches, then sends. @throws {EngramError} cloud-config, cloud-unenrolled, cloud-unreachable, cloud-refused, cloud-answer */
  cloudSync(options: CloudSyncOptions): Promise<CloudSyncSummary>;
  /** The project takes part from now on; nothing is sent yet. @param project `''`: that of the folder */
  cloudEnroll(project: string): Promise<void>;
  /** The project takes no part any more. What is on the server stays there. */
  cloudUnenroll(project: string): Promise<void>;
  /** One step from git to the cloud, or back. A repair is applied unless it is only to be planned. */
  cloudUpgrade(step: CloudUpgradeStep, options: { readonly planOnly?: boolean }): Promise<CloudUpgradeReport>;
}

export interface Progress {
  /** What is counted: chunks while reading and importing, rows while exporting. */
  readonly phase: 'reading' | 'importing' | 'exporting' | 'saving';
  readonly done: number;
  readonly total: number;
}

/** Passed to every long call. */
export interface CallContext {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** An error as it crosses the thread boundary. */
export interface RequestFailure {
  readonly code: EngramErrorCode | 'unknown';
  readonly message: string;
  readonly subject?: string;
  /** For the log only. */
  readonly stack?: string;
}
