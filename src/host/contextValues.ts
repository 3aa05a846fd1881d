import type { FolderKind, FolderState } from '../engine/folderState.ts';
import { type Cloud, goesThroughCloudAlone, type SessionSnapshot, type WorkspaceKind } from './session.ts';

/** Everything that `when` clauses of package.json may ask, by context key. */
export interface ContextValues {
  readonly 'engram.kind': WorkspaceKind;
  /** Of several folders the one that needs a person most. */
  readonly 'engram.folder': FolderKind;
  /** Everything was looked at, and there is no chunk anywhere. */
  readonly 'engram.empty': boolean;
  readonly 'engram.pending': boolean;
  readonly 'engram.syncing': boolean;
  /** Something is wrong with manifest or chunks that a repair can mend. */
  readonly 'engram.repairable': boolean;
  /** How the memories can be written: here, by the Engram program alone, or, as that was not found, not at all. The best of several folders. */
  readonly 'engram.writes': 'full' | 'program' | 'none';
  /** The address of a cloud server is set. */
  readonly 'engram.cloud.server': boolean;
  /** The person has entered a token for it. */
  readonly 'engram.cloud.connected': boolean;
  /** The project of some folder takes part. */
  readonly 'engram.cloud.enrolled': boolean;
  /** Every folder goes through the cloud and not through git. */
  readonly 'engram.cloud.alone': boolean;
  /** An upgrade can be rolled back. */
  readonly 'engram.cloud.upgrading': boolean;
}

/** Most severe first. */
const SEVERITY: readonly FolderKind[] = ['not-a-folder', 'foreign', 'absent-on-branch', 'absent', 'ok'];

export function contextValues(
  kind: WorkspaceKind,
  snapshots: readonly SessionSnapshot[],
  cloud: Pick<Cloud, 'server' | 'isConnected'>,
): ContextValues {
  const states = snapshots.flatMap(({ state }) => (state ? [state] : []));
  const isComplete = snapshots.length > 0 && states.length === snapshots.length;
  return {
    'engram.kind': kind,
    'engram.folder': SEVERITY.find((folder) => states.some((state) => state.folder === folder)) ?? 'ok',
    'engram.empty': isComplete && states.every((state) => state.folder === 'ok' && state.chunkTotals.all === 0),
    'engram.pending': states.some((state) => state.chunkTotals.waiting > 0),
    'engram.repairable': states.some((state) => state.mode === 'full' && state.healing !== undefined),
    'engram.writes': writesOf(states),
    'engram.cloud.server': cloud.server !== '',
    'engram.cloud.connected': cloud.isConnected,
    'engram.cloud.enrolled': snapshots.some((snapshot) => snapshot.cloud?.enrolled),
    'engram.cloud.alone': snapshots.length > 0 && snapshots.every(goesThroughCloudAlone),
    'engram.cloud.upgrading': snapshots.some((snapshot) => snapshot.cloud?.upgrade?.canRollBack),
    'engram.syncing': snapshots.some(({ activity }) => activity.kind !== 'idle' && activity.kind !== 'opening'),
  };
}

function writesOf(states: readonly FolderState[]): ContextValues['engram.writes'] {
  if (states.length === 0 || states.some(({ program }) => program === undefined)) return 'full';
  return states.some(({ program }) => program?.path) ? 'program' : 'none';
}
