import { copyFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { chunkText, engramFolder, openIn, temporaryFolder } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { fillWithEverything, fillWithOddities } from './everything.ts';
import type { EngramProgram } from './programs.ts';
import { withDatabase } from './rows.ts';
import { Teammate } from './teammate.ts';

/** The same rows, exported by both programs, are the same file. */
export function sameBytes(program: EngramProgram): void {
  it.each(['', 'demo', ' Other '])('writes the same chunk for the same rows (project "%s")', async (project) => {
    const root = engramFolder();
    await databaseFrom(root, []);
    const folder = temporaryFolder();
    const gopher = new Teammate(program);
    await gopher.open(folder);
    for (const path of [join(root, 'engram.db'), gopher.databasePath]) {
      withDatabase(path, (database) => {
        fillWithEverything(database);
        fillWithOddities(database);
      });
    }
    const printed = await gopher.run(folder, ['sync', ...(project === '' ? ['--all'] : ['--project', project])]);
    const id = /Created chunk (\w+)/.exec(printed)?.[1] ?? '';
    const options = { project, createdBy: 'gopher', includePersonal: true, includeDeleted: true };
    expect((await openIn(root).exportNew(options)).chunkIds).toEqual([id]);
    expect(chunkText(root, id)).toBe(chunkText(join(folder, '.engram'), id));
    expect(manifestText(root)).toBe(manifestText(join(folder, '.engram')));
  });

  it('writes the same chunk again from the database that its import made', async () => {
    const gopher = new Teammate(program);
    const folder = dirname(engramFolder());
    await gopher.open(folder);
    gopher.write(fillWithEverything);
    const id = (await gopher.exportTo(folder)) ?? '';
    const ours = openIn(join(folder, '.engram'));
    await ours.importChunks({});
    await ours.close();
    const second = engramFolder();
    copyFileSync(join(folder, '.engram', 'engram.db'), join(second, 'engram.db'));
    expect((await openIn(second).exportNew({ createdBy: 'gopher' })).chunkIds).toEqual([id]);
    expect(chunkText(second, id)).toBe(chunkText(join(folder, '.engram'), id));
  });
}

/** The version is ours to raise, and the time of an entry is another one on purpose (docs/formats.md). */
function manifestText(root: string): string {
  const text = readFileSync(join(root, 'manifest.json'), 'utf8');
  return text.replace(/"version": [12]/, '"version": 2').replace(/"created_at": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/, '"created_at": ""');
}
