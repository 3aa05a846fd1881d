import { systemClock } from '../adapters/systemClock.ts';
import type { Applied } from '../engine/applyChunk.ts';
import { AutosyncManager } from '../engine/cloud/autosync.ts';
import type { Http } from '../engine/cloud/cloudPorts.ts';
import { MutationTransport } from '../engine/cloud/mutationTransport.ts';
import type { CallContext } from '../engine/folderRequests.ts';
import type { FolderProblem, ImportSummary } from '../engine/folderState.ts';
import type { UpgradeLifecycleHooks } from '../engine/upgrade/rollback.ts';
import type { FolderAccess } from './folderAccess.ts';
import { mustBeAllowedToLeave } from './refusals.ts';

/** What an automatic sync is about; with other values it is another one. */
interface Wanted {
  readonly server: string;
  /** The folder's, normalised: of others that the database calls enrolled nothing is sent. */
  readonly project: string;
  readonly includePersonal: boolean;
  readonly includePrompts: boolean | undefined;
}

export interface AutomaticParts extends Wanted {
  readonly http: Http;
  readonly access: Pick<FolderAccess, 'write' | 'options'>;
}

/**
 * The automatic sync of one open folder, one cycle at a time: who holds the folder says when. It decides how long a failure is waited for,
 * and leaves the channel of single mutations to the window that has the lease.
 */
export class CloudAutomatic {
  readonly #parts: AutomaticParts;
  /** What a rollback stops and resumes. */
  readonly hooks: UpgradeLifecycleHooks;
  readonly #manager: AutosyncManager;
  /** Of the cycle that runs. */
  #context: CallContext = {};
  #pulled: Applied[] = [];

  /** @throws {EngramError} cloud-config */
  constructor(parts: AutomaticParts) {
    const { server, http, project, includePersonal, includePrompts, access } = parts;
    this.#parts = parts;
    const cancellable: Http = { send: (request, signal) => http.send(request, signal ?? this.#context.signal) };
    this.#manager = new AutosyncManager({
      transport: new MutationTransport({ server, http: cancellable }),
      open: (work) =>
        access.write(this.#context, async ({ databases, turn }) => {
          mustBeAllowedToLeave(databases, access.options, project);
          return work({ ...databases, turn });
        }),
      maySend: (enrolled) => enrolled === project,
      clock: systemClock,
      includePersonal,
      includePrompts,
      onPulled: (applied) => this.#pulled.push(applied),
      // Its own timers would run beside the folder's other requests.
      later: () => () => undefined,
      random: Math.random,
    });
    this.#manager.start();
    this.hooks = this.#manager;
  }

  isFor({ server, project, includePersonal, includePrompts }: Wanted): boolean {
    const own = this.#parts;
    const isSame = own.server === server && own.project === project;
    return isSame && own.includePersonal === includePersonal && own.includePrompts === includePrompts;
  }

  /** After a failure, and during an upgrade. */
  get mustWait(): boolean {
    const { phase, backoffUntilMs } = this.#manager.status;
    return phase === 'disabled' || systemClock.now() < (backoffUntilMs ?? 0);
  }

  /**
   * One cycle. A server that fails is no error here: it is waited for.
   *
   * @param chunks what the sync before it has brought
   * @returns the same with what this one has, with what was passed over, and why it failed
   */
  async run(chunks: ImportSummary, context: CallContext): Promise<ImportSummary> {
    this.#context = context;
    this.#pulled = [];
    try {
      await this.#manager.runOnce();
    } finally {
      this.#context = {};
    }
    const { problems, lastError } = this.#manager.status;
    const failed: FolderProblem[] = lastError === '' ? [] : [{ code: 'cloud-refused', severity: 'warning', message: lastError }];
    const sum = (of: (counts: Omit<Applied, 'heldBack'>) => number): number =>
      this.#pulled.reduce((total, applied) => total + of(applied), of(chunks));
    return {
      ...chunks,
      sessions: sum(({ sessions }) => sessions),
      memories: sum(({ memories }) => memories),
      prompts: sum(({ prompts }) => prompts),
      relations: sum(({ relations }) => relations),
      edits: sum(({ edits }) => edits),
      deletes: sum(({ deletes }) => deletes),
      problems: [...chunks.problems, ...problems, ...failed],
    };
  }
}
