import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../golden.ts';
import { engramFolder, openIn } from '../../support/folder.ts';

const EXPECTED = {
  AndyTechnologies__wasm: { name: 'AndyTechnologies__wasm-apps', chunks: 1, sessions: 5, observations: 15, prompts: 10, relations: 18 },
  Drakk3: { name: 'Drakk3__drakk3-assistant', chunks: 2, sessions: 18, observations: 53, prompts: 20, relations: 0 },
  FelipePepe: { name: 'FelipePepe__engram', chunks: 8, sessions: 13, observations: 73, prompts: 0, relations: 0 },
};
const isPresent = existsSync(corpusPath(EXPECTED.FelipePepe.name));
if (!isPresent) console.log('corpus not found, skipped');

describe.skipIf(!isPresent)('real folders', () => {
  it.each(Object.values(EXPECTED))('imports $name completely, and nothing more the second time', async ({ name, chunks, ...rows }) => {
    const root = engramFolder(corpusPath(name, '.engram'));
    const folder = openIn(root);
    const first = await folder.importChunks({});
    expect(first).toMatchObject({
      chunks,
      problems: [],
      sessions: rows.sessions,
      memories: rows.observations,
      prompts: rows.prompts,
      relations: rows.relations,
    });
    const state = await folder.state();
    expect(state.totals).toEqual(rows);
    expect(state.toShare).toMatchObject({ memories: 0, sessions: 0, prompts: 0, edits: 0, deletes: 0, relations: 0 });
    expect(await folder.importChunks({})).toMatchObject({
      chunks: 0,
      memories: 0,
      sessions: 0,
      prompts: 0,
      relations: 0,
      edits: 0,
      deletes: 0,
    });
    expect((await folder.exportNew({ includePersonal: true, includeDeleted: true })).chunkIds).toEqual([]);
    await folder.close();

    for (const database of ['engram.db', 'index.db']) rmSync(join(root, database));
    const again = openIn(root);
    await again.importChunks({});
    expect((await again.state()).totals).toEqual(rows);
    expect((await again.exportNew({ includePersonal: true, includeDeleted: true })).chunkIds).toEqual([]);
  });
});
