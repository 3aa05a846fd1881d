import { describe, expect, it } from 'vitest';
import { atEachMoment, TURNING_POINTS, viewIsWhatSqliteMakes, walProperties } from '../../support/walProperties.ts';
import { testSqlJs } from '../store/testDatabase.ts';

describe('a live database', async () => {
  const sqlJs = await testSqlJs();
  const shape = { pageSize: 512, autoCheckpoint: 0, autoVacuum: false };
  const commit = { do: 'commit', rows: 20, bytes: 200 } as const;
  const outcomes = { read: 0, busy: 0 };

  /** A full run is in `npm run test:soak`. */
  it.each(walProperties(sqlJs, outcomes))('$name', ({ check }) => check({ numRuns: 30 }), 120_000);

  it('is read as a rule, and seldom too restless', () => {
    expect(outcomes.read).toBeGreaterThan(outcomes.busy);
  });

  it('is read with checksums of the other byte order', () =>
    viewIsWhatSqliteMakes(sqlJs, { shape, steps: [commit], damage: { kind: 'other-byte-order' } }));

  it('is read without what stands in the log from before it was begun anew', () =>
    viewIsWhatSqliteMakes(sqlJs, {
      shape,
      steps: [commit, { do: 'checkpoint', mode: 'RESTART' }, { do: 'commit', rows: 1, bytes: 0 }],
      damage: { kind: 'none' },
    }));

  it('is read as SQLite reads it whichever byte of the headers is wrong', async () => {
    for (let at = 0; at < 32 + 24; at++) await viewIsWhatSqliteMakes(sqlJs, { shape, steps: [commit], damage: { kind: 'scribbled', at } });
  });

  it.each(Object.entries(TURNING_POINTS))('is read whole when %s at any moment of reading', async (_what, steps) => {
    const before = { shape, steps: [commit] };
    const withLog = await atEachMoment(sqlJs, before, steps);
    const withoutLog = await atEachMoment(sqlJs, { ...before, steps: [...before.steps, { do: 'checkpoint', mode: 'TRUNCATE' }] }, steps);
    expect(Math.min(withLog, withoutLog)).toBeGreaterThan(8);
  });
});
