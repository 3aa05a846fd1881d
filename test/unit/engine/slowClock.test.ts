import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSqlJs, type SqlJs } from '../../../src/adapters/sqlJs.ts';
import { FolderRights } from '../../../src/engine/folderRights.ts';
import type { ChunkId } from '../../../src/engine/manifest.ts';
import { SlowClock } from '../../../src/engine/slowClock.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { emptyFolder, type ModelFolder } from '../../models/chunkFolder.ts';
import { JournallingAgent } from '../../support/journallingAgent.ts';
import { BlankDatabases, OurMember } from '../../support/ourMember.ts';
import { WASM_PATH } from '../../support/wasm.ts';

const sqlJs: SqlJs = await loadSqlJs(WASM_PATH);
const blank = new BlankDatabases(sqlJs);
const ELEVEN = Date.UTC(2026, 10, 25, 11);
const HOUR = 3_600_000;

/** A member, and the agent that works in the same database by the same clock. */
class Pair {
  now: number;
  readonly member: OurMember;
  readonly agent: JournallingAgent;

  constructor(name: string, folder: ModelFolder, now: number) {
    this.now = now;
    const clock = { now: () => this.now };
    this.member = new OurMember(blank, { name, clock, folder });
    this.agent = new JournallingAgent(() => this.member.database, clock);
  }

  content(syncId: string): string | undefined {
    const row = this.member.store.observation(syncId);
    return row?.deletedAt ? undefined : row?.content;
  }

  updatedAt(syncId: string): string | undefined {
    return this.member.store.observation(syncId)?.updatedAt;
  }

  async sync(): Promise<readonly string[]> {
    await this.member.importNew();
    return (await this.member.exportNew()).chunkIds;
  }
}

let folder: ModelFolder;
/** Her clock is an hour fast. */
let ann: Pair;
let bob: Pair;

beforeEach(async () => {
  folder = emptyFolder();
  ann = new Pair('ann', folder, ELEVEN + HOUR);
  bob = new Pair('bob', folder, ELEVEN);
  ann.agent.save('obs-1', { sessionId: 's', title: 'T', content: 'first' });
  ann.agent.save('obs-2', { sessionId: 's', title: 'U', content: 'other' });
  await ann.sync();
  await bob.sync();
});
afterEach(() => {
  for (const { member } of [ann, bob]) member.close();
});

describe('a change that an agent made with a clock that is behind', () => {
  it('is what all end with: an edit', async () => {
    bob.agent.edit('obs-1', 'second');
    expect((await bob.member.plan()).edits).toMatchObject([{ record: { content: 'second', updatedAt: '2026-11-25 12:00:01' } }]);
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 11:00:00');
    expect(await bob.sync()).toHaveLength(1);
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 12:00:01');
    await ann.sync();
    expect(ann.content('obs-1')).toBe('second');
    expect([await ann.sync(), await bob.sync(), await ann.sync()].flat()).toEqual([]);
  });

  it('is what all end with: edit upon edit, shared in between or not', async () => {
    for (const text of ['second', 'third', 'fourth']) {
      bob.agent.edit('obs-1', text);
      await bob.sync();
    }
    bob.agent.edit('obs-1', 'fifth');
    bob.agent.edit('obs-1', 'sixth');
    await bob.sync();
    await ann.sync();
    expect([ann, bob].map((pair) => pair.content('obs-1'))).toEqual(['sixth', 'sixth']);
  });

  it.each([true, false])('is what all end with: a deletion, for good: %s', async (isHard) => {
    bob.agent.remove('obs-1', isHard);
    expect((await bob.member.plan()).deletes).toMatchObject([{ deletedAt: '2026-11-25 12:00:01' }]);
    await bob.sync();
    await ann.sync();
    expect([ann, bob].map((pair) => pair.content('obs-1'))).toEqual([undefined, undefined]);
    bob.member.loseIndex();
    expect([await bob.sync(), await ann.sync()].flat()).toEqual([]);
    expect(bob.content('obs-1')).toBeUndefined();
  });

  it('is what all end with: the deletion of a prompt', async () => {
    ann.member.store.writePrompt({
      id: 0,
      syncId: 'prompt-1',
      sessionId: 's',
      content: 'P',
      project: 'demo',
      createdAt: '2026-11-25 12:00:00',
    });
    await ann.sync();
    await bob.sync();
    bob.agent.removePrompt('prompt-1');
    expect((await bob.member.plan()).deletes).toMatchObject([{ entity: 'prompt', deletedAt: '2026-11-25 12:00:01' }]);
    await bob.sync();
    await ann.sync();
    expect([...ann.member.store.prompts()]).toEqual([]);
  });

  it('is what all end with: the judgement of a relation', async () => {
    const relation = { syncId: 'rel-1', sourceId: 'obs-1', targetId: 'obs-2', relation: 'related', judgmentStatus: 'pending', project: '' };
    ann.member.store.writeRelation({ ...relation, createdAt: '2026-11-25 12:00:00', updatedAt: '2026-11-25 12:00:00' });
    await ann.sync();
    await bob.sync();
    bob.agent.judge('rel-1', 'because');
    expect((await bob.member.plan()).relations).toMatchObject([{ reason: 'because', updatedAt: '2026-11-25 12:00:01' }]);
    await bob.sync();
    await ann.sync();
    expect(ann.member.store.relation('rel-1')?.reason).toBe('because');
    expect([await ann.sync(), await bob.sync()].flat()).toEqual([]);
  });

  it('is what all end with: a session that is ended again with a shorter summary and an earlier end', async () => {
    ann.agent.endSession('s', 'a long summary');
    await ann.sync();
    await bob.sync();
    for (const summary of ['short', 'brief', 'x']) {
      bob.agent.endSession('s', summary);
      expect((await bob.member.plan()).sessions).toMatchObject([{ id: 's', summary }]);
      await bob.sync();
      await ann.sync();
      expect(ann.member.store.session('s')).toMatchObject({ summary, endedAt: '2026-11-25 11:00:00' });
      expect([await ann.sync(), await bob.sync()].flat()).toEqual([]);
    }
    ann.agent.endSession('s', 'y');
    await ann.sync();
    await bob.sync();
    expect(bob.member.store.session('s')).toMatchObject({ summary: 'y', endedAt: '2026-11-25 12:00:00' });
  });

  it('is not the loss of a summary that nobody meant to delete', async () => {
    ann.agent.endSession('s', 'a summary');
    await ann.sync();
    await bob.sync();
    bob.agent.endSession('s', '');
    await bob.sync();
    expect(bob.member.store.session('s')?.summary).toBe('a summary');
    await ann.sync();
    expect(ann.member.store.session('s')?.summary).toBe('a summary');
  });

  it('loses to what somebody else made later, and to nothing earlier', async () => {
    bob.agent.edit('obs-1', 'slow');
    ann.now += 1000 * 60;
    ann.agent.edit('obs-1', 'later');
    await ann.sync();
    await bob.sync();
    await ann.sync();
    expect([ann, bob].map((pair) => pair.content('obs-1'))).toEqual(['later', 'later']);
    bob.agent.edit('obs-1', 'made from it');
    await bob.sync();
    await ann.sync();
    expect(ann.content('obs-1')).toBe('made from it');
  });

  it('is stamped before a chunk is merged that holds the same version again', async () => {
    bob.agent.edit('obs-1', 'second');
    folder.chunks.set('again', again(folder, 'obs-1'));
    await bob.member.importNew();
    expect(bob.content('obs-1')).toBe('second');
  });

  it('is the same version by whoever it is stamped, however often, also in a database that comes from a backup', async () => {
    bob.agent.edit('obs-1', 'second');
    const backup = bob.member.database.export();
    await bob.member.stampSlowChanges();
    const index = bob.member.index.note('journal');
    await bob.member.stampSlowChanges();
    expect([bob.updatedAt('obs-1'), bob.member.index.note('journal')]).toEqual(['2026-11-25 12:00:01', index]);
    await bob.sync();
    bob.now += 30 * 24 * HOUR;
    bob.member.restore(backup);
    bob.member.index.setNote('journal', '0');
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 12:00:01');
    expect(await bob.sync()).toEqual([]);
  });

  it('is stamped before a chunk is merged, when it was made after the request had begun', async () => {
    folder.chunks.set('again', again(folder, 'obs-1'));
    bob.member.folder = beforeReading(folder, () => bob.agent.edit('obs-1', 'second'));
    await bob.member.importNew();
    expect(bob.content('obs-1')).toBe('second');
  });

  it('is stamped in the gaps of a long import, and looked at again when the chunk counts', async () => {
    folder.chunks.set('again', again(folder, 'obs-1'));
    const { member } = bob;
    member.store = new SqlMemoryStore(member.database, { pieces: { pieceMs: 0, gapMs: 5 } });
    const inGap = setInterval(() => {
      if (member.database.inTransaction || bob.content('obs-1') === 'second') return;
      bob.agent.edit('obs-1', 'second');
      clearInterval(inGap);
    }, 1);
    await member.importNew();
    clearInterval(inGap);
    expect(bob.content('obs-1')).toBe('second');
    await bob.sync();
    await ann.sync();
    expect(ann.content('obs-1')).toBe('second');
  });

  it('is stamped after the agent’s own change before it, which may have left through the program’s cloud', async () => {
    bob.now = ELEVEN + 3 * HOUR;
    bob.agent.edit('obs-1', 'fast');
    bob.now = ELEVEN;
    bob.agent.edit('obs-1', 'slow');
    await bob.sync();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 14:00:01');
  });

  it('is stamped after what the cloud brought, too', async () => {
    const id = 'cloud:demo/c1' as ChunkId;
    const counts = { sessions: 0, memories: 1, prompts: 0, relations: 0, rejected: 0, size: 0, mtimeMs: 0 };
    bob.member.index.putChunk({ id, sha256: '', createdBy: '', createdAt: '', ...counts, exportedHere: false, merged: true });
    const [holding] = bob.member.index.holdings('observation', 'obs-1');
    const order = `2026-11-25T13:00:00.000000000${holding?.order.slice(29)}`;
    bob.member.index.addHolding({ chunkId: id, entity: 'observation', key: 'obs-1', inArray: true, order, json: '' });
    bob.agent.edit('obs-1', 'second');
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 13:00:01');
  });
});

/** Lets something happen before the first chunk is read. */
function beforeReading(from: ModelFolder, happen: () => void): ModelFolder {
  let isFirst = true;
  const get = (id: string): Uint8Array | undefined => {
    if (isFirst) happen();
    isFirst = false;
    return from.chunks.get(id);
  };
  return { ...from, chunks: Object.assign(new Map(from.chunks), { get }) };
}

/** A chunk of another exporter that holds a row once more, as it is. */
function again(from: ModelFolder, syncId: string): Uint8Array {
  for (const bytes of from.chunks.values()) {
    const data = JSON.parse(new TextDecoder().decode(bytes)) as { observations: { sync_id: string }[]; sessions: unknown };
    const row = data.observations.find((one) => one.sync_id === syncId);
    if (row) return new TextEncoder().encode(JSON.stringify({ ...data, observations: [row] }));
  }
  throw new Error(`${syncId} is in no chunk`);
}

describe('no change of an agent', () => {
  it('is what the program pulled from its cloud, older than what is here', async () => {
    bob.agent.pull('obs-1', { content: 'from the cloud', updatedAt: '2026-11-25 09:00:00' });
    await nothing(bob);
  });

  it('is what the program journals to make its journal complete', async () => {
    bob.agent.pull('obs-1', { content: 'from the cloud', updatedAt: '2026-11-25 09:00:00' });
    bob.agent.backfill();
    await nothing(bob);
  });

  it('is an agent’s own change that came back by the program’s cloud after a later one had won', async () => {
    bob.agent.edit('obs-1', 'slow');
    await bob.sync();
    ann.now += 60_000;
    await ann.sync();
    ann.agent.edit('obs-1', 'later');
    await ann.sync();
    await bob.sync();
    bob.agent.pull('obs-1', { content: 'slow', updatedAt: '2026-11-25 11:00:00', revisionCount: 2 });
    await nothing(bob);
  });

  it('is what a pull has put over an agent’s change', async () => {
    bob.agent.edit('obs-1', 'slow');
    bob.agent.pull('obs-1', { content: 'from the cloud', updatedAt: '2026-11-25 09:00:00' });
    await nothing(bob);
  });

  it('is a row that v1.14 inserted again blindly', async () => {
    const { store, database } = bob.member;
    const row = store.observation('obs-1');
    database.run(
      `INSERT INTO observations(sync_id, session_id, type, title, content, project, scope, created_at, updated_at)
      VALUES('obs-1', 's', 'manual', 'T', 'older', 'demo', 'project', ?, '2026-11-25 09:00:00')`,
      [row?.createdAt ?? ''],
    );
    await nothing(bob);
  });

  it('is an older change of ours that loses to a chunk which was only read', async () => {
    ann.now += 60_000;
    ann.agent.edit('obs-1', 'later');
    await ann.sync();
    bob.now = ELEVEN + HOUR + 1000;
    bob.agent.edit('obs-1', 'earlier');
    await bob.member.exportNew();
    await nothing(bob);
    await bob.sync();
    expect(bob.content('obs-1')).toBe('later');
  });

  it('is a memory in a database that came from a backup', async () => {
    const backup = bob.member.database.export();
    ann.now += 60_000;
    ann.agent.edit('obs-1', 'later');
    await ann.sync();
    bob.agent.edit('obs-2', 'looked at');
    await bob.sync();
    bob.member.restore(backup);
    await nothing(bob);
    bob.agent.edit('obs-1', 'made from the first');
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 12:00:01');
    await bob.sync();
    expect(bob.content('obs-1')).toBe('later');
  });

  it('counts a chunk that the program has imported without the edits in it, and that ours only read', async () => {
    ann.now += 60_000;
    ann.agent.edit('obs-1', 'later');
    const [id = ''] = await ann.sync();
    await bob.member.exportNew();
    bob.member.store.recordChunk(id, '2026-11-25 11:00:00');
    bob.agent.edit('obs-1', 'not made from it');
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 12:00:01');
    await bob.sync();
    expect(bob.content('obs-1')).toBe('later');
  });

  it('is a row that the folder may not change, or was not allowed to', async () => {
    bob.agent.edit('obs-1', 'slow');
    const { store, index } = bob.member;
    const sizeFor = async (project?: string): Promise<number> => {
      const rights = project === undefined ? undefined : new FolderRights(store, index, project);
      return (await new SlowClock({ store, index, rights }).find(async () => undefined)).size;
    };
    expect([await sizeFor(), await sizeFor('demo'), await sizeFor('other')]).toEqual([1, 1, 0]);
    for (const chunkId of index.chunks().keys()) index.holdBack({ chunkId, entity: 'observation', key: 'obs-1' });
    expect(await sizeFor()).toBe(0);
  });

  it('is an older judgement of a relation that some chunk holds', async () => {
    const relation = { syncId: 'rel-1', sourceId: 'obs-1', targetId: 'obs-2', relation: 'related', judgmentStatus: 'judged', project: '' };
    const older = { ...relation, reason: 'older', createdAt: '2026-11-25 11:00:00', updatedAt: '2026-11-25 11:30:00' };
    ann.member.store.writeRelation(older);
    await ann.sync();
    ann.member.store.writeRelation({ ...older, reason: 'newer', updatedAt: '2026-11-25 12:00:00' });
    await ann.sync();
    await bob.sync();
    bob.member.store.writeRelation(older);
    expect((await bob.member.plan()).relations).toEqual([]);
  });

  it('is anything at all without the index', async () => {
    bob.agent.edit('obs-1', 'slow');
    bob.member.loseIndex();
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 11:00:00');
    await bob.sync();
    expect(bob.content('obs-1')).toBe('first');
    bob.agent.edit('obs-1', 'slow again');
    await bob.sync();
    expect(bob.content('obs-1')).toBe('slow again');
  });

  it('is anything at all with the journal of another database, until that was looked at', async () => {
    bob.member.database.run('DELETE FROM sync_mutations');
    bob.agent.save('obs-3', { sessionId: 's', title: 'V', content: 'new' });
    await bob.sync();
    bob.member.database.run('DELETE FROM sync_mutations');
    bob.agent.edit('obs-1', 'slow');
    await nothing(bob);
    bob.agent.edit('obs-1', 'slow again');
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 12:00:01');
  });

  it('is a judgement of a relation that the program may have pulled, or imported from a chunk that we did not read', async () => {
    const relation = { syncId: 'rel-1', sourceId: 'obs-1', targetId: 'obs-2', relation: 'related', judgmentStatus: 'pending', project: '' };
    ann.member.store.writeRelation({ ...relation, createdAt: '2026-11-25 12:00:00', updatedAt: '2026-11-25 12:00:00' });
    await ann.sync();
    await bob.sync();
    bob.agent.judge('rel-1', 'because');
    const stamped = async (): Promise<number> => (await bob.member.plan()).relations.length;
    expect(await stamped()).toBe(1);
    bob.member.database.run(`INSERT INTO sync_enrolled_projects(project) VALUES('other')`);
    expect(await stamped()).toBe(0);
    bob.member.database.run('DELETE FROM sync_enrolled_projects');
    folder.chunks.set('again', again(folder, 'obs-1'));
    expect(await stamped()).toBe(1);
    bob.member.store.recordChunk('again', '2026-11-25 11:00:00');
    expect(await stamped()).toBe(0);
  });
});

describe('a change made from what an undone import left', () => {
  it('is stamped after that, not after what was undone', async () => {
    ann.now += 60_000;
    ann.agent.edit('obs-1', 'undone');
    const [id] = await ann.sync();
    await bob.sync();
    await bob.member.undo(id as ChunkId);
    expect(bob.content('obs-1')).toBe('first');
    await nothing(bob);
    bob.agent.edit('obs-1', 'slow');
    await bob.member.stampSlowChanges();
    expect(bob.updatedAt('obs-1')).toBe('2026-11-25 12:00:01');
    await bob.member.importNew([id as ChunkId]);
    expect(bob.content('obs-1')).toBe('undone');
  });
});

describe('a change that is stamped already', () => {
  it('stays when the import that it was made from is undone', async () => {
    ann.now += 60_000;
    ann.agent.edit('obs-1', 'undone');
    const [id] = await ann.sync();
    await bob.sync();
    bob.agent.edit('obs-1', 'slow');
    await bob.member.undo(id as ChunkId);
    expect(bob.content('obs-1')).toBe('slow');
    expect(await bob.sync()).toHaveLength(1);
    await ann.sync();
    expect(ann.content('obs-1')).toBe('slow');
  });
});

/** Nothing is stamped, nothing would leave. */
async function nothing(pair: Pair): Promise<void> {
  const plan = await pair.member.plan();
  expect([plan.edits, plan.observations, plan.deletes, plan.sessions]).toEqual([[], [], [], []]);
  const before = pair.updatedAt('obs-1');
  await pair.member.stampSlowChanges();
  expect(pair.updatedAt('obs-1')).toBe(before);
}

describe('a chunk that the program has imported over a later version', () => {
  it('is merged, and the later version comes back', async () => {
    ann.now += 60_000;
    ann.agent.edit('obs-1', 'later');
    await ann.sync();
    await bob.sync();
    folder.chunks.set('again', again(folder, 'obs-1'));
    bob.member.store.recordChunk('again', '2026-11-25 11:00:00');
    bob.agent.pull('obs-1', { content: 'first', updatedAt: '2026-11-25 12:00:00' });
    expect(await bob.sync()).toEqual([]);
    expect(bob.content('obs-1')).toBe('later');
    expect(await bob.member.importNew()).toMatchObject({ chunks: 0 });
  });
});
