import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/nodeHttp.ts';
import { RemoteTransport } from '../../src/engine/cloud/remoteTransport.ts';
import { EngramError } from '../../src/engine/errors.ts';
import type { Transport } from '../../src/engine/ports.ts';
import { bootstrapProject } from '../../src/folder/projectUpgrade.ts';
import type { Store } from '../../src/folder/store.ts';
import { temporaryFolder } from '../support/folder.ts';
import { storeAt } from '../support/library.ts';
import type { CloudServer } from './cloudServer.ts';

const PROJECT = 'demo';

/** Two machines are taken to a real server, the first one with the connection lost behind the push. */
export function cloudUpgrade(server: () => CloudServer): void {
  const transport = (): RemoteTransport => {
    const http = nodeHttp({ server: server().url, token: () => server().token });
    return new RemoteTransport({ http, server: server().url, project: PROJECT });
  };

  const machine = async (title: string): Promise<Store> => {
    const store = await storeAt(join(temporaryFolder(), 'engram.db'));
    await store.save({ title, content: `about ${title}`, project: PROJECT });
    return store;
  };

  /** The answer to the push is lost, though the server has taken it. */
  const losing = (): Transport => {
    const real = transport();
    const writeChunk: Transport['writeChunk'] = async (...chunk) => {
      await real.writeChunk(...chunk);
      throw new EngramError('cloud-unreachable', 'the connection was lost');
    };
    return {
      readManifest: () => real.readManifest(),
      writeManifest: (manifest) => real.writeManifest(manifest),
      readChunk: (id) => real.readChunk(id),
      writeChunk,
    };
  };

  const sizeOf = async (): Promise<number> => (await transport().readManifest()).chunks.length;

  it('takes machines to the server by an upgrade, and sends nothing twice', async () => {
    const before = await sizeOf();
    const [one, two] = [await machine('Upgrade of the first'), await machine('Upgrade of the second')];
    await expect(bootstrapProject(one, losing(), { project: PROJECT })).rejects.toThrow('bootstrap first push: the connection was lost');
    expect(await sizeOf()).toBe(before + 1);
    const result = { project: PROJECT, stage: 'bootstrap_verified' };
    expect(await bootstrapProject(one, transport(), { project: PROJECT })).toEqual({ ...result, resumed: true, noOp: false });
    expect(await bootstrapProject(two, transport(), { project: PROJECT })).toEqual({ ...result, resumed: false, noOp: false });
    expect(await sizeOf()).toBe(before + 2);
    expect((await two.observations()).map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Upgrade of the first', 'Upgrade of the second']),
    );
  });
}
