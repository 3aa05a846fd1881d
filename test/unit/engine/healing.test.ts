import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conflictSides } from '../../../src/engine/conflictText.ts';
import type { Holding } from '../../../src/engine/held.ts';
import { readLooseManifest } from '../../../src/engine/looseManifest.ts';
import { type ChunkEntry, type ChunkId, encodeManifest, type Manifest, toChunkId } from '../../../src/engine/manifest.ts';
import { inOrder, insertByTime, type Precedence, precedenceOf } from '../../../src/engine/placement.ts';
import { readDamagedManifest, uniteManifests } from '../../../src/engine/uniteManifests.ts';

const entry = (id: string, more: Partial<ChunkEntry> = {}): ChunkEntry => ({
  id: toChunkId(id),
  createdBy: 'ana',
  createdAt: '2026-01-01T00:00:00Z',
  sessions: 1,
  memories: 2,
  prompts: 0,
  ...more,
});
const manifest = (ids: readonly string[], more: Partial<Manifest> = {}): Manifest => ({
  version: 2,
  chunks: ids.map((id) => entry(id)),
  unusable: [],
  ...more,
});
const ids = (one: { readonly chunks: readonly ChunkEntry[] }): string[] => one.chunks.map(({ id }) => id);
const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (one: Manifest) => new TextDecoder().decode(encodeManifest(one));
const sortedText = (one: Manifest) => textOf({ ...one, chunks: one.chunks.toSorted((a, b) => (a.id < b.id ? -1 : 1)) });

const anId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const aTime = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2025-12-31T23:59:59Z', '', 'soon');
const extra = fc.option(
  fc
    .dictionary(fc.constantFrom('x', 'y', '__proto__'), fc.integer({ min: 0, max: 3 }), { minKeys: 1 })
    .map((keys) => new Map(Object.entries(keys))),
  { nil: undefined },
);
const anEntry = fc
  .record({ id: anId, createdBy: fc.constantFrom('', 'ana', 'bob'), createdAt: aTime, memories: fc.nat(3), extra })
  .map(({ id, extra: keys, ...rest }): ChunkEntry => entry(id, { ...rest, ...(keys && { extra: keys }) }));
const aManifest = fc
  .record({
    version: fc.integer({ min: 0, max: 5 }),
    chunks: fc.array(anEntry, { maxLength: 8 }),
    unusable: fc.array(fc.constantFrom(7, '../x', null), { maxLength: 2 }),
    extra,
  })
  .map(({ extra: keys, unusable, ...rest }): Manifest => {
    const kept = unusable.map((json, index) => ({ index, reason: 'it is no object', json }));
    return { ...rest, unusable: kept, ...(keys && { extra: keys }) };
  });

/** Root keys and unusable entries in one order, so that manifests can be compared but for the order. */
function normal(one: Manifest): unknown {
  const chunks = one.chunks
    .map((each) => ({ ...each, extra: each.extra && [...each.extra].sort() }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const unusable = one.unusable.map(({ json }) => String(json)).sort();
  return { version: one.version, chunks, unusable, extra: one.extra && [...one.extra].sort() };
}

describe('the union of manifests', () => {
  it('is the same whatever comes first, but for the order', () => {
    fc.assert(
      fc.property(aManifest, aManifest, (a, b) => {
        expect(normal(uniteManifests([a, b]))).toEqual(normal(uniteManifests([b, a])));
      }),
    );
  });

  it('may be made in any grouping, and repeated', () => {
    fc.assert(
      fc.property(aManifest, aManifest, aManifest, (a, b, c) => {
        const all = uniteManifests([a, b, c]);
        expect(normal(uniteManifests([a, uniteManifests([b, c])]))).toEqual(normal(all));
        expect(normal(uniteManifests([all, b]))).toEqual(normal(all));
        expect(textOf(uniteManifests([all]))).toBe(textOf(all));
      }),
    );
  });

  it('loses no id, no unusable entry, no key, and keeps the order of the first', () => {
    fc.assert(
      fc.property(fc.array(aManifest, { maxLength: 4 }), (all) => {
        const united = uniteManifests(all);
        expect(ids(united)).toEqual([...new Set(all.flatMap(ids))]);
        expect(united.version).toBe(Math.max(0, ...all.map(({ version }) => version)));
        for (const one of all) {
          for (const key of one.extra?.keys() ?? []) expect(united.extra?.has(key)).toBe(true);
          for (const { json } of one.unusable) expect(united.unusable.some((other) => other.json === json)).toBe(true);
          for (const { id, extra: keys } of one.chunks) {
            const there = united.chunks.find((other) => other.id === id);
            for (const key of keys?.keys() ?? []) expect(there?.extra?.has(key)).toBe(true);
          }
        }
      }),
    );
  });
});

/** As git writes a conflict: what both sides begin and end with is common, what stands between is a hunk. */
function conflict(
  ours: string,
  theirs: string,
  { base, size = 7, eol = '\n' }: { base?: string; size?: number; eol?: string } = {},
): string {
  const [a, b] = [ours.split('\n'), theirs.split('\n')];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const mark = (sign: string, label: string) => `${sign.repeat(size)}${label}`;
  const middle = base === undefined ? [] : [mark('|', ' base'), ...base.split('\n')];
  const hunk = [
    mark('<', ' HEAD'),
    ...a.slice(start, a.length - end),
    ...middle,
    mark('=', ''),
    ...b.slice(start, b.length - end),
    mark('>', ' topic'),
  ];
  return [...a.slice(0, start), ...hunk, ...a.slice(a.length - end)].join(eol);
}

describe('a manifest with conflict markers', () => {
  const ours = textOf(manifest(['a', 'b']));
  const theirs = textOf(manifest(['a', 'c', 'd']));

  it.each([
    ['in the style merge', conflict(ours, theirs)],
    ['with CR LF', conflict(ours, theirs, { eol: '\r\n' })],
    ['with longer markers', conflict(ours, theirs, { size: 12 })],
    ['with a byte order mark', `\uFEFF${conflict(ours, theirs)}`],
  ])('(%s) is the union of both sides', (_name, text) => {
    expect(ids(readDamagedManifest(bytes(text)))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('in the style diff3 has the entries of the base too', () => {
    const base = '    {\n      "id": "z",\n      "created_by": "ana",\n      "created_at": "x"\n    }';
    const text = conflict(ours, theirs, { base });
    expect(ids(readDamagedManifest(bytes(text))).toSorted()).toEqual(['a', 'b', 'c', 'd', 'z']);
  });

  it('has both entries where the hunks lie inside of one', () => {
    const text = `{"version": 1, "chunks": [
    {
<<<<<<< HEAD
      "id": "aaaa1111",
      "created_by": "ana",
=======
      "id": "bbbb2222",
      "created_by": "bob",
>>>>>>> topic
      "created_at": "2026-01-01T00:00:00Z",
      "sessions": 1,
<<<<<<< HEAD
      "memories": 5,
=======
      "memories": 6,
>>>>>>> topic
      "prompts": 0
    }
  ]
}`;
    expect(readDamagedManifest(bytes(text)).chunks).toEqual([
      entry('aaaa1111', { memories: 5 }),
      entry('bbbb2222', { createdBy: 'bob', memories: 6 }),
    ]);
  });

  it('has everything of a conflict that was committed and conflicted again', () => {
    const inner = conflict(ours, theirs);
    for (const size of [7, 9]) {
      const text = conflict(inner, textOf(manifest(['a', 'e'])), { size });
      expect(ids(readDamagedManifest(bytes(text))).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    }
  });

  it.each([
    ['the first marker was deleted', (text: string) => text.replace(/<<<<<<<.*\n/, '')],
    ['the last marker was deleted', (text: string) => text.replace(/>>>>>>>.*\n/, '')],
    ['all markers were deleted', (text: string) => text.replaceAll(/^[<=>]{7}.*\n/gm, '')],
    ['the file ends in the middle', (text: string) => text.slice(0, text.indexOf('"d"') + 4)],
    ['a bracket is lost', (text: string) => text.replace('[', '')],
    ['the commas are lost', (text: string) => text.replaceAll('},', '}')],
  ])('(%s) still has every entry', (_name, damage) => {
    expect(ids(readDamagedManifest(bytes(damage(conflict(ours, theirs))))).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps unknown keys and the highest version', () => {
    const newer = textOf(manifest(['a'], { version: 3, extra: new Map([['x', 1]]) }));
    const united = readDamagedManifest(bytes(conflict(ours, newer)));
    expect(united).toMatchObject({ version: 3, extra: new Map([['x', 1]]) });
  });

  it('loses nothing of any two sides, whatever they are and wherever the hunk lies', () => {
    fc.assert(
      fc.property(aManifest, aManifest, fc.constantFrom('\n', '\r\n'), (a, b, eol) => {
        const united = readDamagedManifest(bytes(conflict(textOf(a), textOf(b), { eol })));
        expect(normal(united)).toEqual(normal(uniteManifests([a, b].map((one) => ({ ...one, version: Math.max(2, one.version) })))));
      }),
    );
  });

  it('reads any bytes without an error, and its own result again as it is', () => {
    const line = fc.constantFrom(
      '<<<<<<< a',
      '|||||||',
      '=======',
      '>>>>>>> b',
      '{',
      '}',
      '],',
      '"chunks": [',
      '"id": "q",',
      '"version": 9,',
      '"x": {',
      '\\"',
    );
    const text = fc.oneof(
      fc.array(line).map((lines) => lines.join('\n')),
      fc.string(),
      fc.json(),
    );
    fc.assert(
      fc.property(text, (one) => {
        const read = readDamagedManifest(bytes(one));
        expect(sortedText(readDamagedManifest(encodeManifest(read)))).toBe(sortedText(read));
      }),
    );
  });

  it('bears hostile texts in bounded time and searches none that is too large', () => {
    const fill = (text: string, size = 1024 * 1024) => bytes(text.repeat(Math.floor(size / text.length)));
    const lines = ['<<<<<<<\n', '<<<<<<<\n{"id":"q"}\n|||||||\n=======\n>>>>>>>\n', '{"id":', '{"a":', '"\\', '{"id":"a",', '{', '"'];
    const started = performance.now();
    for (const text of lines) readDamagedManifest(fill(text));
    expect(performance.now() - started).toBeLessThan(lines.length * 1500);
    expect(ids(readDamagedManifest(fill('{"id":"a",')))).toEqual(['a']);
    expect(ids(readDamagedManifest(fill('{"id":"a",', 2 * 1024 * 1024)))).toEqual([]);
  });
});

it('leaves a text without markers alone, and gives each choice once', () => {
  const texts = (text: string) => conflictSides(text).map((side) => [side.text, side.isWhole]);
  expect(texts('a\nb')).toEqual([['a\nb', true]]);
  expect(texts('<<<<<<< x\na\n=======\nb\n>>>>>>> y')).toEqual([
    ['a', true],
    ['b', true],
  ]);
  expect(texts('<<<<<<< x\na\n||||||| o\nc\n=======\nb\n>>>>>>> y')).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ]);
});

it('reads entries out of text that is no JSON, and takes no nested object for one', () => {
  const text = '{"version": 7, "chunks": [ {"id": "a", "x": {"id": "not-me"}} {"id": "b", "memories": 3, ], "team": "t" }';
  const read = readLooseManifest(text);
  expect(ids(read)).toEqual(['a', 'b']);
  expect(read).toMatchObject({ version: 7, extra: new Map([['team', 't']]) });
});

const holding = (chunkId: string, key: string, inArray: boolean, entity: Holding['entity'] = 'observation'): Holding => ({
  chunkId: toChunkId(chunkId),
  entity,
  key,
  inArray,
  order: '',
  json: '',
});

describe('the order of entries', () => {
  it('puts a row before its edits, and lets sessions stand anywhere', () => {
    const precedence = precedenceOf([
      holding('edit', 'row', false),
      holding('first', 'row', true),
      holding('edit', 's', true, 'session'),
      holding('first', 's', false, 'session'),
    ]);
    expect(inOrder([entry('edit'), entry('other'), entry('first')], precedence).map(({ id }) => id)).toEqual(['other', 'first', 'edit']);
    expect(inOrder([entry('first'), entry('edit')], precedence).map(({ id }) => id)).toEqual(['first', 'edit']);
  });

  const pairs = fc.array(fc.tuple(anId, anId), { maxLength: 12 });
  const precedenceFrom = (all: readonly (readonly [string, string])[]): Precedence => {
    const sets = new Map<ChunkId, Set<ChunkId>>();
    for (const [chunk, need] of all) sets.set(toChunkId(chunk), (sets.get(toChunkId(chunk)) ?? new Set()).add(toChunkId(need)));
    return sets;
  };
  const lists = fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f', 'g']).map((some) => some.map((id) => entry(id)));
  const respects = (list: readonly ChunkEntry[], precedence: Precedence): boolean =>
    list.every(({ id }, at) =>
      [...(precedence.get(id) ?? [])].every((need) => need === id || list.findIndex((one) => one.id === need) <= at),
    );

  it('respects every demand that has no circle, loses nothing, and leaves a good order alone', () => {
    const acyclic = pairs.map((all) => all.filter(([chunk, need]) => chunk > need));
    fc.assert(
      fc.property(lists, acyclic, (list, demands) => {
        const precedence = precedenceFrom(demands);
        const ordered = inOrder(list, precedence);
        expect(respects(ordered, precedence)).toBe(true);
        expect(new Set(ordered)).toEqual(new Set(list));
        if (respects(list, precedence)) expect(ordered).toEqual(list);
      }),
    );
  });

  it('changes nothing the second time, circles included', () => {
    fc.assert(
      fc.property(lists, pairs, (list, demands) => {
        const once = inOrder(list, precedenceFrom(demands));
        expect(inOrder(once, precedenceFrom(demands))).toEqual(once);
        expect(once).toHaveLength(list.length);
      }),
    );
  });

  it('inserts by time, then id, those without a time at the end, whatever the order they come in', () => {
    const list = [entry('a', { createdAt: '2026-01-01T00:00:00Z' }), entry('d', { createdAt: '2026-01-04T00:00:00Z' })];
    const more = [
      entry('z', { createdAt: '' }),
      entry('c', { createdAt: '2026-01-03T00:00:00Z' }),
      entry('b', { createdAt: '2026-01-03T00:00:00Z' }),
    ];
    expect(insertByTime(list, more).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'z']);
    fc.assert(
      fc.property(fc.uniqueArray(anEntry, { selector: ({ id }) => id }), fc.nat(7), (all, at) => {
        const [there, added] = [all.slice(0, at), all.slice(at)];
        const result = insertByTime(there, added);
        expect(insertByTime(there, added.toReversed())).toEqual(result);
        expect(result.filter((one) => there.includes(one))).toEqual(there);
        expect(result).toHaveLength(all.length);
      }),
    );
  });
});
