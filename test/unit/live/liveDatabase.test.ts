import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite, openNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openSqlJs } from '../../../src/adapters/sqlJs.ts';
import type { FolderOptions } from '../../../src/engine/folderRequests.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { SearchIndex } from '../../../src/store/search.ts';
import { engramFolder, openIn, temporaryFolder } from '../../support/folder.ts';
import { agentSaves, integrityOf, journalModeOf, makeLiveDatabase, searchAsProgram, withLive } from '../../support/liveDatabase.ts';
import { testSqlJs } from '../store/testDatabase.ts';

const native = findNodeSqlite();
if (!native) process.stdout.write('node:sqlite: this host has none with FTS5, so the tests of the live database are skipped.\n');

/** A member whose memories are the Engram program's. */
function member(options: Partial<FolderOptions> = {}, root = engramFolder()): { folder: MemoryFolder; root: string; livePath: string } {
  const livePath = join(temporaryFolder(), 'engram.db');
  makeLiveDatabase(livePath);
  const live = { database: 'live', livePath, project: 'demo', ...options } as const;
  return { folder: openIn(root, live), root, livePath };
}

/** A folder of another member of the team, with its own database, on the same chunks. */
function onSameChunks(root: string): MemoryFolder {
  return openIn(root);
}

describe.runIf(native)('the live database', () => {
  it('gives what agents saved, and takes what a teammate shared, for their search too', async () => {
    const ann = member();
    withLive(ann.livePath, (database) => agentSaves(database, 'obs-ann'));
    expect((await ann.folder.state()).toShare).toMatchObject({ memories: 1, sessions: 1 });
    expect(await ann.folder.sync({})).toMatchObject({ exported: { memories: 1 } });
    const bob = onSameChunks(ann.root);
    expect(await bob.importChunks({})).toMatchObject({ memories: 1 });
    await bob.save({ title: 'Bob uses zebras', content: 'They are fast', project: 'demo' });
    await bob.exportNew({});
    expect(await ann.folder.sync({})).toMatchObject({ imported: { chunks: 1, memories: 1 }, exported: { chunkIds: [] } });
    expect(searchAsProgram(ann.livePath, 'zebras')).toEqual(['Bob uses zebras']);
    expect(await ann.folder.search('zebras', {})).toMatchObject([{ title: 'Bob uses zebras' }]);
    withLive(ann.livePath, (database) => agentSaves(database, 'obs-later', { title: 'A giraffe' }));
    expect(await ann.folder.search('giraffe', {})).toMatchObject([{ syncId: 'obs-later' }]);
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
    expect(journalModeOf(ann.livePath)).toBe('wal');
    expect((await ann.folder.state()).live).toMatchObject({ path: ann.livePath, project: 'demo' });
  });

  it('shares the memories of this project alone', async () => {
    const ann = member();
    withLive(ann.livePath, (database) => {
      agentSaves(database, 'obs-ann');
      agentSaves(database, 'obs-other', { project: 'other' });
      agentSaves(database, 'obs-mine', { scope: 'personal' });
    });
    expect((await ann.folder.state()).toShare).toMatchObject({ memories: 1, sessions: 1, personal: 1 });
    expect(await ann.folder.exportNew({})).toMatchObject({ memories: 1, sessions: 1 });
    expect((await ann.folder.state()).toShare).toMatchObject({ memories: 0, sessions: 0 });
    expect(await ann.folder.exportNew({ project: 'other' })).toMatchObject({ memories: 1 });
  });

  it('tells the Engram program’s journal what is saved, edited and deleted here, and nothing of an import', async () => {
    const ann = member();
    await ann.folder.state();
    const { syncId } = await ann.folder.save({ title: 'Ours', content: 'c', project: 'demo' });
    await ann.folder.edit(syncId, { title: 'Edited' });
    await ann.folder.remove(syncId);
    const rows = withLive(ann.livePath, (database) =>
      database.prepare('SELECT entity, op, entity_key, project, source, payload FROM sync_mutations ORDER BY seq').all(),
    );
    expect(rows.map(({ entity, op }) => `${entity} ${op}`)).toEqual([
      'session upsert',
      'observation upsert',
      'observation upsert',
      'observation delete',
    ]);
    expect(rows.at(-1)).toMatchObject({ entity_key: syncId, project: 'demo', source: 'local' });
    expect(JSON.parse(String(rows[2]?.['payload']))).toMatchObject({ sync_id: syncId, title: 'Edited', revision_count: 2 });
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
  });

  it('says before the first export what would leave, and leaves prompts here when asked to', async () => {
    const ann = member({ author: 'ann' });
    withLive(ann.livePath, (database) => {
      agentSaves(database, 'obs-1', { type: 'decision' });
      agentSaves(database, 'obs-2', { type: 'decision' });
      agentSaves(database, 'obs-3');
      agentSaves(database, 'obs-mine', { scope: 'personal' });
      agentSaves(database, 'obs-other', { project: 'other' });
      database.exec(`INSERT INTO sessions(id, project, directory) VALUES('s-asked', 'demo', '');
        INSERT INTO user_prompts(sync_id, session_id, content, project) VALUES('prompt-1', 's-asked', 'Do it', 'demo')`);
    });
    const counts = { project: 'demo', memories: 3, prompts: 1, personal: 1, edits: 0, byProject: [{ name: 'demo', count: 4 }] };
    const byType = [
      { name: 'decision', count: 2 },
      { name: 'manual', count: 1 },
      { name: 'prompt', count: 1 },
    ];
    expect(await ann.folder.exportPreview({})).toMatchObject({ ...counts, byType, byAuthor: [{ name: 'ann', count: 4 }] });
    expect((await ann.folder.exportPreview({ project: '' })).byProject).toEqual([
      { name: 'demo', count: 4 },
      { name: 'other', count: 1 },
    ]);
    expect(await ann.folder.exportNew({ includePrompts: false })).toMatchObject({ memories: 3, prompts: 0, sessions: 1 });
    expect(await ann.folder.exportPreview({})).toMatchObject({ memories: 0, prompts: 1 });
    expect(await ann.folder.exportNew({})).toMatchObject({ memories: 0, prompts: 1 });
  });

  it('takes an import back, and is looked at by the doctor', async () => {
    const ann = member();
    withLive(ann.livePath, (database) => agentSaves(database, 'obs-ann'));
    const bob = onSameChunks(ann.root);
    await bob.save({ title: 'Bob’s', content: 'A zebra', project: 'demo' });
    const [id = ''] = (await bob.exportNew({})).chunkIds;
    await ann.folder.sync({});
    expect(searchAsProgram(ann.livePath, 'zebra')).toEqual(['Bob’s']);
    expect((await ann.folder.doctor()).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(await ann.folder.undoImport(id)).toMatchObject({ memories: 1 });
    expect(searchAsProgram(ann.livePath, 'zebra')).toEqual([]);
    expect((await ann.folder.sync({})).imported.chunks).toBe(0);
    expect(await ann.folder.importChunks({ ids: [id] })).toMatchObject({ memories: 1 });
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it('is never made', async () => {
    const livePath = join(temporaryFolder(), 'data', 'engram.db');
    mkdirSync(dirname(livePath));
    const folder = openIn(engramFolder(), { database: 'live', livePath });
    const state = await folder.state();
    expect(state).toMatchObject({ database: 'unreadable', problems: [{ code: 'not-found' }] });
    await expect(folder.sync({})).rejects.toMatchObject({ code: 'not-found' });
    const auto = openIn(engramFolder(), { database: 'auto', livePath });
    expect((await auto.state()).live).toBeUndefined();
    makeLiveDatabase(livePath);
    expect((await auto.state()).live).toMatchObject({ path: livePath });
    expect((await folder.state()).problems).toEqual([]);
  });

  it('tells by a number that an agent saved something, and by none that nothing happened', async () => {
    const { folder, livePath } = member();
    await folder.state();
    const before = await folder.databaseVersion();
    expect(await folder.databaseVersion()).toBe(before);
    withLive(livePath, (database) => agentSaves(database, 'obs-new'));
    expect(await folder.databaseVersion()).not.toBe(before);
  });
});

describe.runIf(native)('the search table of a live database', () => {
  it('comes to an end of each pass although an agent never stops writing, and never says that it has all', async () => {
    if (!native) return;
    const { livePath } = member();
    withLive(livePath, (database) => {
      for (let index = 0; index < 120; index++) agentSaves(database, `obs-${index}`);
    });
    const [memories, index] = [openNodeSqlite(native, livePath), openSqlJs(await testSqlJs())];
    const search = new SearchIndex(index, memories);
    for (let step = 0; step < 12; step++) {
      withLive(livePath, (database) => agentSaves(database, `obs-new-${step}`, { title: `Number${step}` }));
      expect(search.advance(0)).toBe(false);
      expect(search.search(`Number${step}`, {})).toHaveLength(1);
    }
    expect(search.passes).toBeGreaterThanOrEqual(2);
    while (!search.advance(20));
    for (const database of [memories, index]) database.close();
  });
});

describe.runIf(native)('a folder’s own database that the Engram program has opened', () => {
  it('is changed in place, its search kept right', async () => {
    const root = engramFolder();
    const path = join(root, 'engram.db');
    makeLiveDatabase(path);
    withLive(path, (database) => agentSaves(database, 'obs-ann'));
    const folder = openIn(root);
    expect(await folder.state()).toMatchObject({ database: 'ok', problems: [], toShare: { memories: 1 } });
    await folder.save({ title: 'A walrus', content: 'c', project: 'demo' });
    expect(searchAsProgram(path, 'walrus')).toEqual(['A walrus']);
    expect(integrityOf(path)).toEqual(['ok']);
  });
});
