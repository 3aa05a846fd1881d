import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../support/goldenCase.ts';
import { unnumbered } from '../../support/goldenExpected.ts';
import { runCase } from '../../support/goldenRun.ts';
import { expectedOf, testGoldenTable } from '../../support/goldenTable.ts';
import { IMPORT_TABLE } from './importDifferences.ts';

const cases = testGoldenTable(IMPORT_TABLE);

/** Every case whose chunk waits because its name is not its hash, by what a person gets who imports it all the same. */
const NAMED: Readonly<Record<string, { readonly id: string; readonly gets: 'the golden rows' | 'a problem' }>> = {
  'file-two-gzip-members': { id: 'aaaaaaaa', gets: 'the golden rows' },
  'file-trailing-newline': { id: 'aaaaaaaa', gets: 'the golden rows' },
  'file-latin1': { id: 'aaaaaaaa', gets: 'the golden rows' },
  'file-null-document': { id: 'aaaaaaaa', gets: 'the golden rows' },
  'file-empty-object': { id: 'aaaaaaaa', gets: 'the golden rows' },
  'hash-mismatch': { id: 'deadbeef', gets: 'the golden rows' },
  'id-uppercase': { id: 'ABCDEF01', gets: 'the golden rows' },
  'file-bare-record': { id: 'aaaaaaaa', gets: 'a problem' },
  'file-not-json': { id: 'aaaaaaaa', gets: 'a problem' },
  'file-two-documents': { id: 'aaaaaaaa', gets: 'a problem' },
  'file-bom': { id: 'aaaaaaaa', gets: 'a problem' },
  'file-array-root': { id: 'aaaaaaaa', gets: 'a problem' },
};

describe.skipIf(cases.length === 0)('an altered chunk that a person names', () => {
  it.each(Object.entries(NAMED))('%s', async (name, { id, gets }) => {
    const one = cases.find((candidate) => candidate.name === name);
    if (!one) throw new Error('no such case');
    const after = await runCase(one, [{ op: 'import', db: 'b', dir: 'x', ids: [id] }]);
    if (gets === 'a problem') {
      expect(after.results.at(-1)).toMatchObject({ ok: { chunks_imported: 0, problems: [`chunk-corrupt ${id}`] } });
      expect(rowsOf(after)).toEqual(rowsOf(expectedOf(IMPORT_TABLE, cases, one)));
    } else {
      expect(after.results.at(-1)).toMatchObject({ ok: { chunks_imported: 1 } });
      expect(rowsOf(after)).toEqual(rowsOf(one.outcomes['v1.14.0']));
    }
  });

  it('is each that waits for one', () => {
    const altered = cases.filter((one) => JSON.stringify(expectedOf(IMPORT_TABLE, cases, one).results).includes('chunk-altered'));
    expect(altered.map((one) => one.name).sort()).toEqual(Object.keys(NAMED).sort());
  });
});

function rowsOf({ databases }: Outcome): unknown {
  return unnumbered(databases['b'] ?? {});
}
