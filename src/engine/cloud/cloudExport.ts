import { ChunkApplier } from '../applyChunk.ts';
import { chunkId, decodeChunk, sha256Hex } from '../chunkCodec.ts';
import { chunkVersions, versionKey } from '../chunkVersions.ts';
import { EngramError } from '../errors.ts';
import type { CallContext } from '../folderRequests.ts';
import type { ExportSummary, FolderProblem } from '../folderState.ts';
import { formatInstant, formatRfc3339 } from '../goTime.ts';
import type { IndexedChunk } from '../held.ts';
import { putInIndex } from '../importer.ts';
import { appendEntry, type ChunkEntry, type Manifest } from '../manifest.ts';
import type { ChunkData, Int } from '../records.ts';
import { inJournalsWords, saysTheSame } from './cloudChange.ts';
import { CLOUD_CHUNK_BYTES, cloudChunk, inChunks, type JournalledChange } from './cloudChunk.ts';
import type { CloudParts } from './cloudParts.ts';
import type { CloudPlan } from './cloudPlan.ts';
import { heldBackProblems, refusedChange, unusableRows } from './cloudProblems.ts';
import { HttpStatusError } from './httpStatusError.ts';
import { projectIndex, projectStore } from './projectViews.ts';
import { pushInHalves } from './pushInHalves.ts';

/** What one export to the cloud did. */
export interface CloudExportSummary extends ExportSummary {
  readonly problems: readonly FolderProblem[];
}

interface Written {
  readonly entry: ChunkEntry;
  readonly bytes: Uint8Array;
  readonly data: ChunkData;
}

/**
 * Sends what a plan says. Each change stands in the journal before it is sent, and is acknowledged together with the record of its chunk
 * afterwards. A crash before the sending leaves rows that the next run sends again in the same bytes; one after it leaves a chunk that the
 * next run finds on the server, and has nothing to add to.
 */
export class CloudExporter {
  readonly #parts: CloudParts;
  readonly #written: Written[] = [];
  #manifest: Manifest;

  /** @param manifest what the server lists */
  constructor(parts: CloudParts, manifest: Manifest) {
    this.#parts = parts;
    this.#manifest = manifest;
  }

  /** @throws {EngramError} cloud-*: what was sent before is acknowledged, the rest stays pending */
  async run(plan: CloudPlan, createdBy: string, context: CallContext): Promise<CloudExportSummary> {
    const { project, turn } = this.#parts;
    const changes = await this.#journal(plan);
    const groups = inChunks(changes);
    const problems = [...heldBackProblems(project, plan.heldBack), ...unusableRows(plan.journal.unusable.length)];
    for (const [done, group] of groups.entries()) {
      context.onProgress?.({ phase: 'exporting', done, total: groups.length });
      await turn();
      const outcome = await pushInHalves(group, (part) => this.#push(part, plan, createdBy));
      for (const { item, error } of outcome.refused) problems.push(refusedChange(item.mutation.entity, error));
      if (outcome.stoppedBy) throw outcome.stoppedBy;
    }
    return { ...this.#summary(), personal: plan.personal, heldBack: plan.heldBack.all, problems };
  }

  /** Gives every change its place in the journal, and acknowledges what the cloud knows already. */
  async #journal(plan: CloudPlan): Promise<readonly JournalledChange[]> {
    const { cloud, clock, save } = this.#parts;
    if (plan.changes.length === 0 && plan.settled.length === 0) return [];
    const at = formatInstant(clock.now());
    const changes = await cloud.transaction(async () => {
      cloud.acknowledge(plan.settled, at);
      return plan.changes.map((change): JournalledChange => {
        const rows = plan.journal.rows.get(versionKey(change.version.entity, change.version.key));
        if (rows && saysTheSame(rows.version, change)) {
          const { seq, occurredAt } = rows.newest;
          return { ...change, mutation: inJournalsWords(change, rows.newest), seq, occurredAt, covers: rows.seqs };
        }
        const seq = cloud.enqueue(change.mutation, at);
        return { ...change, seq, occurredAt: at, covers: [...(rows?.seqs ?? []), seq] };
      });
    });
    await save();
    return changes;
  }

  async #push(part: readonly JournalledChange[], plan: CloudPlan, createdBy: string): Promise<void> {
    const written = await this.#write(part, plan, createdBy);
    await this.#record(
      written,
      part.flatMap(({ covers }) => covers),
    );
    this.#written.push(written);
  }

  async #write(part: readonly JournalledChange[], { sessions }: CloudPlan, createdBy: string): Promise<Written> {
    const { transport, project, clock } = this.#parts;
    for (let salt = 0; ; salt += 1) {
      const { data, bytes } = cloudChunk(part, sessions, project, salt);
      if (bytes.length > CLOUD_CHUNK_BYTES && part.length > 1) throw new EngramError('chunk-corrupt', 'It is too large for one chunk.');
      const id = chunkId(bytes);
      const counts = { sessions: data.sessions.length, memories: data.observations.length, prompts: data.prompts.length };
      const entry: ChunkEntry = { id, createdBy, createdAt: formatRfc3339(clock.now()), ...counts };
      try {
        await transport.writeChunk(id, bytes, entry);
        this.#manifest = appendEntry(this.#manifest, entry);
        await transport.writeManifest(this.#manifest);
        return { entry, bytes, data };
      } catch (error) {
        if (!isCollision(error) || salt === 8) throw error;
      }
    }
  }

  /** What the server made of it is what everybody gets, so it is merged here, too. */
  async #record({ entry, bytes }: Written, covers: readonly Int[]): Promise<void> {
    const { cloud, clock, turn, save } = this.#parts;
    const [store, index] = [projectStore(this.#parts), projectIndex(this.#parts)];
    const at = formatInstant(clock.now());
    const versions = await chunkVersions(await decodeChunk(bytes, turn), turn);
    const file = { size: 0, mtimeMs: 0 };
    const chunk: IndexedChunk = {
      ...entry,
      ...file,
      sha256: sha256Hex(bytes),
      relations: 0,
      rejected: 0,
      exportedHere: true,
      merged: true,
    };
    await putInIndex(index, chunk, versions, turn);
    await index.transaction(() =>
      cloud.transaction(async () => {
        await new ChunkApplier(store, index).apply(versions, turn);
        store.recordChunk(entry.id, at);
        cloud.acknowledge(covers, at);
      }),
    );
    await save();
  }

  #summary(): Omit<ExportSummary, 'personal' | 'heldBack'> {
    const count = (of: (data: ChunkData) => number): number => this.#written.reduce((sum, { data }) => sum + of(data), 0);
    return {
      chunkIds: this.#written.map(({ entry }) => entry.id),
      sessions: count((data) => data.sessions.length),
      memories: count((data) => data.observations.length),
      prompts: count((data) => data.prompts.length),
      mutations: count((data) => data.mutations?.length ?? 0),
      deletes: count((data) => data.mutations?.filter(({ op }) => op === 'delete').length ?? 0),
    };
  }
}

/** Another chunk has the same 8 digits. */
function isCollision(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.errorCode === 'upgrade_repairable_chunk_conflict';
  return EngramError.is(error, 'chunk-collision');
}
