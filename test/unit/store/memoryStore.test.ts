import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemoryDatabase } from '../../../src/adapters/sqlJs.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { observation, observations, prompts, relations, sessions } from './records.ts';
import { memoryDatabase } from './testDatabase.ts';

let database: MemoryDatabase;
let store: SqlMemoryStore;

beforeEach(async () => {
  database = await memoryDatabase();
  store = new SqlMemoryStore(database);
});

describe('record to row to record', () => {
  it('is the identity for sessions', () => {
    fc.assert(
      fc.property(sessions, (record) => {
        store.writeSession(record);
        expect(store.session(record.id)).toEqual(record);
      }),
    );
  });

  it('is the identity for observations', () => {
    fc.assert(
      fc.property(observations, (record) => {
        store.writeObservation(record);
        const { id, ...read } = store.observation(record.syncId) ?? record;
        expect({ ...read, id: 1 }).toEqual(record);
        expect(Number(id)).toBeGreaterThan(0);
      }),
    );
  });

  it('is the identity for prompts', () => {
    fc.assert(
      fc.property(prompts, (record) => {
        store.writePrompt(record);
        expect({ ...store.prompt(record.syncId), id: 1 }).toEqual(record);
      }),
    );
  });

  it('is the identity for relations', () => {
    fc.assert(
      fc.property(relations, (record) => {
        store.writeRelation(record);
        expect(store.relation(record.syncId)).toEqual(record);
      }),
    );
  });
});

describe('rows', () => {
  it('updates the row with the highest id of a repeated identity, and leaves the other', () => {
    for (const title of ['first', 'second']) {
      database.run(`INSERT INTO observations(sync_id, session_id, type, title, content) VALUES('obs-1', 's1', 'manual', ?, '')`, [title]);
    }
    store.writeObservation(observation({ title: 'changed', id: 999 }));
    expect([...store.observations()].map((row) => [row.id, row.title])).toEqual([
      [1, 'first'],
      [2, 'changed'],
    ]);
    expect(store.observation('obs-1')?.title).toBe('changed');
  });

  it('keeps what has no place in a record: the review date of a row that is changed', () => {
    store.writeObservation(observation({}));
    database.run(`UPDATE observations SET review_after = '2027-01-01 00:00:00'`);
    store.writeObservation(observation({ title: 'changed' }));
    expect(database.all('SELECT review_after FROM observations')).toEqual([{ review_after: '2027-01-01 00:00:00' }]);
  });

  it('computes the content hash of the Go program', () => {
    store.writeObservation(observation({ content: 'Hello   World\n' }));
    expect(database.all('SELECT normalized_hash AS hash FROM observations')).toEqual([
      { hash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9' },
    ]);
  });

  it('lists sessions by start, then in the order they came', () => {
    for (const [id, startedAt] of [
      ['c', '2'],
      ['b', '1'],
      ['a', '2'],
    ] as const) {
      store.writeSession({ id, project: '', directory: '', startedAt });
    }
    store.writeSession({ id: 'c', project: 'p', directory: '', startedAt: '2' });
    expect([...store.sessions()].map((session) => session.id)).toEqual(['b', 'c', 'a']);
    store.removeSession('b');
    expect(store.session('b')).toBeUndefined();
  });

  it('turns a prompt into a tombstone and back', () => {
    const prompt = { id: 0, syncId: 'prompt-1', sessionId: 's1', content: 'x', createdAt: '2026-01-01 00:00:00' };
    const tombstone = { syncId: 'prompt-1', sessionId: 's1', project: '', deletedAt: '2026-01-02 00:00:00' };
    store.writePrompt(prompt);
    expect(store.sessionHasRows('s1')).toBe(true);
    store.writePromptTombstone(tombstone);
    expect(store.prompt('prompt-1')).toBeUndefined();
    expect(store.promptTombstone('prompt-1')).toEqual(tombstone);
    expect([...store.promptTombstones()]).toEqual([tombstone]);
    expect(store.sessionHasRows('s1')).toBe(false);
    store.writePrompt(prompt);
    expect(store.promptTombstone('prompt-1')).toBeUndefined();
    expect([...store.prompts()]).toHaveLength(1);
  });

  it('counts what a person would count', () => {
    store.writeSession({ id: 's1', project: '', directory: '', startedAt: '' });
    store.writeObservation(observation({ syncId: 'live' }));
    store.writeObservation(observation({ syncId: 'hidden', deletedAt: '2026-02-01 00:00:00' }));
    expect(store.counts()).toEqual({ sessions: 1, observations: 1, prompts: 0, relations: 0 });
    expect(store.sessionHasRows('s1')).toBe(true);
    expect(store.sessionHasRows('s2')).toBe(false);
  });

  it('records imported chunks once, and tells those of other targets apart', () => {
    store.recordChunk('aaaaaaaa', '2026-01-01 00:00:00');
    store.recordChunk('aaaaaaaa', '2026-01-02 00:00:00');
    database.run(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('cloud:demo', 'bbbbbbbb')`);
    expect(store.importedChunks()).toEqual(new Set(['aaaaaaaa']));
  });

  it('reads a row of any type as text', () => {
    database.run(`INSERT INTO observations(sync_id, session_id, type, title, content) VALUES('obs-1', 5, 1.5, x'6162', 'x')`);
    expect(store.observation('obs-1')).toMatchObject({ sessionId: '5', type: '1.5', title: 'ab' });
  });
});

describe('transaction', () => {
  it('keeps all or nothing', async () => {
    const failing = store.transaction(async () => {
      store.writeObservation(observation({}));
      await Promise.resolve();
      throw new Error('stop');
    });
    await expect(failing).rejects.toThrow('stop');
    expect(store.counts().observations).toBe(0);
    const result = await store.transaction(async () => {
      store.writeObservation(observation({}));
      return 'done';
    });
    expect(result).toBe('done');
    expect(store.counts().observations).toBe(1);
  });
});

it('reads lazily: a listing that is left early holds nothing up', () => {
  for (let number = 0; number < 5; number++) store.writeObservation(observation({ syncId: `obs-${number}` }));
  for (const first of store.observations()) {
    expect(first.syncId).toBe('obs-0');
    break;
  }
  database.run('DROP TABLE observations');
});
