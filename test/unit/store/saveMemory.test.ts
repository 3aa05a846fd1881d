import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemoryDatabase } from '../../../src/adapters/sqlJs.ts';
import type { NewMemory } from '../../../src/engine/folderRequests.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { deleteMemory, editMemory, saveMemory } from '../../../src/store/saveMemory.ts';
import { observation } from './records.ts';
import { memoryDatabase } from './testDatabase.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const MINUTE = 60_000;
const session = { id: 'vscode-1', project: 'Demo', directory: '/home/ana/demo-repo' };

let database: MemoryDatabase;
let store: SqlMemoryStore;

beforeEach(async () => {
  database = await memoryDatabase();
  store = new SqlMemoryStore(database);
});

function save(fields: Partial<NewMemory> = {}, nowMs = NOW) {
  const memory = { title: 'Use JWT', content: 'Because of cookies', project: 'Demo', ...fields };
  return saveMemory(database, memory, { nowMs, session, random: randomBytes });
}

function row(syncId: string) {
  return store.observation(syncId);
}

describe('a new memory', () => {
  it('becomes a row of the session of this window', () => {
    const saved = save({ topicKey: 'Auth  Model', scope: 'personal', type: 'bugfix' });
    expect(saved).toMatchObject({ outcome: 'created', title: 'Use JWT' });
    expect(saved.syncId).toMatch(/^obs-[0-9a-f]{16}$/);
    expect(row(saved.syncId)).toEqual({
      id: 1,
      syncId: saved.syncId,
      sessionId: 'vscode-1',
      type: 'bugfix',
      title: 'Use JWT',
      content: 'Because of cookies',
      project: 'demo',
      scope: 'personal',
      topicKey: 'auth-model',
      revisionCount: 1,
      duplicateCount: 1,
      lastSeenAt: '2026-01-02 03:04:05',
      createdAt: '2026-01-02 03:04:05',
      updatedAt: '2026-01-02 03:04:05',
    });
    expect([...store.sessions()]).toEqual([{ id: 'vscode-1', project: 'demo', directory: 'demo-repo', startedAt: '2026-01-02 03:04:05' }]);
    expect(database.all('SELECT * FROM sync_mutations')).toEqual([]);
  });

  it.each([
    ['C:\\Users\\ana\\repo', 'repo'],
    ['repo', 'repo'],
    ['/', 'demo'],
    ['', 'demo'],
    ['C:\\', 'demo'],
  ])('never tells where a repository is kept: %s becomes %s', (directory, kept) => {
    saveMemory(database, { title: 'a', content: 'b' }, { nowMs: NOW, session: { ...session, directory }, random: randomBytes });
    expect(store.session('vscode-1')?.directory).toBe(kept);
  });

  it('fills what an existing session lacks, and nothing else', () => {
    store.writeSession({ id: 'vscode-1', project: '', directory: 'kept', startedAt: '2020-01-01 00:00:00' });
    save();
    expect(store.session('vscode-1')).toEqual({ id: 'vscode-1', project: 'demo', directory: 'kept', startedAt: '2020-01-01 00:00:00' });
  });

  it('without type, project or scope has the defaults of the Go program', () => {
    const { syncId } = save({ project: '', type: ' ' });
    expect(row(syncId)).toMatchObject({ type: 'manual', scope: 'project' });
    expect(row(syncId)).not.toHaveProperty('project');
    expect(row(syncId)).not.toHaveProperty('topicKey');
  });

  it('keeps private what stands in private tags', () => {
    const { syncId } = save({ title: 'key <private>abc</private>', content: 'a <PRIVATE>secret\nline</PRIVATE> b' });
    expect(row(syncId)).toMatchObject({ title: 'key [REDACTED]', content: 'a [REDACTED] b' });
  });

  it.each([{ title: '  ' }, { content: '\n\t' }])('is refused when blank: %j', (fields) => {
    expect(() => save(fields)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
    expect(store.counts()).toMatchObject({ observations: 0, sessions: 0 });
  });

  it('is cut at 50,000 bytes, never inside a character', () => {
    const exact = save({ title: 'exact', content: 'é'.repeat(25_000) });
    expect(row(exact.syncId)?.content).toBe('é'.repeat(25_000));
    const long = save({ title: 'long', content: `a${'é'.repeat(25_000)}` });
    expect(row(long.syncId)?.content).toBe(`a${'é'.repeat(24_999)}... [truncated]`);
    const emoji = save({ title: 'emoji', content: `ab${'😀'.repeat(12_500)}` });
    expect(row(emoji.syncId)?.content).toBe(`ab${'😀'.repeat(12_499)}... [truncated]`);
  });

  it.each([
    ['decision', Date.UTC(2026, 7, 31, 1, 2, 3), '2027-03-03 01:02:03'],
    ['policy', Date.UTC(2024, 1, 29), '2025-03-01 00:00:00'],
    ['preference', Date.UTC(2026, 10, 30), '2027-03-02 00:00:00'],
    ['bugfix', NOW, null],
  ])('of type %s is to be reviewed when Go says so', (type, nowMs, expected) => {
    save({ type }, nowMs);
    expect(database.all('SELECT review_after FROM observations')).toEqual([{ review_after: expected }]);
  });
});

describe('a topic', () => {
  it('gets a new revision of its newest live memory', () => {
    const first = save({ topicKey: 'auth/model', type: 'decision' });
    const second = save({ topicKey: 'Auth/Model', title: 'Use sessions', content: 'new', type: 'bugfix' }, NOW + MINUTE);
    expect(second).toEqual({ syncId: first.syncId, outcome: 'updated', title: 'Use sessions' });
    expect(row(first.syncId)).toMatchObject({
      title: 'Use sessions',
      content: 'new',
      type: 'bugfix',
      revisionCount: 2,
      createdAt: '2026-01-02 03:04:05',
    });
    expect(row(first.syncId)).toMatchObject({ updatedAt: '2026-01-02 03:05:05', lastSeenAt: '2026-01-02 03:05:05' });
    expect(database.all('SELECT review_after IS NULL AS gone FROM observations')).toEqual([{ gone: 0 }]);
  });

  it.each([{ project: 'other' }, { scope: 'personal' as const }, { topicKey: 'another' }])('is another one when %j differs', (fields) => {
    save({ topicKey: 'auth' });
    expect(save({ topicKey: 'auth', content: 'new', ...fields }).outcome).toBe('created');
  });

  it('starts anew when its memory was deleted', () => {
    const first = save({ topicKey: 'auth' });
    deleteMemory(database, first.syncId, NOW);
    expect(save({ topicKey: 'auth', content: 'new' }).outcome).toBe('created');
  });

  it('a revision wins over what it replaces, whatever the clock says', () => {
    store.writeObservation(observation({ syncId: 'obs-future', topicKey: 'auth', project: 'demo', updatedAt: '2030-01-01T00:00:00.5Z' }));
    save({ topicKey: 'auth' });
    expect(row('obs-future')?.updatedAt).toBe('2030-01-01 00:00:01');
  });
});

describe('the same text again', () => {
  it('is counted within 15 minutes and saved after them', () => {
    const first = save();
    const again = save({ content: '  because  OF cookies ' }, NOW + 14 * MINUTE);
    expect(again).toEqual({ syncId: first.syncId, outcome: 'repeated', title: 'Use JWT' });
    expect(row(first.syncId)).toMatchObject({
      duplicateCount: 2,
      revisionCount: 1,
      content: 'Because of cookies',
      updatedAt: '2026-01-02 03:18:05',
    });
    expect(save({}, NOW + 16 * MINUTE).outcome).toBe('created');
  });

  it.each([{ title: 'Other' }, { type: 'bugfix' }, { project: 'other' }, { scope: 'personal' as const }])(
    'is another memory with %j',
    (fields) => {
      save();
      expect(save(fields).outcome).toBe('created');
    },
  );
});

describe('edit and delete', () => {
  it('changes only the given fields', () => {
    const { syncId } = save({ topicKey: 'auth' });
    const edited = editMemory(database, syncId, { content: 'x <private>y</private>', project: 'New--Name' }, NOW);
    expect(edited).toEqual({ syncId, outcome: 'edited', title: 'Use JWT' });
    expect(row(syncId)).toMatchObject({
      title: 'Use JWT',
      content: 'x [REDACTED]',
      project: 'new-name',
      topicKey: 'auth',
      revisionCount: 2,
    });
    expect(row(syncId)).toMatchObject({ updatedAt: '2026-01-02 03:04:06', lastSeenAt: '2026-01-02 03:04:05' });
    editMemory(database, syncId, { topicKey: '', scope: 'personal' }, NOW + MINUTE);
    expect(row(syncId)).not.toHaveProperty('topicKey');
    expect(row(syncId)?.updatedAt).toBe('2026-01-02 03:05:05');
  });

  it('hides what is deleted and keeps its row', () => {
    const { syncId } = save();
    expect(deleteMemory(database, syncId, NOW)).toEqual({ syncId, outcome: 'deleted', title: 'Use JWT' });
    expect(row(syncId)).toMatchObject({ deletedAt: '2026-01-02 03:04:06', updatedAt: '2026-01-02 03:04:06' });
    const gone = expect.objectContaining({ code: 'not-found' });
    expect(() => deleteMemory(database, syncId, NOW)).toThrow(gone);
    expect(() => editMemory(database, syncId, { title: 'x' }, NOW)).toThrow(gone);
    expect(() => editMemory(database, 'obs-unknown', { title: 'x' }, NOW)).toThrow(gone);
  });

  it('refuses a blank title and changes nothing', () => {
    const { syncId } = save();
    const before = row(syncId);
    expect(() => editMemory(database, syncId, { title: ' ', content: 'x' }, NOW)).toThrow(
      expect.objectContaining({ code: 'invalid-input' }),
    );
    expect(row(syncId)).toEqual(before);
  });

  it('becomes part of an open transaction', async () => {
    const failing = store.transaction(async () => {
      save();
      throw new Error('stop');
    });
    await expect(failing).rejects.toThrow('stop');
    expect(store.counts()).toMatchObject({ observations: 0, sessions: 0 });
  });
});
