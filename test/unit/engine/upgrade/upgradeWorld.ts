import { type MemoryDatabase, openSqlJs, type SqlJs } from '../../../../src/adapters/sqlJs.ts';
import type { CloudStore } from '../../../../src/engine/cloud/cloudPorts.ts';
import { EngramError } from '../../../../src/engine/errors.ts';
import { sessionMutation, upsertMutation } from '../../../../src/engine/payloads.ts';
import type { SqlRow } from '../../../../src/engine/ports.ts';
import type { BootstrapParts, BootstrapSync } from '../../../../src/engine/upgrade/bootstrap.ts';
import type { CloudConfigFile } from '../../../../src/engine/upgrade/configText.ts';
import { SqlCloudStore } from '../../../../src/store/cloudStore.ts';
import { createMemorySchema } from '../../../../src/store/memorySchema.ts';
import { SqlMemoryStore } from '../../../../src/store/memoryStore.ts';
import { observation } from '../../store/records.ts';
import { testSqlJs } from '../../store/testDatabase.ts';

export const CONFIG = '{\n  "server_url": "https://cloud.example",\n  "token": ""\n}';

/** The process ended. */
export class Killed extends Error {}

/** What outlives a process: the database file, `cloud.json`, the server. */
export class UpgradeWorld {
  config: string | undefined = CONFIG;
  /** `entity:key` to the payloads that the server was sent, in order. */
  readonly sent = new Map<string, string[]>();
  /** A refusal by the server, for everything that is asked of it. */
  refusal: EngramError | undefined;
  #disk: Uint8Array;
  #calls = 0;
  #killAt = Number.POSITIVE_INFINITY;

  readonly #sqlJs: SqlJs;

  private constructor(sqlJs: SqlJs, disk: Uint8Array) {
    this.#sqlJs = sqlJs;
    this.#disk = disk;
  }

  static async with(prepare: (cloud: CloudStore, store: SqlMemoryStore) => void): Promise<UpgradeWorld> {
    const sqlJs = await testSqlJs();
    const database = openSqlJs(sqlJs);
    createMemorySchema(database);
    const store = new SqlMemoryStore(database);
    store.writeSession({ id: 's1', project: 'demo', directory: '/home/ana/demo', startedAt: '2026-11-24 08:00:00' });
    store.writeObservation(observation({ syncId: 'obs-1', sessionId: 's1', project: 'demo' }));
    prepare(new SqlCloudStore(database), store);
    const world = new UpgradeWorld(sqlJs, database.export());
    database.close();
    return world;
  }

  /** Calls of the database's port, the sync, the file and the checkpoint in the last run. */
  get calls(): number {
    return this.#calls;
  }

  /** One process: everything that it does not bring to disk is lost with it. @param killAt the call at which it ends */
  async run<T>(work: (parts: BootstrapParts) => Promise<T>, killAt = Number.POSITIVE_INFINITY): Promise<T> {
    this.#calls = 0;
    this.#killAt = killAt;
    const database = openSqlJs(this.#sqlJs, this.#disk);
    try {
      return await work(this.#parts(database));
    } finally {
      database.close();
    }
  }

  /** Rows as they are on disk, without times. */
  rows(): Readonly<Record<string, readonly SqlRow[]>> {
    const database = openSqlJs(this.#sqlJs, this.#disk);
    const rows = {
      upgrade: database.all('SELECT project, stage, repair_class, snapshot_json, last_error_code FROM cloud_upgrade_state'),
      enrolled: database.all('SELECT project FROM sync_enrolled_projects ORDER BY project'),
      pending: database.all('SELECT entity, entity_key FROM sync_mutations WHERE acked_at IS NULL ORDER BY entity_key'),
      journal: database.all('SELECT DISTINCT entity, entity_key, op, payload FROM sync_mutations ORDER BY entity_key'),
    };
    database.close();
    return rows;
  }

  #parts(database: MemoryDatabase): BootstrapParts {
    const cloud = this.#counted<CloudStore>(new SqlCloudStore(database));
    const store = new SqlMemoryStore(database);
    const save = async (): Promise<void> => {
      this.#disk = database.export();
    };
    const { checkpoint } = this.#counted({ checkpoint: save });
    const sync = this.#counted<BootstrapSync>(this.#sync(cloud, store, checkpoint));
    return {
      cloud,
      store,
      clock: { now: () => Date.parse('2026-11-24T10:00:00Z') },
      sync,
      config: this.#counted(this.#file()),
      checkpoint,
    };
  }

  #file(): CloudConfigFile {
    return {
      read: async () => this.config,
      write: async (text) => {
        this.config = text;
      },
    };
  }

  /** As the cloud's sync does it: the news is journalled and brought to disk, sent, acknowledged, brought to disk. */
  #sync(cloud: CloudStore, store: SqlMemoryStore, save: () => Promise<void>): BootstrapSync {
    const ask = (): void => {
      if (this.refusal) throw this.refusal;
    };
    return {
      export: async () => {
        ask();
        const rows = [
          ...[...store.sessions()].map(sessionMutation),
          ...[...store.observations()].map((record) => upsertMutation('observation', record.syncId, record)),
        ];
        const news = rows.filter(({ entity, entityKey, payload }) => this.sent.get(`${entity}:${entityKey}`)?.at(-1) !== payload);
        const pending = cloud.pendingMutations(0, 100);
        for (const { entity, entityKey, op, payload, project } of news) {
          if (!pending.some((row) => row.entityKey === entityKey && row.payload === payload)) {
            cloud.enqueue({ entity, entityKey, op, payload, project }, '2026-11-24 10:00:00');
          }
        }
        await save();
        for (const { entity, entityKey, payload } of news) this.#receive(`${entity}:${entityKey}`, payload);
        cloud.acknowledge(
          cloud.pendingMutations(0, 100).map(({ seq }) => seq),
          '2026-11-24 10:00:00',
        );
        await save();
      },
      import: async () => ask(),
      status: async () => ask(),
    };
  }

  #receive(identity: string, payload: string): void {
    this.#count();
    this.sent.set(identity, [...(this.sent.get(identity) ?? []), payload]);
  }

  #count(): void {
    this.#calls++;
    if (this.#calls === this.#killAt) throw new Killed();
  }

  /** Every call of a method counts before it is made. */
  #counted<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member: unknown = Reflect.get(object, name);
        if (typeof member !== 'function') return member;
        return (...parameters: readonly unknown[]): unknown => {
          this.#count();
          return Reflect.apply(member, object, parameters);
        };
      },
    });
  }
}

export const UNREACHABLE = new EngramError('cloud-unreachable', 'cloud: fetch manifest: connection refused');
