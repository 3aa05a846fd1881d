import type { FolderKind, FolderState } from '../engine/folderState.ts';
import { goesThroughCloudAlone, type SessionSnapshot } from '../host/session.ts';
import { shareable } from './counts.ts';

/** How one folder stands, in one word; what a person should know first. */
export interface Condition {
  readonly kind: ConditionKind;
  /** What the word counts: chunks to import or to fetch, rows to share or to send, files not committed; else 0. */
  readonly count: number;
}

/** Most important first: where several folders are open, the status bar speaks for the first of these. */
export const CONDITIONS = [
  'running',
  'conflict',
  'manifest-damaged',
  'manifest-unusable',
  'database-blocked',
  'disk-full',
  'failed',
  'pending',
  'program-pending',
  'ignored',
  'share',
  'send',
  'fetch',
  'unlisted',
  'damaged-chunks',
  'deleted-chunks',
  'missing-chunks',
  'commit',
  'program',
  'read-only',
  'restricted',
  'absent-on-branch',
  'not-a-folder',
  'foreign',
  'opening',
  'nothing-yet',
  'in-cloud',
  'synced',
  'absent',
] as const;

export type ConditionKind = (typeof CONDITIONS)[number];

export function conditionOf(snapshot: SessionSnapshot): Condition {
  const { state, activity, failure } = snapshot;
  if (activity.kind !== 'idle' && activity.kind !== 'opening') return { kind: 'running', count: 0 };
  if (state && state.folder !== 'ok') return { kind: NOT_OURS[state.folder], count: 0 };
  const blocked = state && blockOf(state);
  if (blocked) return { kind: blocked, count: 0 };
  if (failure?.code === 'read-only') return { kind: 'read-only', count: 0 };
  if (failure) return { kind: failure.code === 'disk-full' ? 'disk-full' : 'failed', count: 0 };
  if (goesThroughCloudAlone(snapshot)) return cloudWorkOf(snapshot);
  return state ? workOf(state) : { kind: 'opening', count: 0 };
}

/** What git would share is nobody's concern there. */
function cloudWorkOf({ cloud }: SessionSnapshot): Condition {
  const toFetch = cloud?.asked?.toFetch ?? 0;
  if (cloud && cloud.toSend > 0) return { kind: 'send', count: cloud.toSend };
  return toFetch > 0 ? { kind: 'fetch', count: toFetch } : { kind: 'in-cloud', count: 0 };
}

const NOT_OURS: Readonly<Record<Exclude<FolderKind, 'ok'>, ConditionKind>> = {
  absent: 'absent',
  'absent-on-branch': 'absent-on-branch',
  foreign: 'foreign',
  'not-a-folder': 'not-a-folder',
};

/** What stands in the way of every import or export. */
function blockOf(state: FolderState): ConditionKind | undefined {
  if (state.manifest === 'conflict') return 'conflict';
  if (state.mode === 'browse') return 'restricted';
  switch (state.manifest) {
    case 'invalid':
      return 'manifest-damaged';
    case 'too-large':
    case 'not-a-file':
    case 'unreadable':
      return 'manifest-unusable';
  }
  switch (state.database) {
    case 'foreign':
      return state.program?.path ? undefined : 'read-only';
    case 'newer':
    case 'in-data-directory':
      return 'read-only';
    case 'tracked':
    case 'not-a-file':
    case 'unreadable':
      return 'database-blocked';
  }
  return undefined;
}

/** What there is to do, what stands around, or nothing. */
function workOf({ chunkTotals, toShare, git, manifest, healing, program }: FolderState): Condition {
  const toShareCount = shareable(toShare);
  const damaged = chunkTotals.unreadable + chunkTotals.altered;
  if (chunkTotals.waiting > 0) return { kind: program ? 'program-pending' : 'pending', count: chunkTotals.waiting };
  if (git.ignored) return { kind: 'ignored', count: 0 };
  if (manifest === 'newer') return { kind: 'read-only', count: 0 };
  if (toShareCount > 0) return { kind: 'share', count: toShareCount };
  if (healing && healing.unlisted > 0) return { kind: 'unlisted', count: healing.unlisted };
  if (damaged > 0) return { kind: 'damaged-chunks', count: damaged };
  if (git.deleted > 0) return { kind: 'deleted-chunks', count: git.deleted };
  if (chunkTotals.missing > 0) return { kind: 'missing-chunks', count: chunkTotals.missing };
  if (git.uncommitted > 0) return { kind: 'commit', count: git.uncommitted };
  if (program) return { kind: 'program', count: 0 };
  return { kind: chunkTotals.all === 0 ? 'nothing-yet' : 'synced', count: 0 };
}
