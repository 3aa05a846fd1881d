import { AutosyncManager, type AutosyncOptions } from '../../src/engine/cloud/autosync.ts';
import type { CloudParts } from '../../src/engine/cloud/cloudParts.ts';
import { type CloudExportOptions, CloudSyncer, type CloudSyncSummary } from '../../src/engine/cloud/cloudSyncer.ts';
import { formatInstant } from '../../src/engine/goTime.ts';
import type { Transport } from '../../src/engine/ports.ts';
import type { ObservationRecord, PromptRecord, SessionRecord } from '../../src/engine/records.ts';
import { observationVersion, promptVersion } from '../../src/engine/versions.ts';
import { SqlCloudStore } from '../../src/store/cloudStore.ts';
import { Fuse } from '../simulation/fuse.ts';
import { type DatabaseKit, MemberDatabases } from '../simulation/memberDatabases.ts';

const noTurn = async (): Promise<void> => undefined;

/** A member of a cloud project: databases in memory, with what a disk would hold of them while a crash is possible. */
export class CloudMember {
  readonly databases: MemberDatabases;
  readonly project: string;
  /** Milliseconds since 1970. */
  now = Date.UTC(2026, 0, 31);
  /** Stands between the syncer and what it works with. */
  tap: (parts: CloudParts) => CloudParts = (parts) => parts;
  readonly #name: string;
  readonly #transport: Transport;

  constructor(kit: DatabaseKit, name: string, transport: Transport, project = 'demo') {
    this.databases = new MemberDatabases(kit, new Fuse());
    this.project = project;
    this.#name = name;
    this.#transport = transport;
    this.cloud.enroll(project, this.at);
  }

  get cloud(): SqlCloudStore {
    return new SqlCloudStore(this.databases.memories);
  }

  get at(): string {
    return formatInstant(this.now);
  }

  get syncer(): CloudSyncer {
    const { store, index } = this.databases;
    const clock = { now: () => this.now };
    const save = (): Promise<void> => this.databases.save();
    const parts = { transport: this.#transport, store, index, cloud: this.cloud, clock, turn: noTurn, project: this.project, save };
    return new CloudSyncer(this.tap(parts));
  }

  /** An automatic sync whose timers a test calls. */
  autosync(options: Partial<AutosyncOptions> & Pick<AutosyncOptions, 'transport'>): AutosyncManager {
    const manager = new AutosyncManager({
      open: async (work) => {
        const { store, index } = this.databases;
        const result = await work({ store, index, cloud: this.cloud, turn: noTurn });
        await this.databases.save();
        return result;
      },
      clock: { now: () => this.now },
      includePersonal: false,
      later: () => () => undefined,
      random: () => 0.5,
      ...options,
    });
    manager.start();
    return manager;
  }

  sync(options: Partial<CloudExportOptions> = {}): Promise<CloudSyncSummary> {
    return this.syncer.sync({ createdBy: this.#name, ...options });
  }

  /** The next second of this member's clock. */
  tick(): string {
    this.now += 1000;
    return this.at;
  }

  session(id: string, fields: Partial<SessionRecord> = {}): void {
    this.databases.store.writeSession({ id, project: this.project, directory: `/home/${this.#name}`, startedAt: this.at, ...fields });
  }

  /** Saves a memory; its session is made where there is none. */
  save(syncId: string, fields: Partial<ObservationRecord> = {}): void {
    const { store } = this.databases;
    const at = this.tick();
    const row: ObservationRecord = {
      id: 0,
      syncId,
      sessionId: `session-${this.#name}`,
      type: 'decision',
      title: `Title of ${syncId}`,
      content: `Content of ${syncId}`,
      project: this.project,
      scope: 'project',
      revisionCount: 1,
      duplicateCount: 1,
      createdAt: at,
      updatedAt: at,
      ...fields,
    };
    if (!store.session(row.sessionId)) this.session(row.sessionId);
    store.writeObservation(row);
  }

  prompt(syncId: string, fields: Partial<PromptRecord> = {}): void {
    const { store } = this.databases;
    const sessionId = `session-${this.#name}`;
    if (!store.session(sessionId)) this.session(sessionId);
    store.writePrompt({ id: 0, syncId, sessionId, content: `Prompt ${syncId}`, project: this.project, createdAt: this.tick(), ...fields });
  }

  /** @returns false where there is no such live memory */
  edit(syncId: string, fields: Partial<ObservationRecord>): boolean {
    const row = this.databases.store.observation(syncId);
    if (!row || row.deletedAt) return false;
    this.databases.store.writeObservation({ ...row, revisionCount: Number(row.revisionCount) + 1, updatedAt: this.tick(), ...fields });
    return true;
  }

  remove(syncId: string): void {
    const row = this.databases.store.observation(syncId);
    if (row && !row.deletedAt) this.databases.store.writeObservation({ ...row, deletedAt: this.tick() });
  }

  removePrompt(syncId: string): void {
    const row = this.databases.store.prompt(syncId);
    if (row) this.databases.store.writePromptTombstone({ syncId, sessionId: row.sessionId, project: this.project, deletedAt: this.tick() });
  }

  /** Titles of what a person sees, sorted. */
  titles(): string[] {
    return [...this.databases.store.observations()].flatMap((row) => (row.deletedAt ? [] : [row.title])).sort();
  }

  /** The live rows in the one form, whatever their row ids. */
  live(): unknown {
    const { store } = this.databases;
    const rows = [...store.observations()].filter((row) => !row.deletedAt);
    // A session in which nothing was ever shared stays where it is.
    const needed = new Set([...rows, ...store.prompts()].map(({ sessionId }) => sessionId));
    return {
      memories: rows.map((row) => observationVersion(row).record).sort(byKey),
      prompts: [...store.prompts()].map((row) => promptVersion(row).record).sort(byKey),
      sessions: [...store.sessions()].filter(({ id }) => needed.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  }

  /** Rows of the journal that nobody has delivered. */
  pending(): string[] {
    return this.cloud.pendingMutations(0, 1000).map(({ entity, entityKey, op }) => `${op} ${entity} ${entityKey}`);
  }

  close(): void {
    this.databases.close();
  }
}

function byKey(a: unknown, b: unknown): number {
  const [left, right] = [a, b].map((row) => JSON.stringify(row));
  return String(left) < String(right) ? -1 : 1;
}
