import { type MemoryDatabase, openSqlJs, type SqlJs } from '../../../../src/adapters/sqlJs.ts';
import type { CloudStore } from '../../../../src/engine/cloud/cloudPorts.ts';
import { CloudSyncer } from '../../../../src/engine/cloud/cloudSyncer.ts';
import { EngramError } from '../../../../src/engine/errors.ts';
import type { FolderIndex, SqlRow } from '../../../../src/engine/ports.ts';
import type { BootstrapParts } from '../../../../src/engine/upgrade/bootstrap.ts';
import type { CloudConfigFile } from '../../../../src/engine/upgrade/configText.ts';
import { SqlCloudStore } from '../../../../src/store/cloudStore.ts';
import { openFolderIndex } from '../../../../src/store/folderIndex.ts';
import { SqlMemoryStore } from '../../../../src/store/memoryStore.ts';
import { Killed } from '../../../simulation/fuse.ts';
import type { DatabaseKit } from '../../../simulation/memberDatabases.ts';
import { CloudModel, refusable } from '../../../support/cloudModel.ts';
import { observation } from '../../store/records.ts';

export const CONFIG = '{\n  "server_url": "https://cloud.example",\n  "token": ""\n}';

export const UNREACHABLE = new EngramError('cloud-unreachable', 'cloud: fetch manifest: connection refused');

/** What outlives a process: the database's file, the index's, `cloud.json`, the server. */
export class UpgradeWorld {
  config: string | undefined = CONFIG;
  readonly server = new CloudModel();
  /** What the server answers to everything that it is asked. */
  refusal: EngramError | undefined;
  readonly #sqlJs: SqlJs;
  #memories: Uint8Array;
  #index: Uint8Array;
  #calls = 0;
  #killAt = Number.POSITIVE_INFINITY;

  /** One session with one memory, then whatever `prepare` does. */
  constructor({ sqlJs, memories, index }: DatabaseKit, prepare: (cloud: CloudStore, store: SqlMemoryStore) => void = () => undefined) {
    this.#sqlJs = sqlJs;
    this.#index = index;
    const database = openSqlJs(sqlJs, memories);
    const store = new SqlMemoryStore(database);
    store.writeSession({ id: 's1', project: 'demo', directory: '/home/ana/demo', startedAt: '2026-11-24 08:00:00' });
    store.writeObservation(observation({ syncId: 'obs-1', sessionId: 's1', project: 'demo' }));
    prepare(new SqlCloudStore(database), store);
    this.#memories = database.export();
    database.close();
  }

  /** Calls in the last run: of the database's ports, the server, the file, the checkpoint. */
  get calls(): number {
    return this.#calls;
  }

  /** What the server was told of each identity, in order. */
  get sent(): Readonly<Record<string, readonly string[]>> {
    const told: Record<string, string[]> = {};
    for (const { id } of this.server.pushes) {
      const mutations = this.server.chunk('demo', id)['mutations'] as { readonly entity_key: string; readonly payload: string }[];
      for (const { entity_key: key, payload } of mutations) told[key] = [...(told[key] ?? []), payload];
    }
    return told;
  }

  /** One process: everything that it does not bring to disk is lost with it. @param killAt the call at which it ends */
  async run<T>(work: (parts: BootstrapParts) => Promise<T>, killAt = Number.POSITIVE_INFINITY): Promise<T> {
    this.#calls = 0;
    this.#killAt = killAt;
    const [memories, index] = [openSqlJs(this.#sqlJs, this.#memories), openSqlJs(this.#sqlJs, this.#index)];
    try {
      return await work(this.#parts(memories, index));
    } finally {
      memories.close();
      index.close();
    }
  }

  /** Rows as they are on disk, without times. */
  rows(): Readonly<Record<string, readonly SqlRow[]>> {
    const database = openSqlJs(this.#sqlJs, this.#memories);
    const rows = {
      upgrade: database.all('SELECT project, stage, repair_class, snapshot_json, last_error_code FROM cloud_upgrade_state'),
      enrolled: database.all('SELECT project FROM sync_enrolled_projects ORDER BY project'),
      pending: database.all('SELECT entity, entity_key FROM sync_mutations WHERE acked_at IS NULL ORDER BY entity_key'),
      journal: database.all('SELECT DISTINCT entity, entity_key, op, payload FROM sync_mutations ORDER BY entity_key'),
      chunks: database.all('SELECT target_key, chunk_id FROM sync_chunks'),
    };
    database.close();
    return rows;
  }

  #parts(memories: MemoryDatabase, indexDatabase: MemoryDatabase): BootstrapParts {
    const cloud = this.#counted<CloudStore>(new SqlCloudStore(memories));
    const store = this.#counted(new SqlMemoryStore(memories));
    const index = this.#counted<FolderIndex>(openFolderIndex(indexDatabase).index);
    const save = async (): Promise<void> => {
      this.#index = indexDatabase.export();
      this.#memories = memories.export();
    };
    const { checkpoint } = this.#counted({ checkpoint: save });
    const clock = { now: () => Date.parse('2026-11-24T10:00:00Z') };
    const transport = this.#counted(refusable(this.server.transport('demo'), () => this.refusal));
    const turn = async (): Promise<void> => undefined;
    const sync = new CloudSyncer({ transport, store, cloud, index, clock, turn, project: 'demo', save: checkpoint });
    return { cloud, store, clock, sync, config: this.#counted(this.#file()), checkpoint };
  }

  #file(): CloudConfigFile {
    return {
      read: async () => this.config,
      write: async (text) => {
        this.config = text;
      },
    };
  }

  /** Every call of a method counts before it is made. */
  #counted<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member: unknown = Reflect.get(object, name);
        if (typeof member !== 'function') return member;
        return (...parameters: readonly unknown[]): unknown => {
          this.#calls++;
          if (this.#calls === this.#killAt) throw new Killed();
          return Reflect.apply(member, object, parameters);
        };
      },
    });
  }
}
