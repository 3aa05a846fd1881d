import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { memoryRecord, mutationRecord, putFolder, putRecords, sessionRecord } from '../../support/chunks.ts';
import { chunkNames, chunkText, engramFolder, entry, openIn, putManifest, temporaryFolder } from '../../support/folder.ts';

/** Bob's two memories, and Carol's chunk: she changed one, deleted the other and added a third. */
async function team(): Promise<{ root: string; folder: MemoryFolder; bob: string; carol: string }> {
  const root = engramFolder();
  const deletion = { sync_id: 'obs-2', deleted: true, hard_delete: true, deleted_at: '2025-01-03 00:00:00' };
  const edit = memoryRecord('obs-1', { title: 'By Carol', updated_at: '2025-01-03 00:00:00' });
  const [bob = '', carol = ''] = putFolder(root, [
    { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1'), memoryRecord('obs-2')] },
    {
      sessions: [sessionRecord('s2')],
      observations: [memoryRecord('obs-3', { session_id: 's2' })],
      mutations: [mutationRecord('observation', 'obs-1', 'upsert', edit), mutationRecord('observation', 'obs-2', 'delete', deletion)],
    },
  ]);
  const folder = openIn(root);
  await folder.importChunks({});
  return { root, folder, bob, carol };
}

const stateOf = async (folder: MemoryFolder, id: string) => (await folder.state()).chunks.find((chunk) => chunk.id === id);
const gone = { name: 'EngramError', code: 'not-found' };

describe('undoing the import of a chunk', () => {
  it('brings back what it changed and deleted, takes what it added, and tells so before', async () => {
    const { folder, carol } = await team();
    const change = { memories: 1, prompts: 0, relations: 0, back: 1, returned: 1, kept: 0 };
    expect(await folder.planUndo(carol)).toEqual(change);
    expect((await folder.memory('obs-1')).title).toBe('By Carol');
    expect(await folder.undoImport(carol)).toEqual(change);
    expect((await folder.memory('obs-1')).title).toBe('Title of obs-1');
    expect((await folder.memory('obs-2')).deleted).toBe(false);
    await expect(folder.memory('obs-3')).rejects.toMatchObject(gone);
    await expect(folder.readSession('s2')).rejects.toMatchObject(gone);
    expect(await folder.search('obs', {})).toHaveLength(2);
  });

  it('is remembered: nothing brings it back but a click, and nothing of it is exported', async () => {
    const { root, folder, carol } = await team();
    const chunks = chunkNames(root);
    await folder.undoImport(carol);
    expect(await stateOf(folder, carol)).toMatchObject({ state: 'undone', waiting: false });
    expect(await folder.sync({})).toMatchObject({
      imported: { chunks: 0, memories: 0, edits: 0 },
      exported: { chunkIds: [], mutations: 0 },
    });
    await folder.close();
    rmSync(join(root, 'index.db'));
    const again = openIn(root);
    expect(await again.sync({})).toMatchObject({ exported: { chunkIds: [] } });
    expect(await stateOf(again, carol)).toMatchObject({ state: 'undone', waiting: false });
    expect(chunkNames(root)).toEqual(chunks);
    await expect(again.memory('obs-3')).rejects.toMatchObject(gone);
    expect(await again.importChunks({ ids: [carol] })).toMatchObject({ chunks: 1, memories: 1, edits: 1, deletes: 1 });
    expect(await stateOf(again, carol)).toMatchObject({ state: 'imported' });
    expect((await again.memory('obs-1')).title).toBe('By Carol');
  });

  it('leaves what was changed here afterwards, which is news', async () => {
    const { root, folder, carol } = await team();
    await folder.edit('obs-3', { title: 'Mine now' });
    expect(await folder.undoImport(carol)).toMatchObject({ memories: 0, back: 1, returned: 1 });
    expect((await folder.memory('obs-3')).title).toBe('Mine now');
    const { chunkIds, mutations } = await folder.exportNew({});
    expect(mutations).toBe(1);
    expect(chunkText(root, chunkIds[0] ?? '')).toContain('Mine now');
    expect(chunkText(root, chunkIds[0] ?? '')).not.toContain('obs-1');
  });

  it('keeps a row whose earlier version cannot be read now', async () => {
    const { root, folder, bob, carol } = await team();
    const file = join(root, `chunks/${bob}.jsonl.gz`);
    rmSync(file);
    const kept = await folder.undoImport(carol);
    // The deleted row is still there, hidden, and is Bob's; only the text of the changed one is lost.
    expect(kept).toEqual({ memories: 1, prompts: 0, relations: 0, back: 0, returned: 1, kept: 1 });
    expect((await folder.memory('obs-1')).title).toBe('By Carol');
    expect((await folder.memory('obs-2')).deleted).toBe(false);
  });

  it('lets a later chunk win that the undone one had beaten', async () => {
    const { root, folder, bob, carol } = await team();
    await folder.undoImport(carol);
    const between = putRecords(root, { observations: [memoryRecord('obs-3', { title: 'By Dan', updated_at: '2025-01-01 00:00:00' })] });
    putManifest(root, { version: 2, chunks: [bob, carol, between].map((id) => entry(id)) });
    expect(await folder.importChunks({})).toMatchObject({ chunks: 1, memories: 1 });
    expect((await folder.memory('obs-3')).title).toBe('By Dan');
  });

  it('is refused for a chunk of one’s own, one that is not imported, and twice', async () => {
    const { root, folder, bob, carol } = await team();
    await folder.save({ title: 'Mine', content: 'x' });
    const { chunkIds } = await folder.exportNew({});
    const refused = { code: 'invalid-input' };
    await expect(folder.undoImport(chunkIds[0] ?? '')).rejects.toMatchObject(refused);
    expect(await stateOf(folder, chunkIds[0] ?? '')).toMatchObject({ own: true });
    const waiting = putRecords(root, { observations: [memoryRecord('obs-9')] });
    await expect(folder.undoImport(waiting)).rejects.toMatchObject(refused);
    await expect(folder.planUndo('no/such')).rejects.toMatchObject(gone);
    await folder.undoImport(carol);
    await expect(folder.undoImport(carol)).rejects.toMatchObject(refused);
    expect(await folder.undoImport(bob)).toMatchObject({ memories: 2 });
  });

  it('is told by the doctor, and the manifest still lists it', async () => {
    const { root, folder, carol } = await team();
    await folder.undoImport(carol);
    putManifest(root, { version: 2, chunks: [] });
    await folder.sync({});
    expect(JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).chunks).toHaveLength(2);
    const { findings, clone } = await folder.doctor();
    expect(findings.find(({ code }) => code === 'chunk-undone')).toMatchObject({ severity: 'info', items: [{ id: carol }] });
    expect(clone.lost).toBe(0);
  });

  it('holds for a database that is built anew, where the extension keeps its choices', async () => {
    const { root, folder, carol } = await team();
    await folder.close();
    const keepFolder = join(temporaryFolder(), 'kept');
    const window = openIn(root, { keepFolder });
    await window.undoImport(carol);
    await window.close();
    for (const name of ['engram.db', 'index.db']) rmSync(join(root, name));
    const again = openIn(root, { keepFolder });
    expect(await again.importChunks({})).toMatchObject({ chunks: 1, memories: 2 });
    expect(await stateOf(again, carol)).toMatchObject({ state: 'undone', waiting: false });
    expect((await again.sync({})).exported.chunkIds).toEqual([]);
    await again.importChunks({ ids: [carol] });
    await again.close();
    for (const name of ['engram.db', 'index.db']) rmSync(join(root, name));
    expect(await openIn(root, { keepFolder }).importChunks({})).toMatchObject({ chunks: 2 });
  });

  it('keeps no copy of what it took, gives back what was edited before, and importing again after all that exports nothing', async () => {
    const { root, folder, carol } = await team();
    await folder.close();
    const keepFolder = join(temporaryFolder(), 'kept');
    const window = openIn(root, { keepFolder });
    await window.save({ title: 'Mine', content: 'x' });
    await window.edit('obs-1', { title: 'Edited here' });
    await window.undoImport(carol);
    expect((await window.state()).kept).toBe(0);
    await window.close();
    for (const name of ['engram.db', 'index.db']) rmSync(join(root, name));
    const again = openIn(root, { keepFolder });
    await again.importChunks({});
    expect((await again.state()).kept).toBe(2);
    await again.restoreKept();
    expect((await again.memory('obs-1')).title).toBe('Edited here');
    await expect(again.memory('obs-3')).rejects.toMatchObject(gone);
    expect((await again.sync({})).exported).toMatchObject({ memories: 1 });
    await again.importChunks({ ids: [carol] });
    expect((await again.memory('obs-1')).title).toBe('Edited here');
    expect((await again.memory('obs-3')).deleted).toBe(false);
    expect(await again.state()).toMatchObject({ kept: 0, totals: { observations: 3 } });
    expect((await again.sync({})).exported.chunkIds).toEqual([]);
  });
});
