import type { CallContext, ExportOptions } from '../folderRequests.ts';
import type { FolderProblem } from '../folderState.ts';
import { normalizeProject } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import { type SyncStatus, toSyncStatus } from '../syncResult.ts';
import type { TransportScan } from '../transportScan.ts';
import { CloudExporter, type CloudExportSummary } from './cloudExport.ts';
import { type CloudImported, CloudImporter } from './cloudImport.ts';
import type { CloudParts } from './cloudParts.ts';
import { type CloudPlan, CloudPlanner, countToSend } from './cloudPlan.ts';
import type { SyncState } from './cloudPorts.ts';
import { markDone, markFailed } from './outcome.ts';
import { cloudTargetKey } from './pendingFilter.ts';
import { preflight } from './preflight.ts';

export type CloudExportOptions = Pick<ExportOptions, 'includePersonal'> & {
  /** Who exports, as the server's list will say. */
  readonly createdBy: string;
};

export interface CloudSyncSummary {
  readonly imported: CloudImported;
  readonly exported: CloudExportSummary;
}

/** How a project stands to its cloud. */
export interface CloudStatus extends SyncStatus {
  /** Memories, sessions, prompts and deletions that the next export would send. */
  readonly pendingMutations: number;
  /** The same as a person counts: a session goes along with its rows, and counts only alone. */
  readonly toSend: number;
  /** News that stays here. */
  readonly heldBack: number;
  /** Of these, prompts that a person wants to stay. */
  readonly promptsHere: number;
  /** `undefined` before the first attempt. */
  readonly state: SyncState | undefined;
}

/**
 * Syncs one project with a cloud server through chunks (Go `sync.NewCloudWithTransport`). Whoever calls holds the lock of the databases.
 * Every outcome is noted in the state of the project's target, with the Go program's reason codes.
 */
export class CloudSyncer {
  readonly #parts: CloudParts;
  readonly #target: string;

  /** @param parts `project` in any form */
  constructor(parts: CloudParts) {
    const project = normalizeProject(parts.project).normalized;
    this.#parts = { ...parts, project };
    this.#target = cloudTargetKey(project);
  }

  /** First imports, then exports. @throws as {@link export} */
  sync(options: CloudExportOptions, context: CallContext = {}): Promise<CloudSyncSummary> {
    return this.#noting(async () => {
      const imported = await new CloudImporter(this.#parts).run(context);
      const exported = await this.#send(imported.scan, options, context);
      const isPending = hasTrouble(imported.summary.problems) || hasTrouble(exported.problems);
      return { result: { imported, exported }, isPending };
    });
  }

  /**
   * Sends what the cloud does not know yet.
   *
   * @throws {EngramError} cloud-config, cloud-unenrolled: the server was asked nothing; cloud-unreachable, cloud-refused, cloud-answer: what
   * was not sent stays pending; cancelled; those of the databases
   */
  export(options: CloudExportOptions, context: CallContext = {}): Promise<CloudExportSummary> {
    return this.#noting(async () => {
      const { scan, problems } = await new CloudImporter(this.#parts).learn();
      const sent = await this.#send(scan, options, context);
      const result = { ...sent, problems: [...problems, ...sent.problems] };
      const isPending =
        hasTrouble(result.problems) || (await new CloudImporter(this.#parts).scan()).chunks.some(({ isMerged }) => !isMerged);
      return { result, isPending };
    });
  }

  /** Imports what is new there. @param ids only these chunks. @throws as {@link export} */
  import(context: CallContext = {}, ids?: ReadonlySet<string>): Promise<CloudImported> {
    return this.#noting(async () => {
      const result = await new CloudImporter(this.#parts).run(context, ids);
      const plan = await this.#plan(result.scan, false);
      return { result, isPending: hasTrouble(result.summary.problems) || plan.changes.length > 0 };
    });
  }

  /** Reads only, and asks the server for its list. */
  async status(options: Pick<ExportOptions, 'includePersonal'> = {}): Promise<CloudStatus> {
    const { cloud } = this.#parts;
    const scan = await new CloudImporter(this.#parts).scan();
    const plan = await this.#plan(scan, options.includePersonal ?? false);
    return {
      ...toSyncStatus(scan, cloud.importedChunks(this.#target)),
      pendingMutations: plan.changes.length,
      toSend: countToSend(plan),
      heldBack: plan.heldBack.all + plan.personal,
      promptsHere: plan.heldBack.prompts,
      state: cloud.syncState(this.#target),
    };
  }

  async #send(scan: TransportScan, options: CloudExportOptions, context: CallContext): Promise<CloudExportSummary> {
    mustBeWhole(scan);
    const plan = await this.#plan(scan, options.includePersonal ?? false);
    return new CloudExporter(this.#parts, scan.manifest).run(plan, options.createdBy, context);
  }

  #plan(scan: TransportScan, includePersonal: boolean): Promise<CloudPlan> {
    const listed = new Set(scan.manifest.chunks.map(({ id }) => id));
    return new CloudPlanner(this.#parts).plan(listed, { includePersonal });
  }

  /** The preflight, and the state that the outcome leaves. What was done before a failure stands. */
  async #noting<T>(run: () => Promise<{ readonly result: T; readonly isPending: boolean }>): Promise<T> {
    const { cloud, project, clock, save } = this.#parts;
    try {
      preflight(cloud, project, formatInstant(clock.now()));
      const { result, isPending } = await run();
      markDone(cloud, this.#target, isPending, clock);
      return result;
    } catch (error) {
      markFailed(cloud, this.#target, error, clock);
      throw error;
    } finally {
      await save();
    }
  }
}

function mustBeWhole({ manifestProblem }: TransportScan): void {
  if (manifestProblem) throw manifestProblem;
}

/** What waits for somebody; what is merely told does not. */
function hasTrouble(problems: readonly FolderProblem[]): boolean {
  return problems.some(({ severity }) => severity !== 'info');
}
