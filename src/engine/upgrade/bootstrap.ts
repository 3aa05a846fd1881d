import type { CloudUpgradeState, UpgradeSnapshot, UpgradeStage } from '../cloud/cloudPorts.ts';
import { enrollProject } from '../cloud/enrolment.ts';
import { EngramError } from '../errors.ts';
import type { CallContext } from '../folderRequests.ts';
import { goTrim, normalizeProject } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import { type CloudConfigFile, captureConfig } from './configText.ts';
import type { DoctorParts } from './diagnose.ts';
import { applyLegacyRepairs, diagnoseLegacyMutations } from './legacyMutations.ts';
import { saveStage, stepsDone } from './stages.ts';

/** What a bootstrap asks of the project's sync with the cloud. */
export interface BootstrapSync {
  export(options: { readonly createdBy: string }, context: CallContext): Promise<unknown>;
  import(context: CallContext): Promise<unknown>;
  status(): Promise<unknown>;
}

export interface BootstrapParts extends DoctorParts {
  readonly sync: BootstrapSync;
  /** Absent: what is configured is neither noted nor restored. */
  readonly config?: CloudConfigFile | undefined;
  /** Writes the database file: what is in it survives, whatever happens to the process. */
  readonly checkpoint: () => Promise<void>;
}

export interface UpgradeBootstrapOptions {
  /** In any form. */
  readonly project: string;
  /** Who exports; `upgrade-bootstrap` where it is blank. */
  readonly createdBy?: string;
}

export interface UpgradeBootstrapResult {
  /** Normalised. */
  readonly project: string;
  readonly stage: UpgradeStage;
  /** It went on where an earlier run, or a doctor, had stopped. */
  readonly resumed: boolean;
  /** Everything was done before. */
  readonly noOp: boolean;
}

/**
 * Takes a project to the cloud: enrols it, sends what the cloud has not, fetches what it has (Go `sync.BootstrapProject`). Each step is noted in
 * the database; what fails or is killed goes on there when it is called again. What was configured before is noted first and kept, for
 * {@link rollbackProject}. Unlike there, payloads that the cloud would refuse are completed, and a project that was taken to the cloud and
 * unenrolled since is taken there again.
 *
 * @throws {EngramError} invalid-input: a blank project; else with the code of what failed, and the step in front of its message
 */
export async function bootstrapProject(
  parts: BootstrapParts,
  options: UpgradeBootstrapOptions,
  context: CallContext = {},
): Promise<UpgradeBootstrapResult> {
  const { normalized: project } = normalizeProject(options.project);
  if (project === '') throw new EngramError('invalid-input', 'cloud upgrade bootstrap requires project');
  const before = parts.cloud.upgradeState(project);
  const resumed = before !== undefined && before.stage !== 'planned';
  const isDone = before?.stage === 'bootstrap_verified' && parts.cloud.isEnrolled(project);
  if (isDone) return { project, stage: 'bootstrap_verified', resumed: true, noOp: true };
  const createdBy = goTrim(options.createdBy ?? '') || 'upgrade-bootstrap';
  await new Bootstrap(parts, project).run(before, createdBy, context);
  return { project, stage: 'bootstrap_verified', resumed, noOp: false };
}

class Bootstrap {
  readonly #parts: BootstrapParts;
  readonly #project: string;

  constructor(parts: BootstrapParts, project: string) {
    this.#parts = parts;
    this.#project = project;
  }

  async run(before: CloudUpgradeState | undefined, createdBy: string, context: CallContext): Promise<void> {
    const { cloud, sync } = this.#parts;
    // Whoever unenrolled a verified project may have changed it since: only a run from the beginning is right.
    const done = before === undefined || before.stage === 'bootstrap_verified' ? 0 : stepsDone(before.stage);
    await this.#capture(before);
    await this.#completePayloads();
    if (done < 1 || !cloud.isEnrolled(this.#project)) {
      await this.#step('bootstrap_enrolled', async () => void enrollProject(cloud, this.#project, this.#now()), 'bootstrap enroll project');
    }
    if (done < 2) await this.#step('bootstrap_pushed', () => sync.export({ createdBy }, context), 'bootstrap first push');
    await named('bootstrap verification pull', () => sync.import(context));
    await this.#step('bootstrap_verified', () => sync.status(), 'bootstrap verification status');
  }

  /** A snapshot is taken once, before anything is changed; after a rollback a new upgrade begins. */
  async #capture(before: CloudUpgradeState | undefined): Promise<void> {
    const isKept = before?.snapshot !== undefined && before.stage !== 'rolled_back';
    if (isKept) return;
    const { cloud, config, checkpoint } = this.#parts;
    // A Go program has emptied its snapshot while it enrolled the project, so that is all one can know of the time before.
    const wasEnrolled = stepsDone(before?.stage ?? 'planned') === 0 && cloud.isEnrolled(this.#project);
    const snapshot: UpgradeSnapshot = { ...(await captureConfig(config)), projectEnrolled: wasEnrolled };
    const stage = before === undefined || before.stage === 'rolled_back' ? 'planned' : before.stage;
    saveStage(cloud, this.#project, this.#now(), { ...before, stage, repairClass: before?.repairClass ?? 'none', snapshot });
    await checkpoint();
  }

  async #completePayloads(): Promise<void> {
    const { cloud, store } = this.#parts;
    await cloud.transaction(async () => applyLegacyRepairs(cloud, diagnoseLegacyMutations({ cloud, store }, this.#project)));
  }

  /** Does a step and notes that it is done, in the database's file. */
  async #step(stage: UpgradeStage, work: () => Promise<unknown>, name: string): Promise<void> {
    await named(name, work);
    const repairClass = stage === 'bootstrap_verified' ? 'ready' : 'repairable';
    saveStage(this.#parts.cloud, this.#project, this.#now(), { stage, repairClass });
    await this.#parts.checkpoint();
  }

  #now(): string {
    return formatInstant(this.#parts.clock.now());
  }
}

/** Says which step failed. What a person cancelled did not fail. */
async function named<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!EngramError.is(error) || error.code === 'cancelled') throw error;
    throw new EngramError(error.code, `${step}: ${error.message}`, { subject: error.subject, cause: error });
  }
}
