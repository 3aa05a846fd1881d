import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeHttp } from '../../../src/adapters/nodeHttp.ts';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import type { FolderOptions } from '../../../src/engine/folderRequests.ts';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { chunkNames, chunkText, engramFolder, openIn, temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { agentSaves, integrityOf, makeLiveDatabase, searchAsProgram, withLive } from '../../support/liveDatabase.ts';
import { TeamServer } from '../../support/teamServer.ts';

interface Member {
  readonly folder: MemoryFolder;
  readonly root: string;
  readonly livePath: string;
}

/** A folder with a live database of two projects beside it: three memories and a prompt of this one, one memory of another. */
function member(options: Partial<FolderOptions>): Member {
  const livePath = join(temporaryFolder(), 'engram.db');
  makeLiveDatabase(livePath);
  withLive(livePath, (database) => {
    agentSaves(database, 'obs-1', { type: 'decision' });
    agentSaves(database, 'obs-2', { type: 'decision' });
    agentSaves(database, 'obs-3', { type: 'bugfix' });
    agentSaves(database, 'obs-mine', { scope: 'personal' });
    agentSaves(database, 'obs-other', { project: 'other' });
    database.exec(
      `INSERT INTO user_prompts(sync_id, session_id, content, project) VALUES('prompt-1', 'manual-save-demo', 'my secret wish', 'demo')`,
    );
  });
  const root = engramFolder();
  return { folder: openIn(root, optionsOf(root, livePath, options)), root, livePath };
}

function optionsOf(root: string, livePath: string, options: Partial<FolderOptions>): FolderOptions {
  return {
    root,
    trusted: true,
    gitPath: '',
    limits: { maxChunkBytes: 1_000_000, maxManifestBytes: 1_000_000 },
    author: 'alice',
    includePersonal: false,
    sessionId: 'vscode-test',
    keepFolder: '',
    livePath,
    project: 'demo',
    ...options,
  };
}

const exportedText = (root: string): string =>
  chunkNames(root)
    .map((name) => chunkText(root, name.replace('.jsonl.gz', '')))
    .join('\n');

describe.runIf(findNodeSqlite())('what leaves the live database', () => {
  it('is nothing before a person has said so, and is shown by project and type', async () => {
    const { folder, root } = member({ database: 'live', mayExport: false });
    const teammate = openIn(root);
    await teammate.save({ title: 'Bob’s', content: 'b', project: 'demo' });
    await teammate.exportNew({});
    const before = chunkNames(root);
    expect(await folder.sync({})).toMatchObject({ imported: { memories: 1 }, exported: { chunkIds: [], memories: 0 } });
    expect(await folder.exportNew({})).toMatchObject({ chunkIds: [] });
    expect(await folder.exportNew({ project: 'other' })).toMatchObject({ chunkIds: [] });
    expect(chunkNames(root)).toEqual(before);
    expect((await folder.state()).live).toMatchObject({ project: 'demo', mayExport: false });
    expect(await folder.exportPreview({})).toMatchObject({
      project: 'demo',
      memories: 3,
      prompts: 1,
      personal: 1,
      byType: [
        { name: 'decision', count: 2 },
        { name: 'bugfix', count: 1 },
        { name: 'prompt', count: 1 },
      ],
      byAuthor: [{ name: 'alice', count: 4 }],
    });
    expect(chunkNames(root)).toEqual(before);
  });

  it('is what the person said: without prompts, later with them', async () => {
    const { folder, root, livePath } = member({ database: 'live', includePrompts: false });
    expect((await folder.state()).toShare).toMatchObject({ memories: 3, prompts: 0 });
    expect(await folder.sync({})).toMatchObject({ exported: { memories: 3, prompts: 0 } });
    expect(exportedText(root)).not.toContain('my secret wish');
    expect(await folder.sync({})).toMatchObject({ exported: { chunkIds: [] } });
    folder.configure(optionsOf(root, livePath, { database: 'live' }));
    expect((await folder.state()).toShare).toMatchObject({ memories: 0, prompts: 1 });
    expect(await folder.sync({})).toMatchObject({ exported: { memories: 0, prompts: 1 } });
  });

  it.each([
    ['nobody has answered', { mayExport: false }, 'Nobody has said yet'],
    ['the answer was about another project', { mayExport: true, project: 'other' }, 'project “other” may leave'],
  ])('goes to no cloud where %s', async (_why, answer, sentence) => {
    const asked: string[] = [];
    const http = {
      send: (request: { readonly url: string }) => {
        asked.push(request.url);
        return Promise.reject(new Error('nothing may be sent'));
      },
    };
    const { root, livePath } = member({ database: 'live' });
    const cloud = { server: 'https://cloud.example', project: 'demo', autosync: true };
    const folder = openIn(root, optionsOf(root, livePath, { database: 'live', cloud, ...answer }), WASM_PATH, { http });
    await folder.cloudEnroll('demo');
    await expect(folder.cloudSync({})).rejects.toMatchObject({ code: 'cloud-unenrolled', message: expect.stringContaining(sentence) });
    await expect(folder.cloudUpgrade('bootstrap', {})).rejects.toMatchObject({ code: 'cloud-unenrolled' });
    await expect(folder.cloudSync({ automatic: true })).rejects.toMatchObject({ code: 'cloud-unenrolled' });
    expect(asked).toEqual([]);
  });

  it('leaves prompts here that the cloud does not have, counted, on both ways of an automatic sync, until a person says otherwise', async () => {
    const server = await TeamServer.start();
    onTestFinished(() => server.close());
    const http = nodeHttp({ server: server.url, token: () => 'fake-token' });
    const { root, livePath } = member({ database: 'live' });
    const cloud = { server: server.url, project: 'demo', autosync: true };
    const options = optionsOf(root, livePath, { database: 'live', cloud, mayExport: true });
    const folder = openIn(root, { ...options, includePrompts: false }, WASM_PATH, { http });
    await folder.cloudEnroll('demo');
    expect(await folder.cloudState()).toMatchObject({ toSend: 3, promptsHere: 1 });
    expect(await folder.cloudSync({})).toMatchObject({ exported: { memories: 3, prompts: 0, heldBack: 1 }, imported: { problems: [] } });
    await folder.cloudAsk();
    expect(await folder.cloudState()).toMatchObject({ toSend: 0, promptsHere: 1, sync: { lifecycle: 'healthy' } });
    expect(await folder.cloudSync({ automatic: true })).toMatchObject({ exported: { chunkIds: [] } });
    expect(await folder.cloudUpgrade('bootstrap', {})).toMatchObject({ status: 'done', applied: true });
    expect(server.asked.filter(({ method }) => method === 'POST').map(({ target }) => target)).toEqual(['/sync/push']);
    expect(JSON.stringify(server.chunks('demo'))).not.toContain('my secret wish');
    folder.configure(options);
    expect(await folder.cloudState()).toMatchObject({ toSend: 1, promptsHere: 0 });
    expect(await folder.cloudSync({})).toMatchObject({ exported: { memories: 0, prompts: 1, heldBack: 0 } });
    expect(JSON.stringify(server.chunks('demo'))).toContain('my secret wish');
    // What the cloud has is no secret any more.
    folder.configure({ ...options, includePrompts: false });
    expect(await folder.cloudState()).toMatchObject({ toSend: 0, promptsHere: 0 });
  });

  it('holds what a person saves here, whatever project the folder’s name would be', async () => {
    const { folder } = member({ database: 'live', project: 'demo' });
    const { syncId } = await folder.save({ title: 'Mine', content: 'text' });
    expect(await folder.memory(syncId)).toMatchObject({ project: 'demo' });
    expect((await folder.state()).toShare.memories).toBe(4);
  });

  it('is no question for memories that are the folder’s own', async () => {
    const { folder } = member({ database: 'workspace', mayExport: false });
    await folder.save({ title: 'Own', content: 'text', project: 'demo' });
    expect(await folder.sync({})).toMatchObject({ exported: { memories: 1 } });
  });
});

describe('a live database that is not in use', () => {
  it('is found, where there is one, and not in Restricted Mode', async () => {
    const { folder, root, livePath } = member({});
    await folder.save({ title: 'Own', content: 'text' });
    expect(await folder.state()).toMatchObject({ liveFound: livePath });
    folder.configure(optionsOf(root, livePath, { trusted: false }));
    expect((await folder.state()).liveFound).toBeUndefined();
    folder.configure(optionsOf(root, join(livePath, 'elsewhere'), {}));
    expect((await folder.state()).liveFound).toBeUndefined();
    folder.configure(optionsOf(root, livePath, { database: 'auto' }));
    expect((await folder.state()).liveFound).toBeUndefined();
  });
});

describe.runIf(findNodeSqlite()).each(['workspace', 'live'] as const)('copying while the %s memories are in use', (database) => {
  it('to the live ones: merged, found by the program’s search, and nothing is deleted', async () => {
    const { folder, root, livePath } = member({ database });
    const own = openIn(root);
    await own.save({ title: 'A zebra', content: 'own text', project: 'demo' });
    expect(await folder.copyMemories({ to: 'live' })).toMatchObject({ memories: 1, deletes: 0 });
    expect(searchAsProgram(livePath, 'zebra')).toEqual(['A zebra']);
    expect(await folder.copyMemories({ to: 'live' })).toMatchObject({ memories: 0, edits: 0 });
    expect(withLive(livePath, (open) => open.prepare('SELECT count(*) AS n FROM observations').get())).toEqual({ n: 6 });
    expect(integrityOf(livePath)).toEqual(['ok']);
  });

  it('to the workspace: this project’s memories, the later version of each', async () => {
    const { folder, root, livePath } = member({ database });
    const own = openIn(root);
    await own.save({ title: 'Own', content: 'own text', project: 'demo' });
    expect(await folder.copyMemories({ to: 'workspace' })).toMatchObject({ memories: 4, prompts: 1 });
    expect((await own.search('of', {})).map(({ syncId }) => syncId).sort()).toEqual(['obs-1', 'obs-2', 'obs-3', 'obs-mine']);
    withLive(livePath, (open) =>
      open.exec(`UPDATE observations SET title = 'Newer', updated_at = '2030-01-01 00:00:00', revision_count = 2 WHERE sync_id = 'obs-1'`),
    );
    await own.edit('obs-2', { title: 'Newest' });
    expect(await folder.copyMemories({ to: 'workspace' })).toMatchObject({ memories: 0, edits: 1 });
    expect(await own.memory('obs-1')).toMatchObject({ title: 'Newer' });
    expect(await own.memory('obs-2')).toMatchObject({ title: 'Newest' });
    await expect(own.memory('obs-other')).rejects.toMatchObject({ code: 'not-found' });
    expect(readdirSync(root).filter((name) => name.includes('damaged'))).toEqual([]);
  });
});
