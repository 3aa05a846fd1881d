import { describe, expect, it } from 'vitest';
import { decodeChunkSync } from '../../../src/engine/chunkCodec.ts';
import { chunkVersions } from '../../../src/engine/chunkVersions.ts';
import type { ChunkData } from '../../../src/engine/records.ts';

/** One good record of each list, with every known field. */
const GOOD = {
  sessions: { id: 's', project: 'p', directory: 'd', started_at: 't', ended_at: 'e', summary: 'x' },
  observations: {
    id: 1,
    sync_id: 'o',
    session_id: 's',
    type: 'y',
    title: 't',
    content: 'c',
    tool_name: 'n',
    project: 'p',
    scope: 'project',
    topic_key: 'k',
    revision_count: 1,
    duplicate_count: 1,
    last_seen_at: 'l',
    created_at: 'c',
    updated_at: 'u',
    deleted_at: null,
  },
  prompts: { id: 1, sync_id: 'q', session_id: 's', content: 'c', project: 'p', created_at: 't' },
  mutations: {
    seq: 1,
    target_key: '',
    entity: 'relation',
    entity_key: 'r',
    op: 'upsert',
    payload: '{"sync_id":"r","source_id":"o","target_id":"o2"}',
    source: '',
    project: 'p',
    occurred_at: 't',
    acked_at: null,
  },
} as const;
type List = keyof typeof GOOD;
const LISTS = Object.keys(GOOD) as List[];

const VALUES: Readonly<Record<string, unknown>> = { number: 7, half: 0.5, text: 'x', boolean: true, list: [], object: {}, null: null };

/** What Go's decoder takes for each kind of field; a row number that is none is nothing, and a payload may be an object (each on purpose). */
const TEXT: readonly string[] = ['text', 'null'];
const ACCEPTED: Readonly<Record<string, readonly string[]>> = {
  revision_count: ['number', 'null'],
  duplicate_count: ['number', 'null'],
  id: Object.keys(VALUES),
  seq: Object.keys(VALUES),
  payload: [...TEXT, 'object'],
};

function accepted(list: List, field: string): readonly string[] {
  if (list === 'sessions' && field === 'id') return TEXT;
  return ACCEPTED[field] ?? TEXT;
}

const fields = LISTS.flatMap((list) => Object.keys(GOOD[list]).map((field) => [list, field] as const));

/** A chunk in which `list` has a record with a field of that value between two good ones, and every other list one good record. */
function chunkWith(list: List, field: string, value: unknown): ChunkData {
  const spoilt = { ...GOOD[list], [field]: value };
  const lists = LISTS.map((name) => [name, name === list ? [GOOD[name], spoilt, GOOD[name]] : [GOOD[name]]]);
  return decodeChunkSync(new TextEncoder().encode(JSON.stringify(Object.fromEntries(lists))));
}

describe('a field of the wrong type', () => {
  it.each(fields)('%s: %s costs its record and nothing else, and only where Go would refuse it', (list, field) => {
    for (const [type, value] of Object.entries(VALUES)) {
      const chunk = chunkWith(list, field, value);
      const isAccepted = accepted(list, field).includes(type);
      const counts = Object.fromEntries(LISTS.map((name) => [name, chunk[name]?.length]));
      const good = Object.fromEntries(LISTS.map((name) => [name, 1]));
      expect({ type, ...counts }).toEqual({ type, ...good, [list]: isAccepted ? 3 : 2 });
      expect(chunk.rejected?.map((one) => one.path) ?? []).toEqual(isAccepted ? [] : [`${list}[1]`]);
    }
  });

  it.each(Object.entries(VALUES))('a record that is a %s is the only one missing', (type, value) => {
    for (const list of LISTS) {
      const lists = LISTS.map((name) => [name, name === list ? [GOOD[name], value, GOOD[name]] : [GOOD[name]]]);
      const chunk = decodeChunkSync(new TextEncoder().encode(JSON.stringify(Object.fromEntries(lists))));
      expect(chunk[list]).toHaveLength(type === 'object' ? 3 : 2);
    }
  });

  it('in the payload of a mutation costs the mutation', async () => {
    const edit = (sync_id: string, more: object) => ({
      ...GOOD.mutations,
      entity: 'observation',
      payload: JSON.stringify({ sync_id, ...more }),
    });
    const mutations = [edit('a', {}), edit('b', { title: 7 }), edit('c', { revision_count: '1' }), edit('d', { content: 'kept' })];
    const chunk = decodeChunkSync(new TextEncoder().encode(JSON.stringify({ mutations })));
    const versions = await chunkVersions(chunk, async () => undefined);
    expect([...versions.rows.keys()]).toEqual(['observation:a', 'observation:d']);
    expect(versions.rejected).toEqual([
      { path: 'mutations[1]', reason: 'title is a number, not text' },
      { path: 'mutations[2]', reason: 'revision_count is text, not a whole number of 64 bits' },
    ]);
  });
});
