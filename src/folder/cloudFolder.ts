import { dirname } from 'node:path';
import { detectProjectName } from '../adapters/projectDetection.ts';
import { retryMeans } from '../adapters/retryMeans.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { makeTurn } from '../adapters/turns.ts';
import { authorName } from '../adapters/userName.ts';
import { cloudFailure } from '../engine/cloud/cloudFailure.ts';
import type { CloudParts } from '../engine/cloud/cloudParts.ts';
import { CloudPlanner, countToSend } from '../engine/cloud/cloudPlan.ts';
import type { CloudUpgradeState, Http } from '../engine/cloud/cloudPorts.ts';
import type {
  CloudAnswer,
  CloudCheck,
  CloudState,
  CloudSyncOptions,
  CloudSyncSummary,
  CloudUpgradeNote,
  CloudUpgradeReport,
  CloudUpgradeStep,
} from '../engine/cloud/cloudState.ts';
import { CloudSyncer } from '../engine/cloud/cloudSyncer.ts';
import { enrollProject, unenrollProject } from '../engine/cloud/enrolment.ts';
import { HttpStatusError } from '../engine/cloud/httpStatusError.ts';
import { cloudTargetKey } from '../engine/cloud/pendingFilter.ts';
import { projectIndex } from '../engine/cloud/projectViews.ts';
import { RemoteTransport } from '../engine/cloud/remoteTransport.ts';
import { retrying } from '../engine/cloud/retry.ts';
import { validateServerUrl } from '../engine/cloud/serverUrl.ts';
import { EngramError } from '../engine/errors.ts';
import { problemFrom } from '../engine/folderProblem.ts';
import type { CallContext } from '../engine/folderRequests.ts';
import { normalizeProject } from '../engine/goText.ts';
import { formatInstant } from '../engine/goTime.ts';
import type { Manifest } from '../engine/manifest.ts';
import type { Transport } from '../engine/ports.ts';
import { CloudAutomatic } from './cloudAutomatic.ts';
import { CloudJson } from './cloudConfig.ts';
import { runUpgradeStep } from './cloudUpgrade.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess, Writing } from './folderAccess.ts';
import { mustBeAllowedToLeave } from './refusals.ts';

/** What the server said when it was asked last. */
type Asked = Pick<CloudAnswer, 'atMs' | 'problem' | 'reasonCode'> & { readonly manifest?: Manifest };

const NO_COUNTS = { toSend: 0, toFetch: 0, promptsHere: 0 };

const NOTHING_YET: CloudSyncSummary = {
  imported: { chunks: 0, sessions: 0, memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0, authors: [], problems: [] },
  exported: { chunkIds: [], sessions: 0, memories: 0, prompts: 0, mutations: 0, personal: 0, heldBack: 0 },
  skipped: true,
};

/** The cloud's side of one open folder: its project's state, sync, enrolment and upgrade. */
export class CloudFolder {
  readonly #access: FolderAccess;
  readonly #config: CloudJson;
  #asked: Asked | undefined;
  #automatic: CloudAutomatic | undefined;

  constructor(access: FolderAccess) {
    this.#access = access;
    this.#config = new CloudJson(access.environment.dataDirectory);
  }

  async state(context: CallContext): Promise<CloudState> {
    const databases = await this.#access.readable();
    const project = await this.#project('');
    const { cloud } = databases;
    const enrolled = cloud.isEnrolled(project);
    const counts = enrolled ? await this.#counts(databases, project, context) : NO_COUNTS;
    const sync = cloud.syncState(cloudTargetKey(project));
    const upgrade = cloud.upgradeState(project);
    return {
      server: this.#server,
      // Somebody else's file: what is wrong with it concerns only who would use it.
      offeredServer: await this.#config.settings().then(
        ({ serverUrl }) => serverUrl,
        () => '',
      ),
      project,
      enrolled,
      toSend: counts.toSend,
      promptsHere: counts.promptsHere,
      ...(this.#asked && { asked: { ...withoutManifest(this.#asked), toFetch: counts.toFetch } }),
      ...(sync && { sync }),
      ...(upgrade && { upgrade: noteOf(upgrade) }),
    };
  }

  async ask(context: CallContext): Promise<void> {
    this.#access.mustBeTrusted();
    const atMs = systemClock.now();
    try {
      const project = await this.#project('');
      const manifest = await this.#transport(this.#server, project, { http: this.#http, context }).readManifest();
      this.#asked = { atMs, manifest, reasonCode: '' };
    } catch (error) {
      if (!EngramError.is(error) || error.code === 'cancelled') throw error;
      this.#asked = { atMs, problem: problemFrom(forPeople(error)), reasonCode: cloudFailure(error).reason };
    }
  }

  async check(server: string, context: CallContext): Promise<CloudCheck> {
    this.#access.mustBeTrusted();
    const project = await this.#project('');
    try {
      const { chunks } = await this.#transport(server, project, { http: this.#http, context }).readManifest();
      return { outcome: 'ok', project, chunks: chunks.length, message: '' };
    } catch (error) {
      const refusal = error instanceof HttpStatusError ? error : undefined;
      if (!refusal?.isAuthFailure && !refusal?.isPolicyFailure) throw forPeople(error);
      return { outcome: refusal.isAuthFailure ? 'token' : 'project', project, chunks: 0, message: refusal.body };
    }
  }

  async sync(options: CloudSyncOptions, context: CallContext): Promise<CloudSyncSummary> {
    if (!options.automatic) return this.#sync(options, context);
    const automatic = this.#automaticFor(await this.#project(''));
    if (automatic.mustWait) return NOTHING_YET;
    // Chunks first, as in a sync by hand, so that it makes no difference for the team who has sent something; then what only came as mutations.
    const outcome = await this.#sync(options, context).catch((error: unknown) => ({ error }));
    // What may not leave in chunks may not leave as single changes either.
    if ('error' in outcome && EngramError.is(outcome.error, 'cloud-unenrolled')) throw outcome.error;
    const imported = await automatic.run('error' in outcome ? NOTHING_YET.imported : outcome.imported, context);
    if ('error' in outcome) throw outcome.error;
    return { ...outcome, imported };
  }

  /** Made anew where the settings are others than before. */
  #automaticFor(project: string): CloudAutomatic {
    const { includePersonal, includePrompts } = this.#access.options;
    const wanted = { server: this.#server, project, includePersonal, includePrompts };
    if (!this.#automatic?.isFor(wanted)) this.#automatic = new CloudAutomatic({ ...wanted, http: this.#http, access: this.#access });
    return this.#automatic;
  }

  async #sync(options: CloudSyncOptions, context: CallContext): Promise<CloudSyncSummary> {
    const project = await this.#project(options.project ?? '');
    // What it leaves behind is newer than what the server said before.
    this.#asked = undefined;
    return this.#writing(context, async (writing) => {
      const wanted = { createdBy: await this.#author(options.createdBy, writing), includePersonal: this.#includePersonal(options) };
      const { imported, exported } = await this.#syncer(writing, project, options.automatic).sync(wanted, context);
      const { problems, ...sent } = exported;
      return { imported: { ...imported.summary, problems: [...imported.summary.problems, ...problems] }, exported: sent };
    });
  }

  async enroll(name: string, context: CallContext): Promise<void> {
    const project = await this.#project(name);
    await this.#writing(context, ({ databases: { cloud } }) =>
      cloud.transaction(async () => void enrollProject(cloud, project, formatInstant(systemClock.now()))),
    );
  }

  async unenroll(name: string, context: CallContext): Promise<void> {
    const project = await this.#project(name);
    await this.#writing(context, ({ databases: { cloud } }) => cloud.transaction(async () => unenrollProject(cloud, project)));
  }

  async upgrade(step: CloudUpgradeStep, options: { readonly planOnly?: boolean }, context: CallContext): Promise<CloudUpgradeReport> {
    const project = await this.#project('');
    return this.#writing(context, async (writing) => {
      const { cloud, store } = writing.databases;
      this.#asked = undefined;
      return runUpgradeStep(step, {
        cloud,
        store,
        clock: systemClock,
        project,
        isConfigured: isServer(this.#server),
        planOnly: options.planOnly ?? false,
        createdBy: await this.#author(undefined, writing),
        sync: () => this.#syncer(writing, project),
        config: this.#config,
        ...(this.#automatic && { hooks: this.#automatic.hooks }),
        checkpoint: () => this.#access.save(writing.guard),
        context,
      });
    });
  }

  /** What people are told is a sentence, not the Go program's text of an HTTP status. */
  async #writing<T>(context: CallContext, work: (writing: Writing) => Promise<T>): Promise<T> {
    try {
      return await this.#access.write(context, work);
    } catch (error) {
      throw forPeople(error);
    }
  }

  /** @param automatic nobody waits for it, so that it is not repeated here: that would keep others from the folder */
  #syncer(writing: Writing, project: string, automatic = false): CloudSyncer {
    mustBeAllowedToLeave(writing.databases, this.#access.options, project);
    const { databases, context, guard, turn } = writing;
    const http = automatic ? this.#http : retrying(this.#http, retryMeans());
    const transport = this.#transport(this.#server, project, { http, context });
    return new CloudSyncer({ ...this.#partsOf(databases, project), transport, turn, save: () => this.#access.save(guard) });
  }

  /** Both counts come from the database; the second needs the server's list, as it was when it was asked. */
  async #counts(databases: OpenDatabases, project: string, context: CallContext): Promise<typeof NO_COUNTS> {
    const { includePersonal } = this.#access.options;
    const { manifest } = this.#asked ?? {};
    const parts: CloudParts = {
      ...this.#partsOf(databases, project),
      transport: listing(manifest),
      turn: makeTurn(context.signal),
      save: async () => undefined,
    };
    if (manifest) {
      const status = await new CloudSyncer(parts).status({ includePersonal });
      return { toSend: status.toSend, toFetch: status.pendingImport, promptsHere: status.promptsHere };
    }
    const known = new Set(projectIndex(parts).chunks().keys());
    const plan = await new CloudPlanner(parts).plan(known, { includePersonal });
    return { toSend: countToSend(plan), toFetch: 0, promptsHere: plan.heldBack.prompts };
  }

  #partsOf({ store, cloud, index }: OpenDatabases, project: string): Omit<CloudParts, 'transport' | 'turn' | 'save'> {
    return { store, cloud, index, clock: systemClock, project, includePrompts: this.#access.options.includePrompts };
  }

  /** @throws {EngramError} cloud-config */
  #transport(server: string, project: string, { http, context: { signal } }: { http: Http; context: CallContext }): RemoteTransport {
    const { limits } = this.#access.options;
    return new RemoteTransport({ http, server, project, limits, ...(signal && { signal }) });
  }

  get #server(): string {
    return this.#access.options.cloud?.server ?? '';
  }

  get #http(): Http {
    const { http } = this.#access.environment;
    if (http) return http;
    throw new EngramError('cloud-config', 'There is no way to a cloud server here. Nothing was sent.');
  }

  async #project(name: string): Promise<string> {
    const wanted = normalizeProject(name || this.#access.options.cloud?.project || '').normalized;
    if (wanted !== '') return wanted;
    return normalizeProject(await detectProjectName(dirname(this.#access.options.root), await this.#access.git())).normalized;
  }

  async #author(wanted: string | undefined, { git }: Writing): Promise<string> {
    return wanted || authorName(this.#access.options.author, git);
  }

  #includePersonal({ includePersonal }: CloudSyncOptions): boolean {
    return includePersonal ?? this.#access.options.includePersonal;
  }
}

/** A list that was read before; nothing else can be asked of it. */
function listing(manifest: Manifest | undefined): Transport {
  const refuse = (): Promise<never> => Promise.reject(new EngramError('cloud-config', 'The server was not asked.'));
  return { readManifest: async () => manifest ?? refuse(), writeManifest: refuse, writeChunk: refuse, readChunk: refuse };
}

function withoutManifest({ atMs, problem, reasonCode }: Asked): Omit<CloudAnswer, 'toFetch'> {
  return { atMs, reasonCode, ...(problem && { problem }) };
}

function noteOf({ stage, repairClass, lastErrorCode, lastErrorMessage }: CloudUpgradeState): CloudUpgradeNote {
  const canRollBack = stage !== 'bootstrap_verified' && stage !== 'rolled_back';
  return { stage, repairClass, reasonCode: lastErrorCode, reasonMessage: lastErrorMessage, canRollBack };
}

function isServer(address: string): boolean {
  try {
    return validateServerUrl(address) !== '';
  } catch {
    return false;
  }
}

function forPeople<T>(error: T): T | EngramError {
  // A step of an upgrade puts its name in front.
  const refusal = error instanceof EngramError && error.cause instanceof HttpStatusError ? error.cause : error;
  if (!(refusal instanceof HttpStatusError)) return error;
  return new EngramError(refusal.code, cloudFailure(refusal).sentence, { subject: String(refusal.status), cause: refusal });
}
