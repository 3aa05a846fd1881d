import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chunkId, encodeChunk } from '../../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../../src/engine/cloud/canonical.ts';
import { deleteMutation } from '../../../src/engine/payloads.ts';
import type { Transport } from '../../../src/engine/ports.ts';
import type { ChunkData, ObservationRecord } from '../../../src/engine/records.ts';
import { tombstoneVersion } from '../../../src/engine/versions.ts';
import { withMethods } from '../../../src/engine/withMethods.ts';
import type { Store } from '../../../src/folder/store.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { engramFolder, entry, openIn, putChunk, putManifest, temporaryFolder } from '../../support/folder.ts';
import { changeDatabase } from '../../support/goldenDatabase.ts';
import { cloudSyncerOf, storeAt, syncerOf } from '../../support/library.ts';
import { observation } from '../store/records.ts';

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

/** A memory in a session, as another member’s chunk has it. */
function memory(syncId: string, title: string, time = '2026-01-01 00:00:00'): ObservationRecord {
  return observation({ syncId, title, sessionId: 'session-theirs', project: 'demo', createdAt: time, updatedAt: time });
}
const SESSION = { id: 'session-theirs', project: 'demo', directory: '/theirs', startedAt: '2026-01-01 00:00:00' };

function chunkOf(...observations: readonly ObservationRecord[]): ChunkData {
  return { sessions: [SESSION], observations, prompts: [] };
}

function putInFolder(root: string, data: ChunkData): string {
  const bytes = encodeChunk(data);
  const id = chunkId(bytes);
  putChunk(root, id, new TextDecoder().decode(bytes));
  putManifest(root, { version: 1, chunks: [entry(id)] });
  return id;
}

function putInCloud(server: CloudModel, data: ChunkData): void {
  const bytes = canonicalizeForProject(encodeChunk(data), 'demo');
  const counts = { sessions: 1, memories: 1, prompts: 0 };
  server.push('demo', chunkId(bytes), bytes, { id: chunkId(bytes), createdBy: 'theirs', createdAt: '2026-01-02T00:00:00Z', ...counts });
}

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

  it('keeps a memory deleted that git says is deleted, whatever older version the cloud has, and the reverse', async () => {
    const deletion = deleteMutation(
      tombstoneVersion('observation', { key: 'obs-1', sessionId: '', project: 'demo' }, '2026-01-05 00:00:00'),
    );
    const [alive, dead] = [chunkOf(memory('obs-1', 'Old')), { ...chunkOf(), mutations: [deletion] }];
    for (const [inGit, inCloud] of [
      [dead, alive],
      [alive, dead],
    ] as const) {
      for (const gitFirst of [true, false]) {
        const server = new CloudModel();
        const root = engramFolder();
        const store = await enrolled(root);
        putInFolder(root, inGit);
        putInCloud(server, inCloud);
        const imports = [() => syncerOf(store, root).import(), () => cloudSyncerOf(store, server.transport('demo')).import()];
        for (const each of gitFirst ? imports : imports.reverse()) await each();
        expect(await titles(store)).toEqual(['Mine']);
      }
    }
  });

  it('says of a memory that no branch shares any more that it is none, although the cloud has it; sharing it again is git’s alone', async () => {
    const server = new CloudModel();
    const root = engramFolder();
    const store = await enrolled(root);
    const id = putInFolder(root, chunkOf(memory('obs-1', 'Theirs')));
    putInCloud(server, chunkOf(memory('obs-1', 'Theirs')));
    const cloud = cloudSyncerOf(store, server.transport('demo'));
    await syncerOf(store, root).import();
    await cloud.import();
    rmSync(join(root, 'chunks', `${id}.jsonl.gz`));
    putManifest(root, { version: 1, chunks: [] });
    const folder = openIn(root);
    expect((await folder.state()).toShare).toMatchObject({ noLongerShared: 1, memories: 1 });
    await folder.shareAgain(['obs-1']);
    expect((await folder.state()).toShare).toMatchObject({ noLongerShared: 0, memories: 2 });
    const sent = await cloud.export({ createdBy: 'ann' });
    expect(sent).toMatchObject({ observationsExported: 1 });
    expect(JSON.stringify(server.chunk('demo', sent.chunkIds[0] ?? ''))).not.toContain('obs-1');
  });

  it('takes back what a chunk of git brought, but not what the cloud holds as well, and knows no chunk of the cloud', async () => {
    const server = new CloudModel();
    const root = engramFolder();
    const store = await enrolled(root);
    const id = putInFolder(root, chunkOf(memory('obs-1', 'In both'), memory('obs-2', 'In git')));
    putInCloud(server, chunkOf(memory('obs-1', 'In both')));
    await syncerOf(store, root).import();
    await cloudSyncerOf(store, server.transport('demo')).import();
    const folder = openIn(root);
    expect((await folder.state()).chunks.map((chunk) => chunk.id)).toEqual([id]);
    await folder.undoImport(id);
    expect(await titles(store)).toEqual(['Mine', 'In both']);
    const [inCloud = ''] = server.ids('demo');
    for (const name of [inCloud, `cloud:demo/${inCloud}`])
      await expect(folder.undoImport(name)).rejects.toMatchObject({ code: expect.any(String) });
  });
});
