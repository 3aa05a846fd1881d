import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { nodeHttp } from '../../src/adapters/nodeHttp.ts';
import type { Http } from '../../src/engine/cloud/cloudPorts.ts';
import { RemoteTransport } from '../../src/engine/cloud/remoteTransport.ts';
import type { ImportResult, SyncResult } from '../../src/engine/syncResult.ts';
import type { Store } from '../../src/folder/store.ts';
import type { Syncer } from '../../src/folder/syncer.ts';
import { engramFolder } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { cloudSyncerOf, storeAt } from '../support/library.ts';
import type { CloudServer } from './cloudServer.ts';
import { type Rows, readRows, withDatabase } from './rows.ts';

export interface JoinOptions {
  readonly name?: string;
  readonly token?: string;
  /** Stands between ours and the server. */
  readonly tap?: (http: Http) => Http;
}

/** A member of ours who syncs one project with a real cloud server: databases on disk, HTTP by Node. */
export class OurCloudMember {
  readonly name: string;
  readonly store: Store;
  readonly syncer: Syncer;
  readonly transport: RemoteTransport;

  private constructor(of: { name: string; store: Store; syncer: Syncer; transport: RemoteTransport }) {
    this.name = of.name;
    this.store = of.store;
    this.syncer = of.syncer;
    this.transport = of.transport;
  }

  static async join(server: CloudServer, project: string, options: JoinOptions = {}): Promise<OurCloudMember> {
    const { name = 'alice', token = server.token, tap = (plain) => plain } = options;
    const root = engramFolder();
    await databaseFrom(root, [`INSERT INTO sync_enrolled_projects(project) VALUES('${project}')`]);
    const store = await storeAt(join(root, 'engram.db'));
    const http = tap(nodeHttp({ server: server.url, token: async () => token }));
    const transport = new RemoteTransport({ http, server: server.url, project });
    return new OurCloudMember({ name, store, transport, syncer: cloudSyncerOf(store, transport, project) });
  }

  pull(): Promise<ImportResult> {
    return this.syncer.import();
  }

  push(): Promise<SyncResult> {
    return this.syncer.export({ createdBy: this.name });
  }

  rows(): Rows {
    return readRows(this.store.path);
  }

  /** Writes to the database as another program of this machine would. */
  write(work: (database: DatabaseSync) => void): void {
    withDatabase(this.store.path, work);
  }
}
