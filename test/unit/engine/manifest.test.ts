import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import {
  appendEntry,
  type ChunkEntry,
  decodeManifest,
  EMPTY_MANIFEST,
  encodeManifest,
  isChunkId,
  type Manifest,
  toChunkId,
} from '../../../src/engine/manifest.ts';

const textOf = (manifest: Manifest) => new TextDecoder().decode(encodeManifest(manifest));
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (EngramError.is(error)) return error.code;
    throw error;
  }
  return 'no error';
}

describe('decodeManifest', () => {
  it('says that an empty file is empty', () => {
    for (const text of ['', ' \n\t ']) expect(() => decodeManifest(text)).toThrow(/it is empty/);
  });

  it.each(['{"version":1,"chunks":[\n<<<<<<< HEAD\n{"id":"a"}\n=======\n{"id":"b"}\n>>>>>>> theirs\n]}', '<<<<<<< HEAD\n{}'])(
    'recognises conflict markers',
    (text) => {
      expect(codeOf(() => decodeManifest(text))).toBe('manifest-conflict');
    },
  );

  it('takes no marker inside a text for a conflict', () => {
    expect(decodeManifest('{"chunks":[{"id":"a","created_by":"\\n<<<<<<< x"}]}').chunks).toHaveLength(1);
  });

  it('lets a bad entry cost only itself, and writes it back behind the others', () => {
    const text = `{"version":2,"chunks":[7,{"id":"../x"},{"id":""},{"id":"good","created_by":null},{"id":"b","created_at":5},null,{"id":9}]}`;
    const manifest = decodeManifest(text);
    expect(manifest.chunks.map((entry) => entry.id)).toEqual(['good']);
    expect(manifest.unusable.map(({ index, reason }) => `${index}: ${reason}`)).toEqual([
      '0: it is a number, not an object',
      '1: id is not a plain file name',
      '2: id is empty',
      '4: created_at is a number, not text',
      '5: it is null, not an object',
      '6: id is a number, not text',
    ]);
    expect(JSON.parse(textOf(manifest)).chunks.slice(1)).toEqual([
      7,
      { id: '../x' },
      { id: '' },
      { id: 'b', created_at: 5 },
      null,
      { id: 9 },
    ]);
  });

  it('keeps duplicates, in the order of the file', () => {
    expect(decodeManifest('{"chunks":[{"id":"b"},{"id":"a"},{"id":"b"}]}').chunks.map((entry) => entry.id)).toEqual(['b', 'a', 'b']);
  });

  it('never lowers a version', () => {
    expect(textOf(decodeManifest('{"version":7}'))).toContain('"version": 7');
  });

  it('throws nothing but EngramError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.uint8Array(), fc.json()), (source) => {
        codeOf(() => decodeManifest(source));
      }),
    );
  });

  it('reads what it writes', () => {
    const count = fc.nat();
    const record = { id: fc.stringMatching(/^[A-Za-z0-9_-]{1,16}$/), createdBy: fc.string({ unit: 'grapheme' }), createdAt: fc.string() };
    const entry = fc.record({ ...record, sessions: count, memories: count, prompts: count });
    fc.assert(
      fc.property(fc.array(entry), fc.integer({ min: 2, max: 99 }), (entries, version) => {
        const chunks = entries.map((one): ChunkEntry => ({ ...one, id: toChunkId(one.id) }));
        expect(decodeManifest(encodeManifest({ version, chunks, unusable: [] }))).toEqual({ version, chunks, unusable: [] });
      }),
    );
  });
});

describe('appendEntry', () => {
  it('makes a manifest of a missing one', () => {
    const entry: ChunkEntry = {
      id: toChunkId('a959db03'),
      createdBy: 'alice',
      createdAt: '2026-11-22T07:02:25Z',
      sessions: 1,
      memories: 0,
      prompts: 0,
    };
    const manifest = appendEntry(EMPTY_MANIFEST, entry);
    expect(manifest).toEqual({ version: 2, chunks: [entry], unusable: [] });
    expect(textOf(manifest)).toBe(`{
  "version": 2,
  "chunks": [
    {
      "id": "a959db03",
      "created_by": "alice",
      "created_at": "2026-11-22T07:02:25Z",
      "sessions": 1,
      "memories": 0,
      "prompts": 0
    }
  ]
}`);
  });
});

describe('isChunkId', () => {
  it.each(['a959db03', '0b0e6a3c-6f0e-4f0e-9d5c-0c7c0b1d2e3f', 'my_slug'])('allows %s', (id) => {
    expect(isChunkId(id)).toBe(true);
  });

  it.each(['', '.', '..', '../../x', 'C:\\x', 'a/b', 'a.b', 'a b', 'a\n', 'é', 'a'.repeat(129)])('refuses %j', (id) => {
    expect(isChunkId(id)).toBe(false);
    expect(codeOf(() => toChunkId(id))).toBe('invalid-input');
  });
});
