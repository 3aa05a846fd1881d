import type { CloudStore, CloudUpgradeState } from '../cloud/cloudPorts.ts';
import { unenrollProject } from '../cloud/enrolment.ts';
import { EngramError } from '../errors.ts';
import { normalizeProject } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import type { Clock } from '../ports.ts';
import { type CloudConfigFile, restoreConfig } from './configText.ts';
import { saveStage, stepsDone } from './stages.ts';

/** What runs by itself and must stand still while a project is rolled back. @param project normalised */
export interface UpgradeLifecycleHooks {
  stopForUpgrade(project: string): Promise<void>;
  resumeAfterUpgrade(project: string): Promise<void>;
}

export interface RollbackParts {
  readonly cloud: CloudStore;
  readonly clock: Clock;
  /** Absent: what is configured is neither noted nor restored. */
  readonly config?: CloudConfigFile | undefined;
  /** Writes the database file. */
  readonly checkpoint: () => Promise<void>;
}

export interface UpgradeRollbackOptions {
  /** In any form. */
  readonly project: string;
  readonly hooks?: UpgradeLifecycleHooks;
}

/**
 * Configures again what was configured before an upgrade began: `cloud.json` and the enrolment (Go `sync.RollbackProject`). Memories, the
 * journal and the server stay as they are. Unlike there, what nobody has noted is left alone, and a second rollback changes nothing.
 *
 * @throws {EngramError} invalid-input: a blank project, or it is verified already; not-found: no upgrade has begun; with the code of what
 * failed: of the hooks, the file, the database. A rollback that failed half-way can be done again.
 */
export async function rollbackProject(parts: RollbackParts, { project: name, hooks }: UpgradeRollbackOptions): Promise<CloudUpgradeState> {
  const { normalized: project } = normalizeProject(name);
  if (project === '') throw new EngramError('invalid-input', 'cloud upgrade rollback requires project');
  const before = parts.cloud.upgradeState(project);
  if (before === undefined) throw new EngramError('not-found', 'rollback requires existing upgrade checkpoint state');
  if (before.stage === 'bootstrap_verified') {
    throw new EngramError('invalid-input', 'rollback is unavailable post-bootstrap; use explicit disconnect/unenroll flows');
  }
  if (before.stage === 'rolled_back') return before;
  await called('cloud upgrade rollback stop autosync', hooks && (() => hooks.stopForUpgrade(project)));
  try {
    await restore(parts, before);
  } catch (error) {
    await hooks?.resumeAfterUpgrade(project).catch(() => undefined);
    throw error;
  }
  await called('cloud upgrade rollback resume autosync', hooks && (() => hooks.resumeAfterUpgrade(project)));
  return parts.cloud.upgradeState(project) ?? before;
}

/** The file first: a rollback that is killed behind it has not happened, and is done again. */
async function restore({ cloud, clock, config, checkpoint }: RollbackParts, before: CloudUpgradeState): Promise<void> {
  const { project, snapshot, repairClass } = before;
  const at = formatInstant(clock.now());
  if (snapshot) await restoreConfig(config, snapshot);
  await cloud.transaction(async () => {
    if (snapshot?.projectEnrolled) cloud.enroll(project, at);
    else if (snapshot || stepsDone(before.stage) > 0) unenrollProject(cloud, project);
    saveStage(cloud, project, at, { stage: 'rolled_back', repairClass });
  });
  await checkpoint();
}

async function called(what: string, hook: (() => Promise<void>) | undefined): Promise<void> {
  try {
    await hook?.();
  } catch (cause) {
    if (EngramError.is(cause, 'cancelled')) throw cause;
    const [code, message] = cause instanceof EngramError ? ([cause.code, cause.message] as const) : (['io-failed', String(cause)] as const);
    throw new EngramError(code, `${what}: ${message}`, { cause });
  }
}
