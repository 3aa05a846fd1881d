import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadSqlJs } from '../../../src/adapters/sqlJs.ts';
import type { ObservationRecord } from '../../../src/engine/records.ts';
import { deleteMemory } from '../../../src/store/saveMemory.ts';
import { emptyFolder, type GoChunk, type ModelFolder, readChunk } from '../../models/chunkFolder.ts';
import { BlankDatabases, OurMember } from '../../support/ourMember.ts';
import { WASM_PATH } from '../../support/wasm.ts';

const NOW_MS = Date.parse('2025-03-01T12:00:00Z');
let blank: BlankDatabases;

beforeAll(async () => {
  blank = new BlankDatabases(await loadSqlJs(WASM_PATH));
});

function memberIn(folder: ModelFolder, name: string): OurMember {
  const member = new OurMember(blank, { name, clock: { now: () => NOW_MS }, folder });
  onTestFinished(() => member.close());
  return member;
}

function row(syncId: string, sessionId: string): ObservationRecord {
  const text = { type: 'manual', title: syncId, content: syncId, project: 'demo', scope: 'project' };
  const time = '2025-03-01 10:00:00';
  return { id: 0, syncId, sessionId, ...text, revisionCount: 1, duplicateCount: 1, createdAt: time, updatedAt: time };
}

async function exported(member: OurMember): Promise<GoChunk | undefined> {
  const [id] = (await member.exportNew()).chunkIds;
  return id === undefined ? undefined : readChunk(member.folder, id);
}

/** What random histories found (writerRules.test.ts): chunks that older programs stall at, or that make them lose something. */
describe('a chunk', () => {
  it('has a placeholder for a row whose session is gone, or v1.14.0 stops at it', async () => {
    const alice = memberIn(emptyFolder(), 'alice');
    alice.store.writeObservation(row('obs-1', 'gone'));
    alice.store.writeObservation(row('obs-2', 'gone'));
    expect((await exported(alice))?.sessions).toEqual([
      { id: 'gone', project: 'demo', directory: '(recovered-missing-session)', startedAt: '1970-01-01 00:00:00' },
    ]);
  });

  it('carries a session with what a chunk says that waits to be imported, because v1.16.1 overwrites it', async () => {
    const folder = emptyFolder();
    const [alice, bob] = [memberIn(folder, 'alice'), memberIn(folder, 'bob')];
    const session = { id: 'shared', project: 'demo', startedAt: '2025-03-01 09:00:00' };
    alice.store.writeSession({ ...session, directory: '/home/alice', endedAt: '2025-03-01 11:00:00', summary: 'done' });
    await alice.exportNew();
    bob.store.writeSession({ ...session, directory: '/home/b' });
    bob.store.writeObservation(row('obs-1', 'shared'));
    expect((await exported(bob))?.sessions).toEqual([
      { ...session, directory: '/home/alice', endedAt: '2025-03-01 11:00:00', summary: 'done' },
    ]);
  });

  it('waits with a relation whose end was deleted in a chunk that waits, or v1.16.1 brings the memory back', async () => {
    const folder = emptyFolder();
    const [alice, bob] = [memberIn(folder, 'alice'), memberIn(folder, 'bob')];
    alice.store.writeSession({ id: 's', project: 'demo', directory: '/w', startedAt: '2025-03-01 09:00:00' });
    for (const id of ['obs-1', 'obs-2']) alice.store.writeObservation(row(id, 's'));
    await alice.exportNew();
    await bob.importNew();
    deleteMemory(bob.database, 'obs-2', NOW_MS);
    await bob.exportNew();
    const relation = {
      syncId: 'rel-1',
      sourceId: 'obs-1',
      targetId: 'obs-2',
      relation: 'related',
      judgmentStatus: 'judged',
      project: 'demo',
    };
    alice.store.writeRelation({ ...relation, createdAt: '2025-03-01 11:00:00', updatedAt: '2025-03-01 11:00:00' });
    expect(await alice.exportNew()).toMatchObject({ chunkIds: [], heldBack: 1 });
  });
});

describe('an imported session', () => {
  it('without a directory stays a known one: only one of which nothing is known is a placeholder', async () => {
    const folder = emptyFolder();
    const [alice, bob] = [memberIn(folder, 'alice'), memberIn(folder, 'bob')];
    const session = { id: 'manual-save-demo', project: 'demo', directory: '', startedAt: '2025-03-01 09:00:00' };
    alice.store.writeSession(session);
    await alice.exportNew();
    await bob.importNew();
    expect(bob.store.session('manual-save-demo')).toEqual(session);
  });
});
