import type { FolderProblem, SyncSummary } from '../folderState.ts';
import type { SyncState, UpgradeRepairClass, UpgradeStage } from './cloudPorts.ts';

/** How one folder is connected; plain data, so that it crosses the thread boundary. The token is no part of it. */
export interface CloudOptions {
  /** Address of the server, `''`: none is configured. */
  readonly server: string;
  /** `''`: detected as for a saved memory. */
  readonly project: string;
  /** Syncs by itself. */
  readonly autosync: boolean;
}

/** How the project of one folder stands with the cloud. Immutable, structured-cloneable. */
export interface CloudState {
  /** `''`: none is configured. */
  readonly server: string;
  /** The address in Engram's own `cloud.json`, `''` where there is none; never its token. */
  readonly offeredServer: string;
  /** Normalised, never empty. Hostile text: a repository may have chosen it. */
  readonly project: string;
  readonly enrolled: boolean;
  /** Changes that the next sync sends; 0 where the project is not enrolled. */
  readonly toSend: number;
  /** New prompts that stay here because a person wants that; 0 where the project is not enrolled. */
  readonly promptsHere: number;
  /** What the server said when it was asked last, since this folder was opened and since the last sync that failed. */
  readonly asked?: CloudAnswer;
  /** What the last sync left behind, also one of another program. */
  readonly sync?: CloudSyncNote;
  readonly upgrade?: CloudUpgradeNote;
}

export interface CloudAnswer {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Chunks that the server has and this database has not. */
  readonly toFetch: number;
  /** Why it could not be asked; `toFetch` is 0 then. */
  readonly problem?: FolderProblem;
  /** What the problem would be in `sync_state`, such as `auth_required`; `''` without one. */
  readonly reasonCode: string;
}

/** A row of `sync_state` as far as a person is concerned. Texts may hold what the server said: hostile. */
export type CloudSyncNote = Pick<
  SyncState,
  'lifecycle' | 'consecutiveFailures' | 'backoffUntil' | 'lastError' | 'updatedAt' | 'reasonCode' | 'reasonMessage'
>;

export interface CloudUpgradeNote {
  readonly stage: UpgradeStage;
  readonly repairClass: UpgradeRepairClass;
  readonly reasonCode: string;
  /** Hostile. */
  readonly reasonMessage: string;
  /** A rollback is possible: the upgrade has begun, and is not verified. */
  readonly canRollBack: boolean;
}

/**
 * What the server says to a token, and to a project. `token`: refuses it (401). `project`: takes the token and not the project (403).
 * `paused` is no part of it: a manifest can be read all the same.
 */
export interface CloudCheck {
  readonly outcome: 'ok' | 'token' | 'project';
  readonly project: string;
  /** Chunks on the server. */
  readonly chunks: number;
  /** What the server said, `''` for `ok`. Hostile. */
  readonly message: string;
}

export interface CloudSyncOptions {
  /** Nobody asked for it: it waits while another window syncs, and as long as the last failure says. */
  readonly automatic?: boolean;
  /** In any form; absent: that of the folder. */
  readonly project?: string;
  readonly createdBy?: string;
  readonly includePersonal?: boolean;
}

/** What went and what came; `skipped`: an automatic run that had to wait. */
export interface CloudSyncSummary extends SyncSummary {
  readonly skipped?: true;
}

export type CloudUpgradeStep = 'doctor' | 'repair' | 'bootstrap' | 'rollback';

/** What one step of an upgrade found or did, in the words of the Go program's command line. */
export interface CloudUpgradeReport {
  readonly step: CloudUpgradeStep;
  readonly project: string;
  readonly stage: UpgradeStage;
  /** `ready` or `blocked` for a diagnosis; `done` where a step did what it should. */
  readonly status: 'ready' | 'blocked' | 'done';
  /** `''` where the step has none. So are the next two. */
  readonly class: string;
  readonly reasonCode: string;
  /** Hostile. */
  readonly message: string;
  /** The step changed something. */
  readonly applied: boolean;
}
