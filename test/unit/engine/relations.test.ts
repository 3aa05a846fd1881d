import { expect, it } from 'vitest';
import { loadSqlJs } from '../../../src/adapters/sqlJs.ts';
import { deleteMutation, relationMutation, upsertMutation } from '../../../src/engine/payloads.ts';
import type { ChunkData, ObservationRecord, RelationRecord } from '../../../src/engine/records.ts';
import { observationVersion, tombstoneVersion } from '../../../src/engine/versions.ts';
import { MemberDatabase, packed } from '../../support/memberDatabase.ts';
import { WASM_PATH } from '../../support/wasm.ts';

const time = '2025-01-01 00:00:00';
const memory = (syncId: string): ObservationRecord => ({
  id: 1,
  syncId,
  sessionId: 's1',
  type: 'decision',
  title: syncId,
  content: syncId,
  scope: 'project',
  revisionCount: 1,
  duplicateCount: 1,
  createdAt: time,
  updatedAt: time,
});
const relation = (targetId: string, updatedAt: string): RelationRecord => ({
  syncId: 'rel-1',
  sourceId: 'obs-1',
  targetId,
  relation: 'related',
  judgmentStatus: 'judged',
  project: 'demo',
  createdAt: time,
  updatedAt,
});
const chunk = (mutations: ChunkData['mutations'], observations: readonly ObservationRecord[] = []): ChunkData => ({
  sessions: [],
  observations,
  prompts: [],
  ...(mutations && { mutations }),
});

it('a later version of a relation that has to wait replaces the earlier one, whichever comes first', async () => {
  const sqlJs = await loadSqlJs(WASM_PATH);
  const chunks = [
    chunk([relationMutation(relation('obs-2', time))], [memory('obs-1'), memory('obs-2')]),
    chunk([relationMutation(relation('obs-far', '2025-01-02 00:00:00'))]),
  ].map(packed);
  const far = packed(chunk([upsertMutation('observation', 'obs-far', memory('obs-far'))]));
  for (const order of [chunks, chunks.toReversed()]) {
    const member = new MemberDatabase(sqlJs, new Map([...chunks, far].map(({ id, bytes }) => [id, bytes])));
    await member.import(order.map(({ id }) => id));
    expect([...member.store.relations()]).toEqual([]);
    expect(member.index.deferredRelations().map(({ targetId }) => targetId)).toEqual(['obs-far']);
    await member.import();
    expect([...member.store.relations()].map(({ targetId }) => targetId)).toEqual(['obs-far']);
    member.close();
  }
});

it.each(['2025-01-03 00:00:00', '2025-01-03T00:00:00.25Z', '2025-01-03T02:00:00+02:00'])(
  'a deletion (%s) that is known before its memory leaves the same rows as one that comes after it',
  async (deletedAt) => {
    const sqlJs = await loadSqlJs(WASM_PATH);
    const chunks = [
      chunk([relationMutation(relation('obs-2', time))], [memory('obs-1'), memory('obs-2')]),
      chunk([deleteMutation(tombstoneVersion('observation', { key: 'obs-2', sessionId: 's1', project: 'demo' }, deletedAt))]),
    ].map(packed);
    const [inOrder, reversed] = await Promise.all(
      [chunks, chunks.toReversed()].map(async (order) => {
        const member = new MemberDatabase(sqlJs, new Map(chunks.map(({ id, bytes }) => [id, bytes])));
        for (const { id } of order) await member.import([id]);
        await member.import();
        return member;
      }),
    );
    if (!inOrder || !reversed) throw new Error('two members');
    expect(reversed.index.deferredRelations()).toEqual([]);
    expect([...reversed.store.relations()].map(({ targetId }) => targetId)).toEqual(['obs-2']);
    const live = ({ store }: MemberDatabase) => [...store.observations()].filter((row) => !row.deletedAt).map(({ syncId }) => syncId);
    expect(live(reversed)).toEqual(['obs-1']);
    const orders = ({ store }: MemberDatabase) => [...store.observations()].map((row) => observationVersion(row).order).sort();
    expect(orders(reversed)).toEqual(orders(inOrder));
    for (const member of [inOrder, reversed]) member.close();
  },
);
