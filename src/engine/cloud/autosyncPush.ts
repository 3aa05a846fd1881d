import { chunkVersions, versionKey } from '../chunkVersions.ts';
import { EngramError } from '../errors.ts';
import { goTrim } from '../goText.ts';
import { formatInstant } from '../goTime.ts';
import type { FolderIndex } from '../ports.ts';
import type { Int, SyncMutation } from '../records.ts';
import type { AutosyncContext, OpenAutosync } from './autosyncContext.ts';
import { CanonicalError } from './canonicalError.ts';
import { canonicalPayload } from './canonicalPayload.ts';
import { type CloudChange, inJournalsWords, saysTheSame, sessionChange } from './cloudChange.ts';
import { cloudMutationsId } from './cloudIds.ts';
import { type CloudPlan, CloudPlanner } from './cloudPlan.ts';
import type { NewMutation } from './cloudPorts.ts';
import { heldBackProblems, refusedChange, unusableRows } from './cloudProblems.ts';
import { holdAsMutations } from './mutationHoldings.ts';
import { projectIndex } from './projectViews.ts';

/** A mutation on its way. */
interface Outgoing extends NewMutation {
  readonly key: string;
  readonly covers: readonly Int[];
  readonly occurredAt: string;
}

/**
 * One push of everything that the cloud does not know, project by project, as single mutations. An entry that a server refuses costs itself
 * alone, and is tried again when it has changed or after a restart.
 */
export class AutosyncPush {
  readonly #context: AutosyncContext;
  /** What was refused, by identity: the payload. */
  readonly #refused = new Map<string, string>();

  constructor(context: AutosyncContext) {
    this.#context = context;
  }

  /** @throws {EngramError} why the server was not asked for more; what it had confirmed is acknowledged */
  async run(): Promise<void> {
    const { open, maySend = () => true } = this.#context;
    const projects = await open(async ({ cloud }) => cloud.enrolledProjects());
    for (const project of projects.filter((enrolled) => maySend(enrolled))) await this.#push(project);
  }

  async #push(project: string): Promise<void> {
    const { open, transport, problems } = this.#context;
    const outgoing = await open((parts) => this.#prepare(parts, project));
    if (outgoing.length === 0) return;
    const { sent, refused, stoppedBy } = await transport.push(outgoing);
    if (sent.length > 0) await open((parts) => this.#confirm(parts, project, sent));
    for (const { item, error } of refused) {
      this.#refused.set(item.key, item.payload);
      problems.push(refusedChange(item.entity, error));
    }
    if (stoppedBy) throw new EngramError(stoppedBy.code, `transport push project "${project}": ${stoppedBy.message}`, { cause: stoppedBy });
  }

  /** Journals what is not journalled yet. */
  async #prepare(parts: OpenAutosync, project: string): Promise<readonly Outgoing[]> {
    const { cloud } = parts;
    const { clock, problems, includePersonal, includePrompts } = this.#context;
    const planParts = { ...parts, project, includePrompts };
    const known = new Set(projectIndex(planParts).chunks().keys());
    const plan = await new CloudPlanner(planParts).plan(known, { includePersonal });
    problems.push(...heldBackProblems(project, plan.heldBack), ...unusableRows(plan.journal.unusable.length));
    const at = formatInstant(clock.now());
    const changes = withSessions(plan, project, parts.index).filter((change) => this.#isSendable(change));
    return cloud.transaction(async () => {
      cloud.acknowledge(plan.settled, at);
      return changes.map((change): Outgoing => {
        const key = keyOf(change);
        const rows = plan.journal.rows.get(key);
        const { mutation } = change;
        if (rows && saysTheSame(rows.version, change)) {
          return { ...inJournalsWords(change, rows.newest), key, covers: rows.seqs, occurredAt: rows.newest.occurredAt };
        }
        return { ...mutation, key, covers: [...(rows?.seqs ?? []), cloud.enqueue(mutation, at)], occurredAt: at };
      });
    });
  }

  /** A v1.16.1 server answers 500 to a whole batch for one entry without a canonical form. */
  #isSendable(change: CloudChange): boolean {
    const { mutation } = change;
    if (this.#refused.get(keyOf(change)) === mutation.payload) return false;
    try {
      const { key } = canonicalPayload(mutation, mutation.project);
      if (key === goTrim(mutation.entityKey)) return true;
      throw new CanonicalError('its entity_key is not that of its payload');
    } catch (error) {
      if (!(error instanceof CanonicalError)) throw error;
      this.#context.problems.push(refusedChange(mutation.entity, error));
      return false;
    }
  }

  async #confirm(parts: OpenAutosync, project: string, sent: readonly Outgoing[]): Promise<void> {
    const { cloud, index, store, turn } = parts;
    const at = formatInstant(this.#context.clock.now());
    const mutations = sent.map(asSyncMutation);
    const versions = await chunkVersions({ sessions: [], observations: [], prompts: [], mutations }, turn);
    await index.transaction(async () => holdAsMutations({ index, store, project }, versions));
    await cloud.transaction(async () =>
      cloud.acknowledge(
        sent.flatMap(({ covers }) => covers),
        at,
      ),
    );
  }
}

function keyOf({ version }: CloudChange): string {
  return versionKey(version.entity, version.key);
}

/** The sessions that changed rows stand in go first, where this channel has not had them: older clients apply mutations one by one. */
function withSessions(plan: CloudPlan, project: string, index: FolderIndex): readonly CloudChange[] {
  const place = cloudMutationsId(project);
  const changed = new Set(plan.changes.filter(({ version }) => version.entity === 'session').map(({ version }) => version.key));
  const wanted = plan.changes.flatMap(({ row }) => (row && row.kind !== 'session' ? [row.record.sessionId] : []));
  const missing = [...new Set(wanted)].flatMap((id) => {
    const session = changed.has(id) ? undefined : plan.sessions.get(id);
    const isThere = index.holdings('session', id).some(({ chunkId }) => chunkId === place);
    return session && !isThere ? [sessionChange(session, project)] : [];
  });
  const rank = ({ version, row }: CloudChange): number => (row ? (version.entity === 'session' ? 0 : 1) : 2);
  return [...missing, ...plan.changes].toSorted((a, b) => rank(a) - rank(b));
}

function asSyncMutation({ entity, entityKey, op, payload, project, occurredAt }: Outgoing): SyncMutation {
  return { seq: 0, targetKey: 'cloud', source: 'local', entity, entityKey, op, payload, project, occurredAt };
}
