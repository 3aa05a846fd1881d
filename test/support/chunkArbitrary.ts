import fc from 'fast-check';
import { deleteMutation, relationMutation, upsertMutation } from '../../src/engine/payloads.ts';
import type {
  ChunkData,
  JsonValue,
  ObservationRecord,
  PromptRecord,
  RelationRecord,
  SessionRecord,
  SyncMutation,
} from '../../src/engine/records.ts';
import { tombstoneVersion } from '../../src/engine/versions.ts';

/** Few of everything, so that chunks disagree about the same rows all the time. */
const sessionIds = fc.constantFrom('s1', 's2', 's3');
const memoryIds = fc.constantFrom('obs-1', 'obs-2', 'obs-3', 'obs-4');
const promptIds = fc.constantFrom('prompt-1', 'prompt-2');
const times = fc.constantFrom('2025-01-01 00:00:00', '2025-01-02 00:00:00', '2025-01-03 00:00:00', '2025-01-04 00:00:00', 'no time');
const words = fc.constantFrom('alpha', 'beta', 'gamma');
const extras = fc.option(fc.dictionary(fc.constantFrom('x_one', 'x_two'), fc.constantFrom<JsonValue>(1, 'a', true), { maxKeys: 2 }), {
  nil: undefined,
});

function withExtra<R>(record: R, extra: Readonly<Record<string, JsonValue>> | undefined): R {
  return extra && Object.keys(extra).length > 0 ? { ...record, extra: new Map(Object.entries(extra)) } : record;
}

const session: fc.Arbitrary<SessionRecord> = fc
  .record({
    id: sessionIds,
    project: fc.oneof(words, fc.constant('')),
    directory: fc.constantFrom('', 'here', 'elsewhere'),
    startedAt: times,
    end: fc.option(times),
    summary: fc.option(words),
    extra: extras,
  })
  .map(({ end, summary, extra, ...rest }) => withExtra({ ...rest, ...(end && { endedAt: end }), ...(summary && { summary }) }, extra));

const observation: fc.Arbitrary<ObservationRecord> = fc
  .record({
    syncId: memoryIds,
    sessionId: sessionIds,
    title: words,
    content: words,
    revisionCount: fc.integer({ min: 1, max: 2 }),
    createdAt: times,
    updatedAt: times,
    extra: extras,
  })
  .map(({ extra, ...rest }) =>
    withExtra({ id: 1, type: 'decision', scope: 'project', project: 'demo', duplicateCount: 1, ...rest }, extra),
  );

const prompt: fc.Arbitrary<PromptRecord> = fc
  .record({ syncId: promptIds, sessionId: sessionIds, content: words, createdAt: times, extra: extras })
  .map(({ extra, ...rest }) => withExtra({ id: 1, project: 'demo', ...rest }, extra));

const relation: fc.Arbitrary<RelationRecord> = fc
  .record({
    syncId: fc.constantFrom('rel-1', 'rel-2'),
    sourceId: memoryIds,
    targetId: memoryIds,
    relation: words,
    createdAt: times,
    updatedAt: times,
  })
  .map((rest) => ({ judgmentStatus: 'judged', project: 'demo', ...rest }));

const deletion: fc.Arbitrary<SyncMutation> = fc
  .oneof(
    fc.tuple(fc.constant('observation' as const), memoryIds),
    fc.tuple(fc.constant('prompt' as const), promptIds),
    fc.tuple(fc.constant('relation' as const), fc.constantFrom('rel-1', 'rel-2')),
  )
  .chain(([entity, key]) => times.map((time) => deleteMutation(tombstoneVersion(entity, { key, sessionId: 's1', project: 'demo' }, time))));

const mutation: fc.Arbitrary<SyncMutation> = fc.oneof(
  { weight: 2, arbitrary: observation.map((record) => upsertMutation('observation', record.syncId, record)) },
  { weight: 1, arbitrary: prompt.map((record) => upsertMutation('prompt', record.syncId, record)) },
  { weight: 2, arbitrary: relation.map(relationMutation) },
  { weight: 2, arbitrary: deletion },
);

/** A chunk of rows, edits, deletions and relations, complete or not. */
export const chunkData: fc.Arbitrary<ChunkData> = fc.record({
  sessions: fc.array(session, { maxLength: 2 }),
  observations: fc.array(observation, { maxLength: 3 }),
  prompts: fc.array(prompt, { maxLength: 2 }),
  mutations: fc.array(mutation, { maxLength: 3 }),
});
