import type { Event, Uri, WorkspaceFolder } from 'vscode';
import type { CloudCheck, CloudState, CloudSyncSummary } from '../engine/cloud/cloudState.ts';
import type { CallContext, DatabaseChoice, FolderRequests } from '../engine/folderRequests.ts';
import type { FolderProblem, FolderState, HealSummary, ImportSummary } from '../engine/folderState.ts';
import type { MemoryChoice } from './memoryChoices.ts';

/** What one folder is doing right now. `done`/`total` are 0 where nothing is counted. */
export interface Activity {
  readonly kind: 'idle' | 'opening' | 'healing' | 'importing' | 'exporting' | 'syncing' | 'saving';
  readonly done: number;
  readonly total: number;
}

/** All that a view may know of one `.engram` folder. Immutable; replaced whole. */
export interface SessionSnapshot {
  /** Short name for people: the workspace folder's, with the path below it for nested ones. */
  readonly name: string;
  /** `undefined` until it was looked at for the first time. */
  readonly state: FolderState | undefined;
  readonly activity: Activity;
  /** Why the last run of whatever kind failed; cleared by the next that succeeds. */
  readonly failure: FolderProblem | undefined;
  /** `undefined`: no cloud server is configured, or it was not looked at yet. */
  readonly cloud?: CloudState | undefined;
  /** A person here has let this project take part: what its database says is not enough for a sync that nobody asks for. */
  readonly isConsented?: boolean | undefined;
  /** What the last automatic sync with the cloud did, in this window. */
  readonly automaticRun?: AutomaticRun | undefined;
}

/** The project goes through the cloud and not through git: a person has let it take part, and no chunk stands in the folder. */
export function goesThroughCloudAlone({ cloud, isConsented, state }: SessionSnapshot): boolean {
  return cloud?.enrolled === true && isConsented === true && state?.folder === 'ok' && state.chunkTotals.all === 0;
}

export interface AutomaticRun {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly outcome: { readonly summary: CloudSyncSummary } | { readonly problem: FolderProblem };
  /** When the next one comes; milliseconds since 1970. */
  readonly nextAtMs: number;
}

/** The requests of the engine, each with a signal and progress. Rejections are `EngramError`. */
export type SessionRequests = {
  readonly [Name in keyof FolderRequests]: (
    ...args: [...Parameters<FolderRequests[Name]>, context?: CallContext]
  ) => ReturnType<FolderRequests[Name]>;
};

/** One `.engram` folder (or the place where one would be). The one door from the UI to the engine. */
export interface FolderSession {
  /** `.engram` itself. Its string is the session's identity. */
  readonly root: Uri;
  /** The folder that holds `.engram`. */
  readonly parent: Uri;
  readonly snapshot: SessionSnapshot;
  readonly onDidChange: Event<SessionSnapshot>;
  readonly requests: SessionRequests;
}

/** What an automatic import brought, or an automatic repair did; shown once, quietly. `ask`: nothing was imported yet, the person is asked. */
export type Arrival =
  | { readonly kind: 'imported'; readonly session: FolderSession; readonly summary: ImportSummary }
  | { readonly kind: 'healed'; readonly session: FolderSession; readonly summary: HealSummary }
  | { readonly kind: 'ask'; readonly session: FolderSession; readonly chunks: number };

/** Why there is nothing to show, or that there is. */
export type WorkspaceKind = 'no-folder' | 'not-initialised' | 'restricted' | 'ready' | 'virtual';

/** The cloud server of this window's person. Until they have connected, nothing of ours opens a connection. */
export interface Cloud {
  /** Its address as set, `''`: none. */
  readonly server: string;
  /** A token for this very address is kept (or the person said that it wants none). */
  readonly isConnected: boolean;
  /** Enrolled projects are synced by themselves. */
  readonly automatic: boolean;
  /**
   * Reads a manifest with this token; keeps token and address where the server takes the token.
   *
   * @param token `''`: the server wants none. @throws {EngramError} cloud-config, cloud-unreachable, cloud-answer, cloud-refused; nothing is kept then
   */
  connect(server: string, token: string, session: FolderSession): Promise<CloudCheck>;
  /** Forgets the token of the server that is set. */
  disconnect(): Promise<void>;
}

/** All folders of the window. */
export interface Sessions {
  readonly kind: WorkspaceKind;
  readonly trusted: boolean;
  readonly cloud: Cloud;
  readonly all: readonly FolderSession[];
  /** Workspace folders that have no `.engram` yet: where Initialize can make one (at the git root where there is one). */
  readonly candidates: readonly { readonly folder: WorkspaceFolder; readonly root: Uri }[];
  /** Looks which folders are there now: of one that was just deleted no watcher may have told yet. */
  findFolders(): Promise<void>;
  /** Fires when {@link kind}, {@link all}, or the snapshot of any session changes. */
  readonly onDidChange: Event<void>;
  readonly onDidArrive: Event<Arrival>;
  /** Somebody looks at the views: asks git whether another branch has the folder that is not here. Costs nothing where there is one. */
  lookAround(): void;
  /** Somebody looks at the cloud's view: asks the server what it has, where they have connected and enrolled. */
  askCloud(): Promise<void>;
  /**
   * What a person has said about a folder's memories. `isAsked`: there is nothing to ask about which database to use. `wanted`: which, be it there
   * or not.
   */
  memoryChoice(session: FolderSession): MemoryChoice & { readonly isAsked: boolean; readonly wanted: DatabaseChoice };
  /** Remembers it for this workspace; it holds before the promise resolves. */
  chooseMemories(session: FolderSession, change: MemoryChoice): Promise<void>;
  /** Another project to share from the live database; nothing of it has been said to may leave. */
  chooseProject(session: FolderSession, project: string): Promise<void>;
  /** Remembers where the Engram program stands on the machine where the extension runs. @param path `''`: it is looked for in PATH */
  setProgramPath(path: string): Promise<void>;
  /** Makes `.engram` there and opens it. */
  initialise(root: Uri): Promise<FolderSession>;
  /** Looks for folders again and reads every state again. */
  refresh(): Promise<void>;
  /** Versions, counts and last error codes; no memory text, no absolute paths. */
  diagnostics(): Promise<string>;
}
