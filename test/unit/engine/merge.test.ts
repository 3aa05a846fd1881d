import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRows, mergeSessions, packSession, sameSession, unpackSession } from '../../../src/engine/merge.ts';
import type { JsonValue, ObservationRecord } from '../../../src/engine/records.ts';
import {
  observationVersion,
  type RowVersion,
  type SessionVersion,
  sessionVersion,
  tombstoneVersion,
} from '../../../src/engine/versions.ts';

const time = fc.constantFrom(
  '',
  '2025-01-02 03:04:05',
  '2025-01-02T03:04:05Z',
  '2025-01-02T03:04:05.5Z',
  '2026-01-01 00:00:00',
  'garbage',
  '1970-01-01 00:00:00',
);
const text = fc.constantFrom('', 'a', 'b', 'ab', 'é');
const extraValue: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue[]>(null, '', 'x', 1, true, [1], new Map([['k', 'v']]));
const extra = fc.dictionary(fc.constantFrom('review_after', 'category'), extraValue).map((o) => new Map(Object.entries(o)));
const changes = fc.dictionary(fc.constantFrom('project', 'summary', 'category'), time).map((o): JsonValue => new Map(Object.entries(o)));

const session: fc.Arbitrary<SessionVersion> = fc
  .record({
    project: text,
    directory: fc.constantFrom('', 'd', '(recovered-missing-session)'),
    startedAt: time,
    endedAt: time,
    summary: text,
    deletedAt: time,
    extra,
    at: fc.option(changes, { nil: undefined }),
  })
  .map(({ deletedAt, at, extra: known, ...fields }) =>
    sessionVersion({ id: 's', ...fields, extra: at ? new Map([...known, ['x_at', at]]) : known }, deletedAt),
  );

const live: fc.Arbitrary<RowVersion> = fc
  .record({
    title: text,
    content: text,
    updatedAt: time,
    revisionCount: fc.integer({ min: -1, max: 3 }),
    scope: fc.constantFrom('project', ' Personal', ''),
    extra,
  })
  .map((fields) => {
    const record: ObservationRecord = {
      id: 1,
      syncId: 'o',
      sessionId: 's',
      type: 't',
      createdAt: '2025-01-01 00:00:00',
      duplicateCount: 1,
      ...fields,
    };
    return observationVersion(record);
  });
const dead = time.map((deletedAt) => tombstoneVersion('observation', { key: 'o', sessionId: 's', project: '' }, deletedAt));
const row = fc.oneof({ weight: 4, arbitrary: live }, { weight: 1, arbitrary: dead });

/** Two rows are the same if nothing that is shared differs; which of two equal tombstones is kept does not matter. */
function same(a: RowVersion, b: RowVersion): boolean {
  return a.order === b.order && JSON.stringify([...a.extra].sort()) === JSON.stringify([...b.extra].sort());
}

describe('merging', () => {
  it('of rows is a join: commutative, associative, idempotent', () => {
    fc.assert(
      fc.property(row, row, row, (a, b, c) => {
        expect(same(mergeRows(a, b), mergeRows(b, a))).toBe(true);
        expect(same(mergeRows(mergeRows(a, b), c), mergeRows(a, mergeRows(b, c)))).toBe(true);
        expect(mergeRows(a, a)).toBe(a);
      }),
      { numRuns: 2000 },
    );
  });

  it('of sessions is a join', () => {
    fc.assert(
      fc.property(session, session, session, (a, b, c) => {
        expect(mergeSessions(a, b)).toEqual(mergeSessions(b, a));
        expect(mergeSessions(mergeSessions(a, b), c)).toEqual(mergeSessions(a, mergeSessions(b, c)));
        expect(sameSession(mergeSessions(a, a), a)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('of how a session is owned: project_owned over shared over blank over nothing', () => {
    const modes: readonly (string | undefined)[] = [undefined, '', 'shared', 'project_owned'];
    const owned = (mode: string | undefined): SessionVersion =>
      sessionVersion({
        id: 's',
        project: 'demo',
        directory: 'd',
        startedAt: '',
        ...(mode !== undefined && { extra: new Map([['ownership_mode', mode]]) }),
      });
    for (const [a, left] of modes.entries()) {
      for (const [b, right] of modes.entries()) {
        expect(mergeSessions(owned(left), owned(right)).extra.get('ownership_mode')).toBe(modes[Math.max(a, b)]);
      }
    }
  });

  it('packs and unpacks a session without loss', () => {
    fc.assert(
      fc.property(session, (a) => {
        expect(sameSession(unpackSession(packSession(a)), a)).toBe(true);
      }),
    );
  });

  it('lets the later edit win, a delete of the same instant win over it, and a later edit bring the memory back', () => {
    const record: ObservationRecord = {
      id: 1,
      syncId: 'o',
      sessionId: 's',
      type: 't',
      title: 'old',
      content: 'c',
      scope: 'project',
      revisionCount: 9,
      duplicateCount: 1,
      createdAt: '2025-01-01 00:00:00',
      updatedAt: '2025-01-02 00:00:00',
    };
    const old = observationVersion(record);
    const edited = observationVersion({ ...record, title: 'new', revisionCount: 1, updatedAt: '2025-01-02T00:00:01Z' });
    const deleted = tombstoneVersion('observation', { key: 'o', sessionId: 's', project: '' }, '2025-01-02 00:00:01');
    const back = observationVersion({ ...record, title: 'back', updatedAt: '2025-01-02 00:00:02' });
    expect(mergeRows(old, edited)).toBe(edited);
    expect(mergeRows(edited, deleted)).toBe(deleted);
    expect(mergeRows(deleted, back)).toBe(back);
  });
});
