import fc from 'fast-check';
import type { ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from '../../../src/engine/records.ts';

/** Any text that a row may hold: bad bytes (U+DCNN), NULs, marks, and none of the surrogates that no byte stands for. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed()),
  fc.constantFrom('', '\ufeffa', 'a\0b', 'bad\udcff', '\udce2\udc80', '\ufffd', 'o\'neil ? "x" -- ?'),
);
const int = fc.oneof(
  fc.maxSafeInteger().map((value) => value || 0),
  fc.constantFrom(2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)),
);
const id = fc.stringMatching(/^[a-z]{1,8}$/);

export const sessions: fc.Arbitrary<SessionRecord> = fc.record(
  { id, project: text, directory: text, startedAt: text, endedAt: text, summary: text },
  { requiredKeys: ['id', 'project', 'directory', 'startedAt'] },
);

export const observations: fc.Arbitrary<ObservationRecord> = fc.record(
  {
    id: fc.constant(1),
    syncId: id,
    sessionId: text,
    type: text,
    title: text,
    content: text,
    toolName: text,
    project: text,
    scope: text,
    topicKey: text,
    revisionCount: int,
    duplicateCount: int,
    lastSeenAt: text,
    createdAt: text,
    updatedAt: text,
    deletedAt: text,
  },
  {
    requiredKeys: [
      'id',
      'syncId',
      'sessionId',
      'type',
      'title',
      'content',
      'scope',
      'revisionCount',
      'duplicateCount',
      'createdAt',
      'updatedAt',
    ],
  },
);

export const prompts: fc.Arbitrary<PromptRecord> = fc.record(
  { id: fc.constant(1), syncId: id, sessionId: text, content: text, project: text, createdAt: text },
  { requiredKeys: ['id', 'syncId', 'sessionId', 'content', 'createdAt'] },
);

const confidence = fc.oneof(
  fc.constantFrom(0, 1, { raw: '0.85' }, { raw: '1e-7' }, { raw: '1e+21' }),
  fc.double({ min: 0.001, max: 0.999, noNaN: true }).map((value) => ({ raw: String(value) })),
);

export const relations: fc.Arbitrary<RelationRecord> = fc.record(
  {
    syncId: id,
    sourceId: text,
    targetId: text,
    relation: text,
    reason: text,
    evidence: text,
    confidence,
    judgmentStatus: text,
    markedByActor: text,
    markedByKind: text,
    markedByModel: text,
    sessionId: text,
    project: fc.constant(''),
    createdAt: text,
    updatedAt: text,
  },
  { requiredKeys: ['syncId', 'sourceId', 'targetId', 'relation', 'judgmentStatus', 'project', 'createdAt', 'updatedAt'] },
);

export function observation(fields: Partial<ObservationRecord>): ObservationRecord {
  return {
    id: 0,
    syncId: 'obs-1',
    sessionId: 's1',
    type: 'manual',
    title: 'A title',
    content: 'Some content',
    scope: 'project',
    revisionCount: 1,
    duplicateCount: 1,
    createdAt: '2026-01-02 03:04:05',
    updatedAt: '2026-01-02 03:04:05',
    ...fields,
  };
}
