import { ChunkApplier } from '../applyChunk.ts';
import { chunkVersions } from '../chunkVersions.ts';
import { EngramError } from '../errors.ts';
import { getFold } from '../goJson.ts';
import { goTrim, normalizeProject } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import type { FolderIndex } from '../ports.ts';
import { decodeMutationPayload } from '../recordCodec.ts';
import type { Int, SyncMutation } from '../records.ts';
import { countRejected } from '../rejections.ts';
import type { AutosyncContext, OpenAutosync } from './autosyncContext.ts';
import { cloudMutationsId, cloudPrefix } from './cloudIds.ts';
import { uselessMutations } from './cloudProblems.ts';
import { holdAsMutations } from './mutationHoldings.ts';
import type { PulledMutation, PulledPage } from './mutationTransport.ts';
import { projectRights, projectStore } from './projectViews.ts';

/** The state that the Go program keeps its one cursor in. */
const TARGET = 'cloud';

/**
 * Pulls what is new of the enrolled projects, page by page, each in one transaction with the cursor behind it. What comes is merged: an
 * older version, one's own or an echo of it changes nothing here. How far a project has got stands in the index, so that an index made anew
 * is filled again, and a project that is enrolled later gets everything from the start.
 */
export class AutosyncPull {
  readonly #context: AutosyncContext;

  constructor(context: AutosyncContext) {
    this.#context = context;
  }

  /** Whether nothing is known yet of what a project has there: then pulling goes first, and nothing is pushed that is there already. */
  isBlind(): Promise<boolean> {
    const { open } = this.#context;
    return open(async ({ cloud, index }) => cloud.enrolledProjects().some((project) => index.note(noteOf(project)) === undefined));
  }

  async run(): Promise<void> {
    const { open, transport, batch } = this.#context;
    let since = await open(async ({ cloud, index }) => start(cloud.enrolledProjects(), index));
    for (let more = since !== undefined; more && since !== undefined; ) {
      const page = await transport.pullMutations(since, batch);
      await open((parts) => this.#apply(parts, page));
      more = page.hasMore;
      since = page.nextSeq;
    }
  }

  async #apply(parts: OpenAutosync, { mutations, unusable, nextSeq }: PulledPage): Promise<void> {
    const { cloud, index, store } = parts;
    const at = formatInstant(this.#context.clock.now());
    await index.transaction(() =>
      store.transaction(async () => {
        let rejected = unusable.length;
        for (const project of cloud.enrolledProjects()) {
          const cursor = cursorOf(index, project);
          const own = mutations.filter((mutation) => mutation.seq > cursor && nameOf(mutation) === project);
          rejected += await this.#merge(parts, project, own);
          index.setNote(noteOf(project), String(nextSeq > cursor ? nextSeq : cursor));
        }
        cloud.setPulled(TARGET, nextSeq, at);
        this.#context.problems.push(...uselessMutations(rejected));
      }),
    );
  }

  /** @returns how many could not be used */
  async #merge(parts: OpenAutosync, project: string, pulled: readonly PulledMutation[]): Promise<number> {
    if (pulled.length === 0) return 0;
    const { index, store, cloud, turn } = parts;
    const mutations = pulled.map(asSyncMutation);
    const versions = await chunkVersions({ sessions: [], observations: [], prompts: [], mutations }, turn);
    holdAsMutations({ index, store, project }, versions);
    const view = { store, cloud, index, project };
    const applier = new ChunkApplier(projectStore(view), index, projectRights(view));
    const applied = await applier.apply(versions, turn, { chunkId: cloudMutationsId(project), wasHere: false });
    await applier.retryDeferred(turn);
    this.#context.onPulled?.(applied);
    return countRejected(versions.rejected);
  }
}

/** From where to ask: where the project stands that has got least far. `undefined`: no project takes part. */
function start(projects: readonly string[], index: FolderIndex): Int | undefined {
  return projects.map((project) => cursorOf(index, project)).reduce<Int | undefined>(lower, undefined);
}

function lower(a: Int | undefined, b: Int): Int {
  return a === undefined || b < a ? b : a;
}

function cursorOf(index: FolderIndex, project: string): Int {
  const seq = BigInt(index.note(noteOf(project)) ?? '0');
  return seq <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seq) : seq;
}

function noteOf(project: string): string {
  return `${cloudPrefix(project)}pulled`;
}

function nameOf({ project }: PulledMutation): string {
  return normalizeProject(project).normalized;
}

/**
 * A v1.16.1 server tells the rows of a chunk's arrays as upserts, a hidden one too, with its `deleted_at` (golden/cloud/roundtrip/14-14-16.json).
 * Nothing else upserts a row that says that it is deleted.
 */
function asSyncMutation({ seq, entity, entityKey, op, payload, project, occurredAt }: PulledMutation): SyncMutation {
  const isHidden = entity === 'observation' && deletedAt(payload) !== '';
  return { seq, targetKey: TARGET, source: 'remote', entity, entityKey, op: isHidden ? 'delete' : op, payload, project, occurredAt };
}

function deletedAt(payload: string): string {
  try {
    const time = getFold(decodeMutationPayload(payload), 'deleted_at');
    return typeof time === 'string' ? goTrim(time) : '';
  } catch (error) {
    if (EngramError.is(error)) return '';
    throw error;
  }
}
