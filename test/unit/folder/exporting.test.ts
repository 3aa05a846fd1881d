import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { chunkNames, chunkText, engramFolder, openIn } from '../../support/folder.ts';
import { changeDatabase, databaseFrom } from '../../support/goldenDatabase.ts';

/** A second member: the same folder of files, databases of their own. */
function forget(root: string): void {
  for (const name of ['engram.db', 'index.db']) rmSync(join(root, name), { force: true });
}

describe('an export', () => {
  it('does not repeat what a chunk holds that nobody has imported yet', async () => {
    const root = engramFolder();
    const first = openIn(root);
    await first.save({ title: 'One', content: 'a' });
    await first.sync({});
    await first.close();
    forget(root);
    const second = openIn(root);
    await second.save({ title: 'Two', content: 'b' });
    const { chunkIds, memories } = await second.exportNew({});
    expect(memories).toBe(1);
    expect(chunkText(root, chunkIds[0] ?? '')).not.toContain('"One"');
    expect((await second.state()).chunkTotals).toMatchObject({ all: 2, waiting: 1, imported: 1 });
    expect(await second.importChunks({})).toMatchObject({ chunks: 1, memories: 1 });
  });

  it('sends an edit and a delete once, and both arrive', async () => {
    const root = engramFolder();
    const first = openIn(root);
    const one = await first.save({ title: 'One', content: 'a' });
    const two = await first.save({ title: 'Two', content: 'b' });
    await first.sync({});
    await first.edit(one.syncId, { title: 'One, better' });
    await first.remove(two.syncId);
    expect((await first.state()).toShare).toMatchObject({ memories: 0, edits: 1, deletes: 1 });
    expect((await first.sync({})).exported).toMatchObject({ memories: 0, mutations: 2 });
    expect((await first.sync({})).exported.chunkIds).toEqual([]);
    await first.close();
    forget(root);
    const second = openIn(root);
    await second.importChunks({});
    expect(await second.memory(one.syncId)).toMatchObject({ title: 'One, better' });
    expect(await second.search('Two', {})).toEqual([]);
    expect((await second.sync({})).exported.chunkIds).toEqual([]);
  });

  it('keeps at home what was deleted before it was shared, and what is personal, with their sessions', async () => {
    const root = engramFolder();
    const folder = openIn(root);
    const gone = await folder.save({ title: 'Secret', content: 'x' });
    await folder.remove(gone.syncId);
    await folder.save({ title: 'Private', content: 'y', scope: 'personal' });
    expect(await folder.sync({})).toMatchObject({ exported: { chunkIds: [], personal: 1 } });
    expect(chunkNames(root)).toEqual([]);
    const { chunkIds } = await folder.exportNew({ includePersonal: true, includeDeleted: true });
    expect(chunkText(root, chunkIds[0] ?? '')).toMatch(/Secret.*Private/);
  });

  it('sends the end of a session that the team knows, though all its memories are deleted', async () => {
    const root = engramFolder();
    const folder = openIn(root);
    const { syncId } = await folder.save({ title: 'One', content: 'a' });
    await folder.sync({});
    await folder.remove(syncId);
    const never = await folder.save({ title: 'Never shared', content: 'b' });
    await folder.remove(never.syncId);
    await folder.sync({});
    const database = new DatabaseSync(join(root, 'engram.db'));
    database.exec(`UPDATE sessions SET ended_at = '2026-01-02 03:04:05', summary = 'Done'`);
    database.close();
    const { chunkIds } = await folder.exportNew({});
    expect(chunkText(root, chunkIds[0] ?? '')).toContain('2026-01-02 03:04:05');
    expect((await folder.sync({})).exported.chunkIds).toEqual([]);
  });

  it('sends the deletion of a memory with blanks around its id once, too', async () => {
    const root = engramFolder();
    await databaseFrom(root, [
      `INSERT INTO sessions(id, project, directory) VALUES('s', 'demo', 'demo')`,
      `INSERT INTO observations(sync_id, session_id, type, title, content) VALUES(' padded ', 's', 'manual', 'One', 'a')`,
      `INSERT INTO user_prompts(sync_id, session_id, content) VALUES(char(0xfeff), 's', 'b')`,
    ]);
    const folder = openIn(root);
    await folder.sync({});
    await folder.remove(' padded ');
    const database = new DatabaseSync(join(root, 'engram.db'));
    database.exec(`INSERT INTO prompt_tombstones(sync_id) VALUES(char(0xfeff)); DELETE FROM user_prompts`);
    database.close();
    expect((await folder.sync({})).exported).toMatchObject({ mutations: 2 });
    expect((await folder.sync({})).exported.chunkIds).toEqual([]);
  });

  it('holds back what stalls v1.16.1 for ever: rows of a session without a name, relations of a memory without one', async () => {
    const root = engramFolder();
    await databaseFrom(root, [
      `INSERT INTO sessions(id, project, directory) VALUES('s', 'demo', 'demo'), (' ', 'demo', 'demo')`,
      `INSERT INTO observations(sync_id, session_id, type, title, content) VALUES('obs-1', 's', 'manual', 'One', 'a')`,
      `INSERT INTO observations(sync_id, session_id, type, title, content) VALUES(' ', 's', 'manual', 'Two', 'b')`,
      `INSERT INTO observations(sync_id, session_id, type, title, content) VALUES('obs-3', ' ', 'manual', 'Three', 'c')`,
      `INSERT INTO user_prompts(sync_id, session_id, content) VALUES('prompt-1', ' ', 'd')`,
      `INSERT INTO memory_relations(sync_id, source_id, target_id) VALUES('rel-1', 'obs-1', ' '), ('rel-2', 'obs-3', 'obs-1')`,
    ]);
    const folder = openIn(root);
    const { chunkIds, ...counts } = await folder.exportNew({});
    expect(counts).toMatchObject({ sessions: 1, memories: 2, prompts: 0, mutations: 0, heldBack: 4 });
    expect(chunkText(root, chunkIds[0] ?? '')).not.toContain('obs-3');
    expect((await folder.sync({})).exported).toMatchObject({ chunkIds: [], heldBack: 4 });
  });

  it('merges the edit that an older program has recorded and ignored, also when nothing was imported before', async () => {
    const root = engramFolder();
    const first = openIn(root);
    const { syncId } = await first.save({ title: 'Before', content: 'a' });
    await first.sync({});
    const before = readFileSync(join(root, 'engram.db'));
    await first.edit(syncId, { title: 'After' });
    const [id] = (await first.sync({})).exported.chunkIds;
    await first.close();
    forget(root);
    writeFileSync(join(root, 'engram.db'), before);
    await changeDatabase(root, [`INSERT INTO sync_chunks(target_key, chunk_id, imported_at) VALUES('local', '${id}', '')`]);
    const second = openIn(root);
    expect((await second.exportNew({})).chunkIds).toEqual([]);
    await second.importChunks({});
    expect(await second.memory(syncId)).toMatchObject({ title: 'After' });
  });

  it('is split where it would be too large, each part complete', async () => {
    const root = engramFolder();
    const session = `INSERT INTO sessions(id, project, directory) VALUES('s', 'demo', 'demo')`;
    const rows = Array.from({ length: 130 }, (_, n) => {
      return `INSERT INTO observations(sync_id, session_id, type, title, content) VALUES('obs-${n}', 's', 'manual', 'Long', '${`${n} `.repeat(12_000)}')`;
    });
    await databaseFrom(root, [session, ...rows]);
    const folder = openIn(root);
    const { chunkIds, memories } = await folder.exportNew({});
    expect(chunkIds.length).toBeGreaterThan(1);
    expect(memories).toBe(130);
    for (const id of chunkIds) expect(JSON.parse(chunkText(root, id)).sessions).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).chunks).toHaveLength(chunkIds.length);
  });
});
