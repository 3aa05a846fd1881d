import type { CloudState } from '../engine/cloud/cloudState.ts';
import type { EngramErrorCode } from '../engine/errors.ts';
import type { DatabaseKind } from '../engine/folderState.ts';
import type { Cloud, SessionSnapshot } from '../host/session.ts';
import type { CloudCommand } from './rows.ts';

/** The parts of the window's cloud that rows are made of. */
export type CloudPlace = Pick<Cloud, 'server' | 'isConnected' | 'automatic'>;

/** How one folder stands with the cloud, in one word: what a person should know first. */
export type CloudCondition =
  | 'opening'
  | 'no-database'
  | 'no-token'
  | 'unenrolled'
  | 'token-refused'
  | 'project-refused'
  | 'bad-address'
  | 'paused'
  | 'unreachable'
  | 'strange-answer'
  | 'refused'
  | 'upgrade-blocked'
  | 'upgrade-ready'
  | 'upgrade-unfinished'
  | 'work'
  | 'up-to-date';

/** The one thing to do next. */
export const NEXT: Readonly<Record<CloudCondition, CloudCommand | undefined>> = {
  opening: undefined,
  'no-database': undefined,
  'no-token': 'engram.connectCloud',
  unenrolled: 'engram.enrollProject',
  'token-refused': 'engram.connectCloud',
  'project-refused': 'engram.syncCloud',
  'bad-address': 'engram.connectCloud',
  paused: 'engram.syncCloud',
  unreachable: 'engram.syncCloud',
  'strange-answer': 'engram.syncCloud',
  refused: 'engram.syncCloud',
  'upgrade-blocked': 'engram.diagnoseCloudUpgrade',
  'upgrade-ready': 'engram.bootstrapCloud',
  'upgrade-unfinished': 'engram.bootstrapCloud',
  work: 'engram.syncCloud',
  'up-to-date': 'engram.syncCloud',
};

export function cloudConditionOf({ isConnected }: CloudPlace, { cloud, state }: SessionSnapshot): CloudCondition {
  if (!isConnected) return 'no-token';
  if (!cloud) return state && UNUSABLE.has(state.database) ? 'no-database' : 'opening';
  const upgrade = upgradeOf(cloud);
  if (upgrade === 'upgrade-blocked') return upgrade;
  if (!cloud.enrolled) return upgrade ?? 'unenrolled';
  return troubleOf(cloud) ?? upgrade ?? workOf(cloud);
}

const UNUSABLE: ReadonlySet<DatabaseKind> = new Set(['tracked', 'in-data-directory', 'not-a-file', 'unreadable']);

/** Stages in which somebody has to go on. A verified or taken-back upgrade is over; one that was only looked at blocks nothing. */
function upgradeOf({ upgrade, enrolled }: CloudState): CloudCondition | undefined {
  switch (upgrade?.stage) {
    case 'doctor_blocked':
      // The diagnosis calls that blocked, too; bootstrapping enrols.
      return upgrade.reasonCode === 'upgrade_repairable_unenrolled' ? (enrolled ? undefined : 'upgrade-ready') : 'upgrade-blocked';
    case 'doctor_ready':
    case 'repair_applied':
      return 'upgrade-ready';
    case 'bootstrap_enrolled':
    case 'bootstrap_pushed':
      return 'upgrade-unfinished';
    default:
      return undefined;
  }
}

/** What stands between the last sync and the next. An answer of the server is newer than what a sync has noted; only a pause does not show in it. */
function troubleOf({ sync, asked }: CloudState): CloudCondition | undefined {
  if (asked?.problem) return troubleNamed(asked.reasonCode) ?? troubleWith(asked.problem.code);
  const noted = sync && (troubleNamed(sync.reasonCode) ?? (sync.lifecycle === 'degraded' ? 'unreachable' : undefined));
  return asked && noted !== 'paused' ? undefined : noted;
}

function troubleNamed(reasonCode: string): CloudCondition | undefined {
  switch (reasonCode) {
    case 'auth_required':
      return 'token-refused';
    case 'policy_forbidden':
      return 'project-refused';
    case 'cloud_config_error':
      return 'bad-address';
    case 'sync-paused':
    case 'paused':
      return 'paused';
    default:
      return undefined;
  }
}

function troubleWith(code: EngramErrorCode): CloudCondition {
  if (code === 'cloud-answer') return 'strange-answer';
  if (code === 'cloud-config') return 'bad-address';
  return code === 'cloud-refused' ? 'refused' : 'unreachable';
}

function workOf({ toSend, asked }: CloudState): CloudCondition {
  return toSend > 0 || (asked?.toFetch ?? 0) > 0 ? 'work' : 'up-to-date';
}
