import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSqlJs } from '../../../../src/adapters/sqlJs.ts';
import { canonicalPayload } from '../../../../src/engine/cloud/canonicalPayload.ts';
import { goTrim } from '../../../../src/engine/goText.ts';
import { applyLegacyRepairs, diagnoseLegacyMutations } from '../../../../src/engine/upgrade/legacyMutations.ts';
import { SqlCloudStore } from '../../../../src/store/cloudStore.ts';
import { SqlMemoryStore } from '../../../../src/store/memoryStore.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../../simulation/memberDatabases.ts';
import { WASM_PATH } from '../../../support/wasm.ts';
import { observation } from '../../store/records.ts';

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

const AT = '2026-11-24 10:00:00';
const text = fc.constantFrom('', ' ', 's1', 'obs-1', 'prompt-1', 'rel-1', 's-nodir', 'other', ' s1 ', 'demo', 'ñ <b>', '\u0000');
const value = fc.oneof({ weight: 8, arbitrary: text }, fc.constantFrom(null, true, 0, 7, -1, 1.5, [], {}));

/** What a sound payload says; the tests leave things out of it and put others in. */
const SOUND: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  session: { id: 's1', project: 'demo', directory: '/d', started_at: AT },
  observation: { sync_id: 'obs-1', session_id: 's1', type: 'decision', title: 'T', content: 'C', scope: 'project', revision_count: 1 },
  prompt: { sync_id: 'prompt-1', session_id: 's1', content: 'P' },
  relation: {
    ...{ sync_id: 'rel-1', source_id: 'obs-1', target_id: 'obs-2', relation: 'related' },
    ...{ judgment_status: 'judged', marked_by_actor: 'ana', marked_by_kind: 'human' },
  },
};
const ENTITIES = [...Object.keys(SOUND), ' session', 'project', 'constructor'];
const EXTRAS = [
  'id',
  'sync_id',
  'session_id',
  'title',
  'TITLE',
  'revision_count',
  'deleted',
  'hard_delete',
  'unknown',
  'directory',
  'project',
];

const row = fc.constantFrom(...ENTITIES).chain((entity) => {
  const sound = SOUND[entity.trim()] ?? {};
  const key = String(sound['id'] ?? sound['sync_id'] ?? '');
  const fields = fc
    .tuple(
      fc.subarray(Object.keys(sound), { minLength: Math.max(0, Object.keys(sound).length - 2) }),
      fc.dictionary(fc.constantFrom(...EXTRAS), value, { maxKeys: 1 }),
    )
    .map(([kept, extras]) => JSON.stringify({ ...Object.fromEntries(kept.map((name) => [name, sound[name]])), ...extras }));
  return fc.record({
    entity: fc.constant(entity),
    entityKey: fc.oneof({ weight: 5, arbitrary: fc.constant(key) }, text),
    op: fc.constantFrom('upsert', 'upsert', 'delete', ' upsert', 'update'),
    payload: fc.oneof(
      { weight: 10, arbitrary: fields },
      fields.map((json) => JSON.stringify(json)),
      fc.constantFrom('', ' ', 'null', '[]', '7', '"', '{', '"null"', '{"id":"s1"} {}'),
    ),
    project: fc.constantFrom('demo', 'demo', 'demo', ''),
  });
});

describe('the journal rows that the cloud would refuse', () => {
  it('are found, all of them and no others; what can be completed is taken afterwards', () => {
    const [completed, hopeless, sound] = [new Set<string>(), new Set<string>(), new Set<string>()];
    fc.assert(
      fc.property(row, (mutation) => {
        const database = openSqlJs(kit.sqlJs, kit.memories);
        const [cloud, store] = [new SqlCloudStore(database), new SqlMemoryStore(database)];
        store.writeSession({ id: 's1', project: 'demo', directory: '/home/ana/demo', startedAt: AT });
        store.writeSession({ id: 's-nodir', project: 'demo', directory: '', startedAt: AT });
        store.writeObservation(observation({ syncId: 'obs-1', sessionId: 's1', project: 'demo' }));
        store.writePrompt({ id: 0, syncId: 'prompt-1', sessionId: 's1', content: 'A prompt', project: 'demo', createdAt: AT });
        cloud.enqueue(mutation, AT);
        const before = diagnoseLegacyMutations({ cloud, store }, 'demo');
        applyLegacyRepairs(cloud, before);
        const after = diagnoseLegacyMutations({ cloud, store }, 'demo');
        expect({ repairable: after.repairable, blocked: after.blocked }).toEqual({ repairable: [], blocked: before.blocked });
        const [pending] = cloud.pendingMutations(0, 1);
        database.close();
        const isOurs = mutation.project === 'demo' || before.repairable.length + before.blocked.length > 0;
        if (!isOurs || pending === undefined) return;
        const taken = isTaken({ ...mutation, payload: pending.payload });
        expect({ taken, blocked: before.blocked.map(({ message }) => message) }).toEqual({
          taken: before.blocked.length === 0,
          blocked: expect.anything(),
        });
        (before.blocked.length > 0 ? hopeless : before.repairable.length > 0 ? completed : sound).add(JSON.stringify(mutation));
      }),
      { numRuns: 1000 },
    );
    console.log(`legacy mutations: ${sound.size} sound, ${completed.size} completed, ${hopeless.size} hopeless`);
    for (const seen of [sound, completed, hopeless]) expect(seen.size).toBeGreaterThan(20);
  });
});

/** What the canonical form of a chunk demands of a mutation (`canonical.json`, golden). */
function isTaken({ entity, entityKey, op, payload: json }: { entity: string; entityKey: string; op: string; payload: string }): boolean {
  const [name, operation, key, trimmed] = [entity, op, entityKey, json].map(goTrim) as [string, string, string, string];
  const isKnown = ['session', 'observation', 'prompt', 'relation'].includes(name) && ['upsert', 'delete'].includes(operation);
  if (!isKnown || (name === 'relation' && operation === 'delete') || trimmed === '') return false;
  try {
    const canonical = canonicalPayload({ entity: name, op: operation, payload: trimmed }, 'demo');
    return key === '' || key === canonical.key;
  } catch {
    return false;
  }
}
