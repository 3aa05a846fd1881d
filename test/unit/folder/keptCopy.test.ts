import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { chunkNames, engramFolder, openIn, temporaryFolder } from '../../support/folder.ts';

describe('the copy of what is not shared', () => {
  it('brings back, personal ones too, what a cleaned work tree took; a shared or deleted one is not in it', async () => {
    const root = engramFolder();
    const keepFolder = join(temporaryFolder(), 'kept');
    const folder = openIn(root, { keepFolder });
    await folder.save({ title: 'Shared', content: 'a' });
    await folder.sync({});
    await folder.save({ title: 'Mine', content: 'b' });
    await folder.save({ title: 'Personal', content: 'c', scope: 'personal' });
    const gone = await folder.save({ title: 'Deleted', content: 'd' });
    await folder.remove(gone.syncId);
    expect((await folder.state()).kept).toBe(0);
    await folder.close();
    for (const name of ['engram.db', 'index.db', '.gitignore']) rmSync(join(root, name));

    const again = openIn(root, { keepFolder });
    await again.importChunks({});
    expect(await again.state()).toMatchObject({ kept: 2, totals: { observations: 1 } });
    expect(await again.restoreKept()).toMatchObject({ memories: 2 });
    expect(await again.state()).toMatchObject({ kept: 0, totals: { observations: 3 }, toShare: { memories: 1, personal: 1 } });
  });

  it('brings back edits and deletions of shared memories, and leaves alone what was changed later', async () => {
    const root = engramFolder();
    const keepFolder = join(temporaryFolder(), 'kept');
    const folder = openIn(root, { keepFolder });
    const ids: string[] = [];
    for (const title of ['To edit', 'To delete', 'To leave']) ids.push((await folder.save({ title, content: title })).syncId);
    const [edited = '', deleted = ''] = ids;
    await folder.sync({});
    await folder.edit(edited, { title: 'Edited' });
    await folder.remove(deleted);
    await folder.close();
    for (const name of ['engram.db', 'index.db', '.gitignore']) rmSync(join(root, name));

    const again = openIn(root, { keepFolder });
    await again.importChunks({});
    expect(await again.state()).toMatchObject({ kept: 2, totals: { observations: 3 }, toShare: { edits: 0, deletes: 0 } });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 }); // within one second the text would decide which edit wins
    onTestFinished(() => void vi.useRealTimers());
    await again.edit(edited, { title: 'Edited again' });
    expect((await again.state()).kept).toBe(1);
    await again.restoreKept();
    expect(await again.state()).toMatchObject({ kept: 0, totals: { observations: 2 }, toShare: { edits: 1, deletes: 1 } });
    expect((await again.memory(edited)).title).toBe('Edited again');
  });

  it('is thrown away on demand, and then nothing is offered any more', async () => {
    const root = engramFolder();
    const keepFolder = join(temporaryFolder(), 'kept');
    const folder = openIn(root, { keepFolder });
    await folder.save({ title: 'Mine', content: 'a' });
    await folder.close();
    for (const name of ['engram.db', 'index.db']) rmSync(join(root, name));
    const again = openIn(root, { keepFolder });
    await again.importChunks({});
    expect((await again.state()).kept).toBe(1);
    await again.discardKept();
    expect((await again.state()).kept).toBe(0);
  });

  it('is gone when everything is shared', async () => {
    const root = engramFolder();
    const keepFolder = temporaryFolder();
    const folder = openIn(root, { keepFolder });
    await folder.save({ title: 'One', content: 'a' });
    expect(existsSync(join(keepFolder, 'unshared.json.gz'))).toBe(true);
    await folder.sync({});
    expect(existsSync(join(keepFolder, 'unshared.json.gz'))).toBe(false);
    expect(chunkNames(root)).toHaveLength(1);
  });
});
