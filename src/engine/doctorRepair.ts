import type { DatabaseFacts } from './doctorDatabase.ts';
import { lateSessions } from './doctorOlder.ts';
import { softDeleteLoops } from './doctorRows.ts';
import { entryTime } from './exportChunks.ts';
import { type Exporter, newestEntryTime } from './exporter.ts';
import type { FolderExam } from './folderExam.ts';
import { instantOf } from './goTime.ts';
import { HEALTH_REPAIRS, type HealthRepair, type RepairSummary } from './health.ts';
import type { ChunkId } from './manifest.ts';
import { deleteMutation } from './payloads.ts';
import type { Clock, FolderIndex, MemoryStore, Transport } from './ports.ts';
import type { ChunkData, SessionRecord } from './records.ts';
import { RowReader } from './rowReader.ts';
import { PLACEHOLDER_DIRECTORY, PLACEHOLDER_START, type RowVersion, tombstoneVersion } from './versions.ts';

export interface MenderParts {
  readonly transport: Transport;
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly exporter: Exporter;
  readonly clock: Clock;
  readonly createdBy: string;
}

/** Mends what the doctor found and what is ours to mend. No repair changes what any of our members sees. */
export class Mender {
  readonly #parts: MenderParts;
  readonly #rows: RowReader;

  constructor(parts: MenderParts) {
    this.#parts = parts;
    this.#rows = new RowReader(parts.store, parts.index);
  }

  /** @throws {EngramError} manifest-invalid and the like: beside a manifest that cannot be read nothing is written */
  async run(exam: FolderExam, facts: DatabaseFacts, wanted: readonly HealthRepair[]): Promise<RepairSummary> {
    const done: HealthRepair[] = [];
    const chunkIds: ChunkId[] = [];
    for (const repair of HEALTH_REPAIRS.filter((one) => wanted.includes(one))) {
      const written = await this.#mend(repair, exam, facts);
      if (written === undefined) continue;
      done.push(repair);
      chunkIds.push(...written);
    }
    return { done, chunkIds };
  }

  /** @returns the chunks it wrote; `undefined`: there was nothing to mend */
  async #mend(repair: HealthRepair, exam: FolderExam, facts: DatabaseFacts): Promise<readonly ChunkId[] | undefined> {
    switch (repair) {
      case 'placeholder-sessions':
        return this.#makeSessions(facts);
      case 'sessions-in-front':
        return this.#sessionsInFront(exam);
      case 'hard-deletes':
        return this.#hardDeletes(exam);
      case 'raise-version':
        return this.#raiseVersion();
    }
  }

  async #makeSessions({ withoutSession }: DatabaseFacts): Promise<readonly ChunkId[] | undefined> {
    const { store } = this.#parts;
    const lacking = new Map(withoutSession.map((row) => [row.sessionId, row.project]));
    if (lacking.size === 0) return undefined;
    await store.transaction(async () => {
      for (const [id, project] of lacking) if (!store.session(id)) store.writeSession(placeholder(id, project));
    });
    return [];
  }

  /** Its time is that of the entry behind it, so that it moves nobody's cut-off. */
  async #sessionsInFront(exam: FolderExam): Promise<readonly ChunkId[] | undefined> {
    const late = lateSessions(exam);
    const [first] = late;
    const lacking = new Map(late.flatMap(({ sessions }) => sessions).map((session) => [session.id, session]));
    lacking.delete('');
    if (!first || lacking.size === 0) return undefined;
    const sessions = [...lacking.values()].map(({ id, project }) => this.#session(id) ?? placeholder(id, project));
    const data: ChunkData = { sessions, observations: [], prompts: [] };
    const entry = exam.manifest?.chunks.find(({ id }) => id === first.chunkId);
    const createdAt = entry && instantOf(entry.createdAt) !== '' ? entry.createdAt : entryTime(data, '', this.#parts.clock.now());
    return [await this.#parts.exporter.writeMending(data, { createdBy: this.#parts.createdBy, createdAt }, first.chunkId as ChunkId)];
  }

  #session(id: string): SessionRecord | undefined {
    const record = this.#parts.store.session(id);
    return record && this.#rows.withExtra('session', id, record);
  }

  async #hardDeletes(exam: FolderExam): Promise<readonly ChunkId[] | undefined> {
    const deletions = softDeleteLoops(exam).flatMap((key) => this.#deletion(key) ?? []);
    if (deletions.length === 0 || !exam.manifest) return undefined;
    const data: ChunkData = { sessions: [], observations: [], prompts: [], mutations: deletions.map(deleteMutation) };
    const createdAt = entryTime(data, newestEntryTime(exam.manifest), this.#parts.clock.now());
    return [await this.#parts.exporter.writeMending(data, { createdBy: this.#parts.createdBy, createdAt }, undefined)];
  }

  /** The deletion as it holds by all that is known; none where a later edit brought the memory back. */
  #deletion(key: string): RowVersion | undefined {
    const { index } = this.#parts;
    const local = this.#rows.row('observation', key);
    if (local) return local.record === undefined ? local : undefined;
    const orders = index.holdings('observation', key).map(({ order }) => order);
    const [time = '', kind] = (orders.sort().at(-1) ?? '').split('|');
    const where = { key, sessionId: '', project: '' };
    return kind === '1' ? tombstoneVersion('observation', where, time.trim() === '' ? '' : `${time}Z`) : undefined;
  }

  async #raiseVersion(): Promise<readonly ChunkId[] | undefined> {
    const manifest = await this.#parts.transport.readManifest();
    if (manifest.absent || manifest.version >= 2) return undefined;
    await this.#parts.transport.writeManifest(manifest);
    return [];
  }
}

function placeholder(id: string, project: string): SessionRecord {
  return { id, project, directory: PLACEHOLDER_DIRECTORY, startedAt: PLACEHOLDER_START };
}
