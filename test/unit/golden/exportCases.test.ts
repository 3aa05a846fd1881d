import { describe, expect, it } from 'vitest';
import { runCase } from '../../support/goldenRun.ts';
import { testGoldenTable } from '../../support/goldenTable.ts';
import { EXPORT_TABLE } from './exportDifferences.ts';

const cases = testGoldenTable(EXPORT_TABLE);

const conflict = cases.find((one) => one.name === 'manifest-conflict');

describe.skipIf(!conflict)('the golden manifest with conflict markers', () => {
  it('heals to both sides, and what waited is exported then', async () => {
    if (!conflict) throw new Error('no such case');
    const place = { db: 'a', dir: 'x' };
    const { results, folders } = await runCase(conflict, [
      { op: 'heal', ...place },
      { op: 'export', ...place, by: 'alice', project: '' },
    ]);
    expect(results.at(-1)).toMatchObject({ ok: { observations_exported: 1, is_empty: false } });
    const manifest: { version: number; chunks: { id: string }[] } = JSON.parse(folders['x']?.['manifest.json'] ?? '');
    expect(manifest.version).toBe(2);
    expect(manifest.chunks.map((entry) => entry.id)).toEqual(['11111111', '22222222', '3a9983a3']);
  });
});
