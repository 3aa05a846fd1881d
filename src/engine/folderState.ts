import type { EngramErrorCode } from './errors.ts';

/** Everything the UI may know of one `.engram` folder. Immutable, structured-cloneable; replaced whole. Counts and the rows a view shows, never all rows. */
export interface FolderState {
  /** Absolute path of the `.engram` folder. */
  readonly root: string;
  /** `browse`: Restricted Mode, or nothing but the files may be looked at; no database is open. */
  readonly mode: 'full' | 'browse';
  readonly folder: FolderKind;
  readonly manifest: ManifestKind;
  readonly database: DatabaseKind;
  /** At most {@link MAX_CHUNK_ROWS}, newest first; `chunkTotals` counts all. */
  readonly chunks: readonly ChunkRow[];
  readonly chunkTotals: ChunkTotals;
  /** What the next sync would write. */
  readonly toShare: ToShare;
  /** Live rows of the database; zeros in browse mode. */
  readonly totals: { readonly sessions: number; readonly observations: number; readonly prompts: number; readonly relations: number };
  /** The memories are those of the Engram program: where they stand, and the project that this folder shares. Absent: the folder's own. */
  readonly live?: LiveMemories;
  /** There is a database of the Engram program on this machine, and it is not the one in use: its absolute path. */
  readonly liveFound?: string;
  /** The memories are shown read-only, because only the Engram program can write beside its agents here: whether it can be run. */
  readonly program?: ProgramState;
  readonly git: GitState;
  /** Memories, edits and deletions that were never shared and that the database has lost, kept in the extension's own storage; `restoreKept` brings them back. */
  readonly kept: number;
  /** What is wrong with manifest and chunks and can be repaired, and what the repair would do; absent: nothing. */
  readonly healing?: Healing;
  /** What the last repair of this session did, as long as it is not committed. */
  readonly healed?: HealSummary;
  /** The merge driver of the repository, where one was installed. */
  readonly mergeDriver?: MergeDriverState;
  /** Sentences for a person, most important first. */
  readonly problems: readonly FolderProblem[];
}

/**
 * conflict: git's markers, or unmerged in git with entries missing. damaged: empty or no JSON. lost: no manifest beside chunks.
 * unlisted: chunks that no entry names. duplicates: entries that name one chunk twice. missing: listed chunks without a file. torn: chunks
 * whose file cannot be read.
 */
export type HealingKind = 'conflict' | 'damaged' | 'lost' | 'unlisted' | 'duplicates' | 'missing' | 'torn';

export interface Healing {
  /** Most important first; never empty. */
  readonly kinds: readonly HealingKind[];
  /** Chunks that the repaired manifest lists. */
  readonly entries: number;
  readonly unlisted: number;
  readonly duplicates: number;
  /** Chunks that a repair looks for in git's history. */
  readonly missing: number;
  /** Chunks whose right file a repair looks for there. */
  readonly torn: number;
  /** It needs no click where imports need none: nothing in it is ambiguous, and git is at rest. */
  readonly automatic: boolean;
}

/** What one repair did. */
export interface HealSummary {
  readonly kinds: readonly HealingKind[];
  /** `manifest.json` was written. */
  readonly written: boolean;
  /** Chunks that it lists now. */
  readonly entries: number;
  /** Entries that the file here did not have; 0 where it could not be read. */
  readonly added: number;
  /** Entries that were there twice. */
  readonly removed: number;
  /** Chunks whose files came back from git's history. */
  readonly restored: readonly string[];
  /** Chunks whose files git does not have either. */
  readonly notFound: readonly string[];
  /** Git still calls the manifest unmerged: `git add` is the person's. */
  readonly unmerged: boolean;
}

/** absent: not installed. outdated: works, and is renewed by itself. broken: git would not call it; merges leave conflict markers. */
export type MergeDriverState = 'absent' | 'ok' | 'outdated' | 'broken';

export const MAX_CHUNK_ROWS = 2000;

/**
 * `absent`: no `.engram` here (`elsewhere` when another branch of the repository has one);
 * `foreign`: a folder or file of that name that is another tool's; `not-a-folder`: a file or symbolic link.
 */
export type FolderKind = 'ok' | 'absent' | 'absent-on-branch' | 'foreign' | 'not-a-folder';
/** `newer`: written by a newer release, read-only. */
export type ManifestKind = 'ok' | 'absent' | 'conflict' | 'invalid' | 'too-large' | 'not-a-file' | 'newer' | 'unreadable';
/**
 * `none`: there is none yet; `newer`, `foreign`: read-only; `tracked`, `in-data-directory`, `not-a-file`: not used at all;
 * `rebuilt`: the damaged one was set aside and built anew from the chunks.
 */
export type DatabaseKind =
  | 'none'
  | 'ok'
  | 'newer'
  | 'foreign'
  | 'tracked'
  | 'in-data-directory'
  | 'not-a-file'
  | 'rebuilt'
  | 'unreadable'
  | 'closed';

/**
 * imported: merged into the database. pending: listed and here, waiting. missing: listed, no file. unlisted: here, valid, not listed (imported or not: see `waiting`).
 * undone: a person took its import back; it is imported again on a click. altered: its hash is not its name. unreadable: torn, not gzip, not JSON, too large, a link. unknown: browse mode.
 */
export type ChunkState = 'imported' | 'pending' | 'missing' | 'unlisted' | 'undone' | 'altered' | 'unreadable' | 'unknown';

export interface ChunkRow {
  readonly id: string;
  readonly state: ChunkState;
  /** Will be imported by the next import (pending, or unlisted and not merged yet). */
  readonly waiting: boolean;
  /** `''` when unknown. Hostile text. */
  readonly createdBy: string;
  /** As written in the manifest; `''` when unknown. Hostile text. */
  readonly createdAt: string;
  readonly sessions: number;
  readonly memories: number;
  readonly prompts: number;
  /** This database wrote it. */
  readonly own?: true;
  /** New or changed and not committed to git. */
  readonly uncommitted: boolean;
  /** One sentence, for the states that need one. */
  readonly problem?: { readonly code: EngramErrorCode; readonly message: string };
}

export interface ChunkTotals {
  readonly all: number;
  readonly imported: number;
  readonly waiting: number;
  readonly missing: number;
  readonly unreadable: number;
  readonly altered: number;
  readonly uncommitted: number;
}

export interface ToShare {
  /** New observations, sessions that go with them not counted. */
  readonly memories: number;
  readonly prompts: number;
  readonly sessions: number;
  readonly relations: number;
  /** Changed or deleted ones that the team already has. */
  readonly edits: number;
  readonly deletes: number;
  /** Personal rows that stay home. */
  readonly personal: number;
  /** Shared once, and in no chunk of any living branch now: they leave only when a person says so. Part of {@link heldBack}. */
  readonly noLongerShared: number;
  /** Held back for another reason: relations without both ends, rows no branch shares any more. */
  readonly heldBack: number;
}

export interface LiveMemories {
  /** Absolute. */
  readonly path: string;
  readonly project: string;
  /** False: a person has not been asked yet, so nothing leaves. */
  readonly mayExport: boolean;
  /** Chunks with changes of other projects' memories, which wait for a person, and how many such changes there are. */
  readonly heldBack: { readonly chunkIds: readonly string[]; readonly changes: number; readonly chunks: readonly HeldBackChunk[] };
}

/** What a person decides on. Texts are hostile. */
export interface HeldBackChunk {
  readonly id: string;
  readonly changes: number;
  /** The first few memories that it would change or delete, as they are here. */
  readonly memories: readonly { readonly title: string; readonly project: string }[];
}

export interface ProgramState {
  /** Absolute; `''`: none can be used. */
  readonly path: string;
  /** Why none can be used. not-found: it stands in no folder of PATH. not-absolute, not-a-program: the path in the settings. */
  readonly problem?: ProgramProblem;
}

export type ProgramProblem = 'not-found' | 'not-absolute' | 'not-a-program';

export interface GitState {
  readonly available: boolean;
  readonly branch: string;
  readonly ignored: boolean;
  /** Chunks or the manifest are written and not committed. */
  readonly uncommitted: number;
  /** Chunks that git has and that are gone here: a commit would take them from the team. */
  readonly deleted: number;
  /** Git waits for somebody to say that the manifest's conflict is resolved. */
  readonly unmerged?: boolean;
}

export interface FolderProblem {
  readonly code: EngramErrorCode;
  readonly severity: 'info' | 'warning' | 'error';
  /** What happened, what is safe, what to do next: stable English, mapped by code in the UI where it is shown. */
  readonly message: string;
  readonly subject?: string;
}

/** The new messages of one import, for the quiet digest. Hostile text inside. */
export interface ImportSummary {
  readonly chunks: number;
  readonly sessions: number;
  readonly memories: number;
  readonly prompts: number;
  readonly relations: number;
  readonly edits: number;
  readonly deletes: number;
  /** Changes of memories of other projects in the live database: they wait until a person imports those chunks by name. Absent: none. */
  readonly heldBack?: number;
  /** `created_by` of the chunks that were imported, each once, at most 5. */
  readonly authors: readonly string[];
  readonly problems: readonly FolderProblem[];
}

export interface ExportSummary {
  /** Ids of the chunks that were written, `[]` when nothing was new. */
  readonly chunkIds: readonly string[];
  readonly sessions: number;
  readonly memories: number;
  readonly prompts: number;
  readonly mutations: number;
  /** Of these, deletions. Absent for the folder; in the cloud each row of the arrays is a mutation as well. */
  readonly deletes?: number;
  readonly personal: number;
  readonly heldBack: number;
}

export interface SyncSummary {
  /** What had to be repaired first. */
  readonly healed?: HealSummary;
  readonly imported: ImportSummary;
  readonly exported: ExportSummary;
}
