import { beforeEach, describe, expect, it } from 'vitest';
import { type MemoryDatabase, openSqlJs } from '../../../src/adapters/sqlJs.ts';
import { cloudChunkId, cloudMutationsId } from '../../../src/engine/cloud/cloudIds.ts';
import { parseGoJson, stringifyGo } from '../../../src/engine/goJson.ts';
import type { Holding, IndexedChunk } from '../../../src/engine/held.ts';
import type { ChunkId } from '../../../src/engine/manifest.ts';
import type { FolderIndex } from '../../../src/engine/ports.ts';
import type { JsonObject, RelationRecord } from '../../../src/engine/records.ts';
import { openFolderIndex } from '../../../src/store/folderIndex.ts';
import { SearchIndex } from '../../../src/store/search.ts';
import { memoryDatabase, testSqlJs } from './testDatabase.ts';

let database: MemoryDatabase;
let index: FolderIndex;

beforeEach(async () => {
  database = openSqlJs(await testSqlJs());
  index = openFolderIndex(database).index;
});

function chunk(id: string, fields: Partial<IndexedChunk> = {}): IndexedChunk {
  const counts = { sessions: 1, memories: 2, prompts: 3, relations: 4, rejected: 5 };
  const file = { size: 123, mtimeMs: 1_700_000_000_000.25 };
  return {
    id: id as ChunkId,
    sha256: 'ab'.repeat(32),
    createdBy: 'ana',
    createdAt: '2026-01-01T00:00:00Z',
    ...counts,
    exportedHere: true,
    merged: true,
    ...file,
    ...fields,
  };
}

function holding(chunkId: string, key: string, fields: Partial<Holding> = {}): Holding {
  return { chunkId: chunkId as ChunkId, entity: 'observation', key, inArray: true, order: `order of ${key}`, json: '', ...fields };
}

describe('chunks and what they hold', () => {
  it('come back as they were put, in that order', () => {
    const chunks = [chunk('bbbbbbbb'), chunk('aaaaaaaa', { exportedHere: false, createdBy: '', mtimeMs: 0 })];
    for (const each of chunks) index.putChunk(each);
    expect([...index.chunks().values()]).toEqual(chunks);
    expect(index.chunks().get('aaaaaaaa' as ChunkId)).toEqual(chunks[1]);
  });

  it('tells identities, entities and chunks apart', () => {
    index.putChunk(chunk('aaaaaaaa'));
    index.putChunk(chunk('bbbbbbbb'));
    const all = [
      holding('aaaaaaaa', 'k'),
      holding('bbbbbbbb', 'k', { inArray: false, json: '{"x":1}' }),
      holding('bbbbbbbb', 'k', { entity: 'prompt' }),
      holding('bbbbbbbb', 'bad\udcff'),
    ];
    for (const each of all) index.addHolding(each);
    expect(index.holdings('observation', 'k')).toEqual(all.slice(0, 2));
    expect(index.holdings('prompt', 'k')).toEqual([all[2]]);
    expect(index.holdings('observation', 'bad\udcff')).toEqual([all[3]]);
    expect([...index.allHoldings()]).toEqual(all);
    index.removeChunk('bbbbbbbb' as ChunkId);
    expect([...index.allHoldings()]).toEqual([all[0]]);
    expect([...index.chunks().keys()]).toEqual(['aaaaaaaa']);
  });

  it('a chunk that is put again holds nothing of before', () => {
    index.putChunk(chunk('aaaaaaaa'));
    index.addHolding(holding('aaaaaaaa', 'k'));
    index.putChunk(chunk('aaaaaaaa', { memories: 9 }));
    expect(index.holdings('observation', 'k')).toEqual([]);
    expect(index.chunks().get('aaaaaaaa' as ChunkId)?.memories).toBe(9);
  });
});

it('keeps unknown fields and notes, replaces them, and forgets them', () => {
  index.setExtra('session', 's1', '{"x":1}');
  index.setExtra('session', 's1', '{"x":2}');
  index.setExtra('prompt', 's1', '{}');
  expect(index.extra('session', 's1')).toBe('{"x":2}');
  expect([...index.allExtras()]).toEqual([
    { entity: 'prompt', key: 's1', json: '{}' },
    { entity: 'session', key: 's1', json: '{"x":2}' },
  ]);
  index.setExtra('session', 's1', undefined);
  expect(index.extra('session', 's1')).toBeUndefined();
  expect(index.note('database')).toBeUndefined();
  index.setNote('database', 'a');
  index.setNote('database', 'b');
  expect(index.note('database')).toBe('b');
});

it('keeps deferred relations exactly: 64-bit numbers and unknown fields in their order', () => {
  const record: RelationRecord = {
    syncId: 'rel-1',
    sourceId: 'obs-a',
    targetId: 'obs-b',
    relation: 'related',
    confidence: { raw: '1.0' },
    judgmentStatus: 'judged',
    project: 'demo',
    createdAt: '',
    updatedAt: 'x\udcff',
    extra: new Map<string, never>([
      ['z', (2n ** 60n) as never],
      ['$int', new Map([['$map', [null, true, 'text']]]) as never],
      ['__proto__', { raw: '1e400' } as never],
    ]),
  };
  index.deferRelation({ ...record, relation: 'pending' });
  index.deferRelation(record);
  expect(index.deferredRelations()).toEqual([record]);
  index.undeferRelation('rel-1');
  expect(index.deferredRelations()).toEqual([]);
});

it('keeps deferred relations whose unknown fields are nested as deeply as a chunk may have them', () => {
  const nested = `{"x_deep":${'{"a":'.repeat(4_000)}1${'}'.repeat(4_000)}}`;
  const extra = parseGoJson(nested) as JsonObject;
  const ends = { syncId: 'rel-1', sourceId: 'obs-a', targetId: 'obs-b', relation: 'related', judgmentStatus: 'judged' };
  index.deferRelation({ ...ends, project: 'demo', createdAt: '', updatedAt: '', extra });
  const [kept] = index.deferredRelations();
  expect(stringifyGo(kept?.extra ?? null)).toBe(nested);
});

it('a transaction keeps all or nothing', async () => {
  const failing = index.transaction(async () => {
    index.putChunk(chunk('aaaaaaaa'));
    throw new Error('stop');
  });
  await expect(failing).rejects.toThrow('stop');
  expect(index.chunks().size).toBe(0);
});

describe('opening', () => {
  it('makes an index once and then keeps it', () => {
    index.putChunk(chunk('aaaaaaaa'));
    const again = openFolderIndex(database);
    expect(again.rebuilt).toBe(false);
    expect(again.index.chunks().size).toBe(1);
  });

  it('throws away an index of another version, the search tables too', async () => {
    index.putChunk(chunk('aaaaaaaa'));
    new SearchIndex(database, await memoryDatabase()).advance(1000);
    database.run('PRAGMA user_version = 999');
    const again = openFolderIndex(database);
    expect(again.rebuilt).toBe(true);
    expect(again.index.chunks().size).toBe(0);
    expect(database.all(`SELECT name FROM sqlite_master WHERE name LIKE 'search%'`)).toEqual([]);
  });

  it('throws away tables that are not ours', async () => {
    const other = openSqlJs(await testSqlJs());
    other.run('CREATE TABLE chunks(something TEXT)');
    expect(openFolderIndex(other).rebuilt).toBe(true);
    expect(openFolderIndex(other).index.chunks().size).toBe(0);
  });
});

describe('the cloud’s chunks in the same index', () => {
  const id = (project: string, name: string): ChunkId => cloudChunkId(project, name as ChunkId);

  beforeEach(() => {
    for (const each of ['aaaaaaaa', id('demo', 'aaaaaaaa'), id('demo/web', 'bbbbbbbb'), cloudMutationsId('demo')]) {
      index.putChunk(chunk(each));
      index.addHolding(holding(each, 'k', { order: `of ${each}` }));
    }
  });

  it('never count as the folder’s, nor one project’s as another’s', () => {
    expect([...index.chunks().keys()]).toEqual(['aaaaaaaa']);
    expect([...index.allHoldings()].map(({ chunkId }) => chunkId)).toEqual(['aaaaaaaa']);
    expect([...index.cloudChunks('demo').keys()]).toEqual([id('demo', 'aaaaaaaa'), cloudMutationsId('demo')]);
    expect([...index.cloudHoldings('demo')].map(({ order }) => order)).toEqual(['of cloud:demo/aaaaaaaa', 'of cloud:demo/+mutations']);
    expect([...index.cloudChunks('demo/web').keys()]).toEqual([id('demo/web', 'bbbbbbbb')]);
    expect([index.cloudChunks('dem').size, index.cloudChunks('').size]).toEqual([0, 0]);
    expect(index.cloudChunkIds().size).toBe(3);
  });

  it('are seen where versions are merged', () => {
    expect(index.holdings('observation', 'k')).toHaveLength(4);
    expect(index.chunkHoldings(id('demo', 'aaaaaaaa'))).toHaveLength(1);
  });

  it('keep what they hold when the folder’s holdings are forgotten', () => {
    index.removeHoldings('observation', 'k');
    expect([...index.allHoldings()]).toEqual([]);
    expect(index.holdings('observation', 'k')).toHaveLength(3);
  });

  it('hold one thing of an identity where it is set in place of what was there', () => {
    index.setHolding(holding(cloudMutationsId('demo'), 'k', { order: 'later' }));
    index.setHolding(holding(cloudMutationsId('demo'), 'other'));
    expect(index.chunkHoldings(cloudMutationsId('demo')).map(({ key, order }) => [key, order])).toEqual([
      ['k', 'later'],
      ['other', 'order of other'],
    ]);
    expect(index.holdings('observation', 'k')).toHaveLength(4);
  });
});
