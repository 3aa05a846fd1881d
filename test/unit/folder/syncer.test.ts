import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chunkId, decodeChunkSync } from '../../../src/engine/chunkCodec.ts';
import { decodeManifest } from '../../../src/engine/manifest.ts';
import type { Transport } from '../../../src/engine/ports.ts';
import type { Store } from '../../../src/folder/store.ts';
import { chunkNames, chunkText, engramFolder, entry, openIn, putChunk, putManifest, temporaryFolder } from '../../support/folder.ts';
import { testRepository } from '../../support/gitRepository.ts';
import { storeAt, syncerOf } from '../../support/library.ts';
import { ListingMemoryTransport, MemoryTransport } from '../../support/memoryTransport.ts';

const NOTHING = { chunksImported: 0, sessionsImported: 0, observationsImported: 0, promptsImported: 0, problems: [] };
const newStore = (): Promise<Store> => storeAt(join(temporaryFolder(), 'memories.db'));
const titles = async (store: Store): Promise<string[]> =>
  (await store.observations()).filter((row) => !row.deletedAt).map(({ title }) => title);
const save = (store: Store, title: string) => store.save({ title, content: `about ${title}`, project: 'demo' });

const places: readonly (readonly [string, () => string | Transport])[] = [
  ['a folder', () => join(temporaryFolder(), '.engram')],
  ['a transport', () => new ListingMemoryTransport()],
  ['a transport that cannot list its chunks', () => new MemoryTransport()],
];

describe.each(places)('a syncer over %s', (_name, make) => {
  it('shares what one has saved, edited and deleted, once', async () => {
    const place = make();
    const [ours, theirs] = [await newStore(), await newStore()];
    const [sender, receiver] = [syncerOf(ours, place), syncerOf(theirs, place)];
    const one = await save(ours, 'One');
    const two = await save(ours, 'Two');
    const counts = { sessionsExported: 1, observationsExported: 2, promptsExported: 0, mutationsExported: 0, isEmpty: false };
    const first = await sender.export({ createdBy: 'ann' });
    expect(first).toEqual({ chunkId: first.chunkIds[0], chunkIds: [expect.stringMatching(/^[0-9a-f]{8}$/)], ...counts });
    expect(await receiver.status()).toEqual({ localChunks: 0, remoteChunks: 1, pendingImport: 1 });
    expect(await receiver.import()).toEqual({
      ...NOTHING,
      chunksImported: 1,
      chunksSkipped: 0,
      sessionsImported: 1,
      observationsImported: 2,
    });
    await ours.edit(one.syncId, { title: 'One, better' });
    await ours.remove(two.syncId);
    expect(await sender.export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 0, mutationsExported: 2 });
    expect(await receiver.import()).toEqual({ ...NOTHING, chunksImported: 1, chunksSkipped: 1 });
    expect(await titles(theirs)).toEqual(['One, better']);
    for (const syncer of [sender, receiver]) {
      expect(await syncer.export({ createdBy: 'x' })).toMatchObject({ isEmpty: true, chunkIds: [] });
      expect(await syncer.import()).toEqual({ ...NOTHING, chunksSkipped: 2 });
      expect(await syncer.status()).toEqual({ localChunks: 2, remoteChunks: 2, pendingImport: 0 });
    }
  });

  it('repeats nothing and loses nothing when it is opened anew', async () => {
    const place = make();
    const [ours, theirs] = [await newStore(), await newStore()];
    await save(ours, 'One');
    await syncerOf(ours, place).export({ createdBy: 'ann' });
    await syncerOf(theirs, place).import();
    await save(theirs, 'Two');
    expect(await syncerOf(ours, place).export({ createdBy: 'ann' })).toMatchObject({ isEmpty: true });
    expect(await syncerOf(theirs, place).export({ createdBy: 'bob' })).toMatchObject({ observationsExported: 1 });
    expect(await syncerOf(theirs, place).import()).toEqual({ ...NOTHING, chunksSkipped: 2 });
    expect(await syncerOf(ours, place).import()).toMatchObject({ chunksImported: 1, chunksSkipped: 1, observationsImported: 1 });
    expect(await titles(ours)).toEqual(['One', 'Two']);
  });

  it('runs calls that are made at once one after another', async () => {
    const place = make();
    const store = await newStore();
    await save(store, 'One');
    const syncer = syncerOf(store, place);
    const calls = await Promise.all([
      syncer.export({ createdBy: 'a' }),
      syncer.status(),
      syncer.import(),
      syncer.export({ createdBy: 'a' }),
    ]);
    expect(calls).toMatchObject([{ isEmpty: false }, { localChunks: 1 }, { chunksSkipped: 1 }, { isEmpty: true }]);
  });

  it('stops at the signal, and goes on later', async () => {
    const place = make();
    const [ours, theirs] = [await newStore(), await newStore()];
    await save(ours, 'One');
    await syncerOf(ours, place).export({ createdBy: 'ann' });
    const syncer = syncerOf(theirs, place);
    await expect(syncer.import({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    expect(await titles(theirs)).toEqual([]);
    expect(await syncer.import({ signal: new AbortController().signal })).toMatchObject({ chunksImported: 1 });
  });
});

const SOUND =
  '{"sessions":[{"id":"s","project":"demo","directory":"/w","started_at":"2026-01-02 03:04:05","ownership_mode":"project_owned"}],"observations":null,"prompts":null}';
const ALTERED =
  '{"sessions":[{"id":"other","project":"demo","directory":"/w","started_at":"2026-01-02 03:04:05"}],"observations":null,"prompts":null}';

describe('an import with bad chunks', () => {
  it('brings the rest and says what is wrong with each; an altered one comes when it is named', async () => {
    const root = engramFolder();
    const sound = chunkId(Buffer.from(SOUND));
    putChunk(root, 'aaaaaaaa', 'no JSON');
    putChunk(root, 'bbbbbbbb', ALTERED);
    putChunk(root, sound, SOUND);
    putManifest(root, {
      version: 1,
      chunks: [entry('aaaaaaaa'), entry('bbbbbbbb'), entry('cccccccc'), entry('../evil'), entry(sound), entry(sound)],
    });
    const syncer = syncerOf(await newStore(), root);
    const { problems, ...counts } = await syncer.import();
    expect(counts).toEqual({ chunksImported: 1, chunksSkipped: 2, sessionsImported: 1, observationsImported: 0, promptsImported: 0 });
    expect(problems.map(({ chunkId: id, code }) => `${id} ${code}`).sort()).toEqual([
      ' manifest-invalid',
      'aaaaaaaa chunk-altered',
      'bbbbbbbb chunk-altered',
      'cccccccc chunk-missing',
    ]);
    expect(problems.every(({ message }) => /^[A-Z].*\.?$/.test(message))).toBe(true);
    expect(await syncer.status()).toEqual({ localChunks: 1, remoteChunks: 4, pendingImport: 3 });
    expect((await syncer.import()).problems).toEqual(problems);
    expect(await syncer.import({ ids: ['bbbbbbbb'] })).toMatchObject({ chunksImported: 1, sessionsImported: 1 });
    expect(await syncer.import({ ids: ['aaaaaaaa'] })).toMatchObject({ chunksImported: 0 });
  });

  it('counts a session as new that was only a placeholder for the row of an earlier chunk', async () => {
    const root = engramFolder();
    const row = '{"sync_id":"o","session_id":"s","title":"T","created_at":"2026-01-02 03:05:00"}';
    const rows = `{"sessions":null,"observations":[${row}],"prompts":null}`;
    const ids = [rows, SOUND].map((json) => chunkId(Buffer.from(json)));
    putChunk(root, ids[0] ?? '', rows);
    putChunk(root, ids[1] ?? '', SOUND);
    putManifest(root, { version: 1, chunks: ids.map((id) => entry(id)) });
    const store = await newStore();
    expect(await syncerOf(store, root).import()).toMatchObject({ chunksImported: 2, sessionsImported: 1, observationsImported: 1 });
    expect(await store.sessions()).toMatchObject([{ id: 's', directory: '/w' }]);
  });

  it('tells of a chunk that a transport does not have, and imports it once it has', async () => {
    const place = new MemoryTransport();
    const id = chunkId(Buffer.from(SOUND));
    await place.writeManifest(decodeManifest(JSON.stringify({ version: 1, chunks: [entry(id)] })));
    const syncer = syncerOf(await newStore(), place);
    const problems = [{ chunkId: id, code: 'chunk-missing', message: expect.stringContaining('as soon as') }];
    expect(await syncer.import()).toEqual({ ...NOTHING, chunksSkipped: 1, problems });
    place.chunks.set(id, Buffer.from(SOUND));
    expect(await syncer.import()).toMatchObject({ chunksImported: 1, chunksSkipped: 0, problems: [] });
  });

  it('ends with the error of a transport that breaks, and keeps what came before', async () => {
    const place = new MemoryTransport();
    const [one, two] = [await newStore(), await newStore()];
    for (const title of ['One', 'Two']) {
      await save(one, title);
      await syncerOf(one, place).export({ createdBy: 'ann' });
    }
    const broken: Transport = {
      readManifest: () => place.readManifest(),
      writeManifest: (manifest) => place.writeManifest(manifest),
      writeChunk: (id, json, of) => place.writeChunk(id, json, of),
      readChunk: async (id) => {
        if ((await place.readManifest()).chunks[1]?.id === id) throw new TypeError('the line is dead');
        return place.readChunk(id);
      },
    };
    await expect(syncerOf(two, broken).import()).rejects.toThrow('the line is dead');
    expect(await titles(two)).toEqual(['One']);
  });
});

describe('an export', () => {
  it('writes nothing beside a manifest in conflict; what is there is imported all the same', async () => {
    const root = engramFolder();
    const conflict = '<<<<<<< ours\n{"version":2}\n=======\n{}\n>>>>>>> theirs\n';
    putManifest(root, conflict);
    putChunk(root, chunkId(Buffer.from(SOUND)), SOUND);
    const store = await newStore();
    await save(store, 'One');
    const syncer = syncerOf(store, root);
    await expect(syncer.export({ createdBy: 'ann' })).rejects.toMatchObject({ code: 'manifest-conflict' });
    expect(readFileSync(join(root, 'manifest.json'), 'utf8')).toBe(conflict);
    expect(chunkNames(root)).toHaveLength(1);
    expect(await syncer.import()).toMatchObject({ chunksImported: 1, problems: [{ chunkId: '', code: 'manifest-conflict' }] });
  });

  it('writes nothing beside a manifest of a newer release', async () => {
    const root = engramFolder();
    putManifest(root, { version: 3, chunks: [] });
    const store = await newStore();
    await save(store, 'One');
    await expect(syncerOf(store, root).export({ createdBy: 'ann' })).rejects.toMatchObject({ code: 'store-newer' });
    expect(chunkNames(root)).toEqual([]);
  });

  it('keeps fields that this release does not know, also with an index made anew', async () => {
    const root = engramFolder();
    putChunk(root, chunkId(Buffer.from(SOUND)), SOUND);
    const store = await newStore();
    await syncerOf(store, root).import();
    await store.save({ title: 'One', content: 'x', project: 'demo', sessionId: 's' });
    const { chunkId: id = '' } = await syncerOf(store, root).export({ createdBy: 'ann' });
    expect(chunkText(root, id)).toContain('"ownership_mode":"project_owned"');
  });

  it('takes one project, and personal or deleted memories only when it is told to', async () => {
    const place = new MemoryTransport();
    const store = await newStore();
    await save(store, 'One');
    await store.remove((await save(store, 'Gone')).syncId);
    await store.save({ title: 'Mine', content: 'x', project: 'demo', scope: 'personal' });
    await store.save({ title: 'Elsewhere', content: 'x', project: 'other' });
    const syncer = syncerOf(store, place);
    const exported = async (id = ''): Promise<string[]> =>
      decodeChunkSync(await place.readChunk(id)).observations.map(({ title }) => title);
    expect(await exported((await syncer.export({ createdBy: 'ann', project: 'DEMO' })).chunkId)).toEqual(['One']);
    expect(await exported((await syncer.export({ createdBy: 'ann' })).chunkId)).toEqual(['Elsewhere']);
    const rest = await syncer.export({ createdBy: 'ann', includePersonal: true, includeDeleted: true });
    expect((await exported(rest.chunkId)).sort()).toEqual(['Gone', 'Mine']);
  });
});

describe('a folder and its own database', () => {
  it('is the one that the extension has: index, ignore file and all', async () => {
    const root = engramFolder();
    const store = await storeAt(join(root, 'engram.db'));
    await save(store, 'One');
    expect(readFileSync(join(root, '.gitignore'), 'utf8')).toContain('engram.db*');
    await syncerOf(store, root).export({ createdBy: 'ann' });
    expect(readdirSync(root).sort()).toEqual(['.gitignore', 'chunks', 'engram.db', 'index.db', 'manifest.json']);
    const folder = openIn(root);
    expect(await folder.state()).toMatchObject({ chunkTotals: { all: 1, imported: 1 }, toShare: { memories: 0 } });
    await folder.save({ title: 'Two', content: 'y' });
    expect(await titles(store)).toEqual(['One', 'Two']);
    expect(await syncerOf(store, root).export({ createdBy: 'ann' })).toMatchObject({ observationsExported: 1 });
  });

  it('is not there before something is written', async () => {
    const root = join(temporaryFolder(), '.engram');
    const syncer = syncerOf(await storeAt(join(root, 'engram.db')), root);
    expect(await syncer.status()).toEqual({ localChunks: 0, remoteChunks: 0, pendingImport: 0 });
    expect(await syncer.import()).toEqual({ ...NOTHING, chunksSkipped: 0 });
    expect(existsSync(root)).toBe(false);
  });

  it('is left alone where git tracks the database', async () => {
    const repository = await testRepository();
    await repository.write('.engram/engram.db', '');
    repository.git('add', '.');
    const root = join(repository.path, '.engram');
    const store = await storeAt(join(root, 'engram.db'));
    await expect(save(store, 'One')).rejects.toMatchObject({ code: 'store-tracked' });
    await expect(syncerOf(store, root).export({ createdBy: 'ann' })).rejects.toMatchObject({ code: 'store-tracked' });
  });

  it('is left alone where the folder is another tool’s', async () => {
    const root = engramFolder();
    writeFileSync(join(root, 'theirs.txt'), '');
    const syncer = syncerOf(await newStore(), root);
    await expect(syncer.export({ createdBy: 'ann' })).rejects.toMatchObject({ code: 'not-initialised' });
    await expect(syncer.import()).rejects.toMatchObject({ code: 'not-initialised' });
    await expect(save(await storeAt(join(root, 'engram.db')), 'One')).rejects.toMatchObject({ code: 'not-initialised' });
    expect(readdirSync(root)).toEqual(['theirs.txt']);
  });

  it('is made anew when it is damaged, and the old file is kept', async () => {
    const root = engramFolder();
    const store = await storeAt(join(root, 'engram.db'));
    const syncer = syncerOf(store, root);
    putChunk(root, chunkId(Buffer.from(SOUND)), SOUND);
    writeFileSync(join(root, 'engram.db'), 'no database');
    expect(await syncer.import()).toMatchObject({ chunksImported: 1, problems: [{ chunkId: '', code: 'store-corrupt' }] });
    expect(readdirSync(root).filter((name) => name.includes('.damaged-'))).toHaveLength(1);
    expect((await store.counts()).sessions).toBe(1);
  });
});

describe('a store', () => {
  it('never takes a file for a database that is none, and leaves it where it is', async () => {
    const path = join(temporaryFolder(), 'notes.txt');
    writeFileSync(path, 'my notes');
    await expect(storeAt(path)).rejects.toMatchObject({ code: 'store-corrupt' });
    const store = await newStore();
    writeFileSync(store.path, 'my notes');
    await expect(save(store, 'One')).rejects.toMatchObject({ code: 'store-corrupt' });
    await expect(syncerOf(store, new MemoryTransport()).import()).rejects.toMatchObject({ code: 'store-corrupt' });
    expect(readFileSync(store.path, 'utf8')).toBe('my notes');
  });

  it('sees what another one has written, and both may write', async () => {
    const one = await newStore();
    const other = await storeAt(one.path);
    await Promise.all([save(one, 'One'), save(other, 'Two'), save(one, 'Three'), save(other, 'Four')]);
    expect((await titles(one)).sort()).toEqual(['Four', 'One', 'Three', 'Two']);
    expect(await titles(other)).toEqual(await titles(one));
    expect(await one.counts()).toEqual({ sessions: 1, observations: 4, prompts: 0, relations: 0 });
    expect(await one.sessions()).toMatchObject([{ id: 'manual-save-demo', project: 'demo', directory: 'demo' }]);
    expect([await one.prompts(), await one.relations()]).toEqual([[], []]);
  });
});
