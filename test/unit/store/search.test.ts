import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type MemoryDatabase, openSqlJs } from '../../../src/adapters/sqlJs.ts';
import type { SearchOptions } from '../../../src/engine/folderRequests.ts';
import type { ObservationRecord } from '../../../src/engine/records.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { SearchIndex } from '../../../src/store/search.ts';
import { searchWords, snippet } from '../../../src/store/searchText.ts';
import { observation } from './records.ts';
import { memoryDatabase, testSqlJs } from './testDatabase.ts';

let memories: MemoryDatabase;
let indexDatabase: MemoryDatabase;
let store: SqlMemoryStore;
let index: SearchIndex;

beforeEach(async () => {
  memories = await memoryDatabase();
  indexDatabase = openSqlJs(await testSqlJs());
  store = new SqlMemoryStore(memories);
  index = new SearchIndex(indexDatabase, memories);
});

function add(syncId: string, fields: Partial<ObservationRecord> = {}): void {
  store.writeObservation(observation({ syncId, ...fields }));
}

function found(query: string, options: SearchOptions = {}): string[] {
  return index.search(query, options).map((hit) => hit.syncId);
}

function complete(): void {
  while (!index.advance(1000));
}

describe.each(['followed', 'not followed yet'])('with tables that have %s', (state) => {
  const ready = () => (state === 'followed' ? complete() : undefined);

  it('finds memories that have all the words, in any field and order', () => {
    add('a', { title: 'Login bug', content: 'The cookie expired' });
    add('b', { title: 'Login page', content: 'Colours' });
    add('c', { title: 'x', content: 'y', toolName: 'cookie_tool', type: 'login', project: 'p', topicKey: 'bug/z' });
    ready();
    expect(found('cookie login')).toEqual(['c', 'a']);
    expect(found('LOGIN')).toHaveLength(3);
    expect(found('login nothing')).toEqual([]);
    expect(found('cook')).toContain('a');
    expect(found('cook expired')).toEqual([]);
  });

  it('takes accents and case as one, and words with signs as neighbours', () => {
    add('a', { title: 'Café naïve', content: 'foo-bar baz' });
    ready();
    for (const query of ['cafe', 'CAFÉ', 'naive', 'foo-bar', 'foo.ba', '"foo', 'baz!']) expect(found(query), query).toEqual(['a']);
    expect(found('bar-foo')).toEqual([]);
  });

  it('puts an exact topic first, then titles, then the newest', () => {
    add('content', { title: 'x', content: 'auth model', updatedAt: '2026-05-01 00:00:00' });
    add('old-title', { title: 'auth model', updatedAt: '2026-01-01T00:00:00Z' });
    add('new-title', { title: 'the model of auth', updatedAt: '2026-02-01 00:00:00' });
    add('topic', { title: 'y', content: 'z', topicKey: 'auth/model', updatedAt: '2020-01-01 00:00:00' });
    ready();
    expect(found('auth model')).toEqual(['new-title', 'old-title', 'content', 'topic']);
    expect(found('auth/model')[0]).toBe('topic');
    expect(found('auth model', { limit: 2 })).toEqual(['new-title', 'old-title']);
  });

  it('filters by type and project', () => {
    add('a', { type: 'bugfix', project: 'demo', title: 'word' });
    add('b', { type: 'manual', project: 'demo', title: 'word' });
    add('c', { type: 'manual', title: 'word' });
    ready();
    expect(found('word', { type: 'bugfix' })).toEqual(['a']);
    expect(found('word', { project: 'Demo' })).toEqual(['b', 'a']);
  });

  it('takes every spelling of a project that stands in the rows for that project', () => {
    add('a', { project: 'demo--app', title: 'word' });
    add('b', { project: ' Demo-App ', title: 'word', topicKey: 'x/word' });
    add('c', { project: 'demo_app', title: 'word' });
    add('d', { title: 'word' });
    ready();
    expect(found('word', { project: 'DEMO-APP' })).toEqual(['b', 'a']);
    expect(found('x/word', { project: 'demo-app' })[0]).toBe('b');
    expect(found('word', { project: 'nothing' })).toEqual([]);
  });

  it('finds other scripts inside words, and signs alone', () => {
    add('a', { title: '全文検索機能', content: 'c++ 😀' });
    ready();
    for (const query of ['検索', '全文', '😀', '++']) expect(found(query), query).toEqual(['a']);
    expect(found('$$')).toEqual([]);
  });

  it('never shows what is deleted, edited away or removed', () => {
    add('a', { title: 'word one' });
    add('b', { title: 'word two' });
    add('c', { title: 'word three', topicKey: 'word/three' });
    ready();
    add('a', { title: 'word one', deletedAt: '2026-03-01 00:00:00' });
    add('b', { title: 'else' });
    memories.run(`DELETE FROM observations WHERE sync_id = 'c'`);
    expect(found('word')).toEqual([]);
    expect(found('word/three')).toEqual([]);
    expect(found('else')).toEqual(['b']);
    ready();
    expect(found('word')).toEqual([]);
    expect(found('else')).toEqual(['b']);
  });

  it('takes any input', () => {
    add('a', { title: 'NEAR AND OR NOT', content: 'title:x "quoted" (a) *' });
    ready();
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '*', '(', ')', '-', ':', ' ', 'a', 'NEAR', 'AND', '/', '\0', '\ud800', '\udcff', '^', "'") }),
    );
    fc.assert(
      fc.property(nasty, (query) => {
        expect(index.search(query, {}).length).toBeLessThanOrEqual(1);
      }),
    );
    expect(found('')).toEqual([]);
    expect(found(' \n')).toEqual([]);
    expect(found('NEAR AND OR')).toEqual(['a']);
    expect(found('word '.repeat(10_000))).toEqual([]);
  });
});

it('gives the same results at every stage of following', () => {
  for (let number = 0; number < 300; number++)
    add(`obs-${number}`, { title: number % 3 === 0 ? 'fizz' : 'other', content: `number ${number}` });
  const expected = found('fizz', { limit: 200 });
  expect(expected).toHaveLength(100);
  let stages = 0;
  while (!index.advance(0)) {
    expect(found('fizz', { limit: 200 })).toEqual(expected);
    stages++;
  }
  expect(stages).toBeGreaterThan(3);
  expect(found('fizz', { limit: 200 })).toEqual(expected);
});

it('waits while a transaction is open, and follows afterwards', async () => {
  add('a', { title: 'before' });
  complete();
  await store.transaction(async () => {
    add('b', { title: 'inside' });
    expect(index.advance(10)).toBe(false);
    expect(found('inside')).toEqual(['b']);
  });
  complete();
  expect(found('inside')).toEqual(['b']);
});

it('repairs itself when the index belongs to another database', async () => {
  add('a', { title: 'mine' });
  complete();
  const other = await memoryDatabase();
  new SqlMemoryStore(other).writeObservation(observation({ syncId: 'theirs', title: 'theirs' }));
  index = new SearchIndex(indexDatabase, other);
  expect(found('mine')).toEqual([]);
  expect(found('theirs')).toEqual(['theirs']);
  complete();
  expect(found('mine')).toEqual([]);
  expect(found('theirs')).toEqual(['theirs']);
});

it('keeps what it followed for the next start', () => {
  add('a', { title: 'word' });
  complete();
  const before = indexDatabase.all('SELECT total_changes() AS n');
  index = new SearchIndex(indexDatabase, memories);
  complete();
  expect(indexDatabase.all('SELECT total_changes() AS n')).toEqual(before);
  expect(found('word')).toEqual(['a']);
});

describe('the snippet', () => {
  it('is one line around the first match', () => {
    const text = `${'before '.repeat(100)}\n\tneedle\u0007 ${'after '.repeat(100)}`;
    const line = snippet(text, searchWords('needle'));
    expect(line).toContain('needle');
    expect(line.length).toBeLessThanOrEqual(200);
    expect(line).toMatch(/^….*…$/);
  });

  it('is at most 200 characters, one line and well-formed for any text and query', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600, size: 'max' }), fc.string(), (text, query) => {
        const line = snippet(text, searchWords(query));
        expect(line.length).toBeLessThanOrEqual(200);
        expect(line.isWellFormed()).toBe(true);
        expect(line).not.toMatch(/[\r\n\p{Cc}]/u);
      }),
    );
  });
});
