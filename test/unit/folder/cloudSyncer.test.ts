import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../../src/engine/ports.ts';
import { withMethods } from '../../../src/engine/withMethods.ts';
import type { Store } from '../../../src/folder/store.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { engramFolder, openIn, temporaryFolder } from '../../support/folder.ts';
import { changeDatabase } from '../../support/goldenDatabase.ts';
import { cloudSyncerOf, storeAt, syncerOf } from '../../support/library.ts';

const ENROL = `INSERT INTO sync_enrolled_projects(project) VALUES('demo')`;

/** A database of its own that has joined. */
async function enrolled(root = temporaryFolder()): Promise<Store> {
  const store = await storeAt(join(root, 'engram.db'));
  await store.save({ title: 'Mine', content: `saved in ${root.length}`, project: 'demo' });
  await changeDatabase(root, [ENROL]);
  return store;
}

const titles = async (store: Store): Promise<string[]> =>
  (await store.observations()).filter((row) => !row.deletedAt).map(({ title }) => title);

describe('Syncer.cloud', () => {
  it('shares one project, and says how things stand', async () => {
    const server = new CloudModel();
    const [ours, theirs] = [await enrolled(), await enrolled()];
    const [sender, receiver] = [ours, theirs].map((store) => cloudSyncerOf(store, server.transport('demo'), ' Demo '));
    const sent = await sender?.export({ createdBy: 'ann' });
    expect(sent).toMatchObject({ sessionsExported: 1, observationsExported: 1, mutationsExported: 2, isEmpty: false, problems: [] });
    expect(await receiver?.status()).toEqual({ localChunks: 0, remoteChunks: 1, pendingImport: 1 });
    expect(await receiver?.import()).toMatchObject({ chunksImported: 1, chunksSkipped: 0, observationsImported: 1, problems: [] });
    expect(await receiver?.status()).toEqual({ localChunks: 1, remoteChunks: 1, pendingImport: 0 });
    expect(await receiver?.export({ createdBy: 'bob', project: 'demo' })).toMatchObject({ observationsExported: 1 });
    expect(await receiver?.export({ createdBy: 'bob' })).toMatchObject({ isEmpty: true, chunkIds: [] });
    expect(await sender?.import()).toMatchObject({ chunksImported: 1, chunksSkipped: 1, observationsImported: 1 });
    expect([await titles(ours), await titles(theirs)]).toEqual([
      ['Mine', 'Mine'],
      ['Mine', 'Mine'],
    ]);
  });

  it('reads a chunk once', async () => {
    const server = new CloudModel();
    const root = engramFolder();
    const store = await enrolled(root);
    await cloudSyncerOf(await enrolled(), server.transport('demo')).export({ createdBy: 'bob' });
    const reads: string[] = [];
    const transport = withMethods(server.transport('demo'), {
      readChunk: (id) => {
        reads.push(id);
        return server.transport('demo').readChunk(id);
      },
    });
    for (const _time of [1, 2, 3]) await cloudSyncerOf(store, transport).import();
    expect(reads).toHaveLength(1);
  });

  it('repeats nothing when it is opened anew, with its index gone', async () => {
    const server = new CloudModel();
    const root = engramFolder();
    const store = await enrolled(root);
    await cloudSyncerOf(store, server.transport('demo')).export({ createdBy: 'ann' });
    expect(existsSync(join(root, 'index.db'))).toBe(true);
    rmSync(join(root, 'index.db'));
    expect(await cloudSyncerOf(store, server.transport('demo')).export({ createdBy: 'ann' })).toMatchObject({ isEmpty: true });
    expect(await cloudSyncerOf(store, server.transport('demo')).import()).toMatchObject({ chunksImported: 0, chunksSkipped: 1 });
    expect(server.pushes).toHaveLength(1);
  });

  it('asks nothing of a server while the project is not enrolled, or another one is meant', async () => {
    const transport = new Proxy({} as Transport, { get: () => expect.unreachable('the server was asked') });
    const store = await storeAt(join(temporaryFolder(), 'memories.db'));
    await expect(cloudSyncerOf(store, transport).import()).rejects.toMatchObject({ code: 'cloud-unenrolled' });
    await expect(cloudSyncerOf(store, transport).export({ createdBy: 'ann' })).rejects.toMatchObject({ code: 'cloud-unenrolled' });
    await expect(cloudSyncerOf(store, transport, '').import()).rejects.toMatchObject({ code: 'cloud-config' });
    const other = cloudSyncerOf(await enrolled(), transport).export({ createdBy: 'ann', project: 'other' });
    await expect(other).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('a folder that shares through git and through the cloud', () => {
  it('counts each by itself, and merges both', async () => {
    const server = new CloudModel();
    const root = engramFolder();
    const store = await enrolled(root);
    const [cloud, git] = [cloudSyncerOf(store, server.transport('demo')), syncerOf(store, root)];
    expect(await cloud.export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 1 });
    const folder = await openIn(root);
    const before = await folder.state();
    expect(before).toMatchObject({ chunks: [], toShare: { memories: 1, edits: 0, noLongerShared: 0 } });
    expect(await git.export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 1, isEmpty: false });
    const after = await folder.state();
    expect(after.chunks).toHaveLength(1);
    expect(after.toShare).toMatchObject({ memories: 0, edits: 0, noLongerShared: 0, heldBack: 0 });
    expect(await cloud.export({ createdBy: 'ann' })).toMatchObject({ isEmpty: true });
    expect((await folder.doctor()).findings).toEqual([]);
  });
});
