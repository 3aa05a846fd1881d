import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkId, decodeChunk, decodeChunkSync, encodeChunk, sha256Hex } from '../../../src/engine/chunkCodec.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { parseGoJson } from '../../../src/engine/goJson.ts';
import type { ChunkData, Int, JsonValue } from '../../../src/engine/records.ts';
import { countRejected } from '../../../src/engine/rejections.ts';
import { corpusPath, goldenPath } from '../../golden.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const decode = (text: string) => decodeChunkSync(bytes(text));
const textOf = (data: ChunkData) => new TextDecoder().decode(encodeChunk(data));

/** A text cut inside a character was written with `\ufffd` per bad byte; decoded, that is a genuine U+FFFD, which is written raw. */
const hasEscapedBadByte = (text: string) => text.includes('\\ufffd');

interface GoldenCase {
  readonly name: string;
  readonly [release: string]: unknown;
}

interface GoldenChunk {
  readonly id: string;
  readonly json: string;
  readonly sha256: string;
}

function goldenChunks(path: string): readonly GoldenChunk[] {
  const cases = JSON.parse(readFileSync(path, 'utf8')) as readonly GoldenCase[];
  return cases.flatMap((one) => ['v1.14.0', 'v1.16.1'].flatMap((release) => chunksAfter(one[release])));
}

function chunksAfter(result: unknown): readonly GoldenChunk[] {
  if (result === 'same') return [];
  const { after } = result as { readonly after: Record<string, Record<string, string | Omit<GoldenChunk, 'id'>>> };
  return Object.entries(after)
    .filter(([name]) => name.startsWith('dir:'))
    .flatMap(([, files]) => Object.entries(files))
    .flatMap(([file, content]) => (typeof content === 'object' && 'json' in content ? [{ ...content, id: file.slice(7, 15) }] : []));
}

const path = goldenPath('local', 'export.json');
const hasGolden = existsSync(path);
if (!hasGolden) console.log('golden/local/export.json not found, skipped');

describe.skipIf(!hasGolden)('chunks that the Go programs wrote', () => {
  const chunks = hasGolden ? goldenChunks(path) : [];

  it('have the id and the bytes that ours gives them', () => {
    expect(chunks.length).toBeGreaterThan(20);
    for (const { id, json, sha256 } of chunks) {
      expect(sha256Hex(bytes(json))).toBe(sha256);
      expect(chunkId(bytes(json))).toBe(id);
      const again = textOf(decode(json));
      expect(again).toBe(hasEscapedBadByte(json) ? json.replaceAll('\\ufffd', '\ufffd') : json);
    }
    expect(chunks.filter(({ json }) => hasEscapedBadByte(json)).map(({ id }) => id)).toEqual(['dc70f80e', 'd387f9e2']);
  });
});

/** Why a real chunk is written in other bytes than it was read in. Its values are the same in any case. */
const OTHER_BYTES: Readonly<Record<string, string>> = {
  'AndyTechnologies__wasm-apps': 'a newer program writes review_after between fields that are known here; unknown fields stand last',
  FelipePepe__engram: 'the first format has no sync_id, which is written as an empty one',
};

const folders = ['AndyTechnologies__wasm-apps', 'Drakk3__drakk3-assistant', 'FelipePepe__engram'];
const hasCorpus = existsSync(corpusPath(folders[0] ?? ''));
if (!hasCorpus) console.log('corpus not found, skipped');

describe.skipIf(!hasCorpus)('chunks of real folders', () => {
  it.each(folders)('%s: each chunk is written as it was read, or the reason is known', (folder) => {
    const root = corpusPath(folder, '.engram', 'chunks');
    const files = readdirSync(root).filter((name) => name.endsWith('.jsonl.gz'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const json = gunzipSync(readFileSync(`${root}/${file}`));
      const data = decodeChunkSync(json);
      const again = encodeChunk(data);
      expect(data.rejected).toBeUndefined();
      expect(`${chunkId(json)}.jsonl.gz`).toBe(file);
      expect(JSON.parse(textOf(data))).toMatchObject(JSON.parse(json.toString()));
      expect(encodeChunk(decodeChunkSync(again))).toEqual(again);
      if (OTHER_BYTES[folder] === undefined) expect(chunkId(again)).toBe(chunkId(json));
    }
  });
});

describe('encodeChunk', () => {
  it('writes the worked example of the format', () => {
    const session = { id: 's1', project: 'demo', directory: '/w', startedAt: '2026-01-02 03:04:05' };
    const encoded = encodeChunk({ sessions: [session], observations: [], prompts: [] });
    expect(encoded).toHaveLength(130);
    expect(chunkId(encoded)).toBe('a959db03');
  });

  it('writes one \\ufffd per bad byte of the database', () => {
    const prompt = { id: 3, syncId: 'p', sessionId: 's', content: 'abc\udce2\udc80', project: '', createdAt: '' };
    expect(textOf({ sessions: [], observations: [], prompts: [prompt], mutations: [] })).toBe(
      '{"sessions":null,"observations":null,"prompts":[{"id":3,"sync_id":"p","session_id":"s","content":"abc\\ufffd\\ufffd","created_at":""}]}',
    );
  });

  it('puts unknown keys last, sorted, and reads them back', () => {
    const text = '{"z":1,"sessions":[{"id":"s","b":2,"__proto__":1,"a":[1.0]}],"a":{"k":null}}';
    expect(textOf(decode(text))).toBe(
      '{"sessions":[{"id":"s","project":"","directory":"","started_at":"","__proto__":1,"a":[1.0],"b":2}],"observations":null,"prompts":null,"a":{"k":null},"z":1}',
    );
  });

  it('gives the same bytes again for whatever it wrote', () => {
    fc.assert(
      fc.property(chunkData(), (data) => {
        const encoded = encodeChunk(data);
        expect(encodeChunk(decodeChunkSync(encoded))).toEqual(encoded);
      }),
    );
  });
});

describe('decodeChunk', () => {
  it.each(['null', '{}', '{"sessions":[],"mutations":null}'])('takes %s for an empty chunk', (text) => {
    expect(decode(text)).toEqual({ sessions: [], observations: [], prompts: [] });
  });

  it('matches names whatever their case', () => {
    expect(decode('{"Sessions":[{"ID":"s1","Started_At":"t"}]}').sessions).toEqual([
      { id: 's1', project: '', directory: '', startedAt: 't' },
    ]);
  });

  it.each([
    ['[]', 'The chunk is a list, not an object'],
    ['"x"', 'The chunk is text, not an object'],
    ['{"title":"t","content":"c"}', 'The chunk is a single record'],
    ['{"sessions":{}}', "The chunk's sessions is an object, not a list"],
    ['{"mutations":"x"}', "The chunk's mutations is text, not a list"],
    ['{}{}', "invalid character '{' after top-level value"],
    ['{"sessions":[', 'unexpected end of JSON input'],
    ['\ufeff{}', "invalid character 'ï'"],
  ])('refuses %s with a sentence', (text, message) => {
    expect(() => decode(text)).toThrow(message);
    expect(() => decode(text)).toThrow(EngramError);
  });

  it('lets a record of the wrong type cost only itself, without showing its text', () => {
    const data = decode(
      '{"observations":[{"sync_id":"a","title":1},{"sync_id":"b"},null,{"sync_id":"c","revision_count":1.0,"content":"secret"}]}',
    );
    expect(data.observations.map((record) => record.syncId)).toEqual(['b']);
    expect(data.rejected).toEqual([
      { path: 'observations[0]', reason: 'title is a number, not text' },
      { path: 'observations[2]', reason: 'it is null, not an object' },
      { path: 'observations[3]', reason: 'revision_count is a number, not a whole number of 64 bits' },
    ]);
  });

  it('names the first thousand bad records and counts the others', () => {
    const { rejected } = decode(`{"sessions":[${'0,'.repeat(1_499)}0]}`);
    expect(rejected).toHaveLength(1_000);
    expect(countRejected(rejected)).toBe(1_500);
  });

  it('takes a row number of the wrong type for none', () => {
    const ids = decode('{"observations":[{"id":1.0},{"id":"7"},{"id":1e3},{"id":{}},{"id":99999999999999999999}]}').observations.map(
      (one) => one.id,
    );
    expect(ids).toEqual([0, 0, 0, 0, 0]);
  });

  it('is the same in slices', async () => {
    const observations = Array.from({ length: 1000 }, (_, id) => `{"id":${id},"content":"line\\n"}`).join(',');
    let turns = 0;
    const data = await decodeChunk(bytes(`{"observations":[${observations}]}`), async () => {
      turns += 1;
    });
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(data).toEqual(decode(`{"observations":[${observations}]}`));
  });

  it('throws nothing but EngramError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(bytes),
          fc.json().map((json) => bytes(`{"sessions":[${json}],"mutations":[${json}]}`)),
        ),
        (source) => {
          try {
            decodeChunkSync(source);
          } catch (error) {
            expect(error).toBeInstanceOf(EngramError);
          }
        },
      ),
    );
  });
});

/** Any chunk, with texts that hold bad bytes, whole 64-bit numbers and unknown keys. */
function chunkData(): fc.Arbitrary<ChunkData> {
  // Bad bytes are left out here: written once they are `\ufffd`, written again they are U+FFFD.
  const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.toWellFormed());
  const int: fc.Arbitrary<Int> = fc.oneof(fc.integer(), fc.bigInt({ min: 2n ** 60n, max: 2n ** 63n - 1n }));
  const extra = fc.option(
    fc
      .dictionary(
        text.map((key) => `x-${key}`),
        fc.json().map((json): JsonValue => parseGoJson(json)),
        { minKeys: 1, maxKeys: 3 },
      )
      .map((keys) => new Map(Object.entries(keys))),
    { nil: undefined },
  );
  const optional = <T>(keys: Record<string, fc.Arbitrary<T>>) => fc.record(keys, { requiredKeys: [] });
  const session = fc.record({ id: text, project: text, directory: text, startedAt: text });
  const observation = fc.record({
    id: int,
    syncId: text,
    sessionId: text,
    type: text,
    title: text,
    content: text,
    scope: text,
    revisionCount: int,
    duplicateCount: int,
    createdAt: text,
    updatedAt: text,
  });
  const prompt = fc.record({ id: int, syncId: text, sessionId: text, content: text, project: text, createdAt: text });
  const mutation = fc.record({
    seq: int,
    targetKey: text,
    entity: text,
    entityKey: text,
    op: text,
    payload: text,
    source: text,
    project: text,
    occurredAt: text,
  });
  const withExtra = <T>(record: fc.Arbitrary<T>, more: Record<string, fc.Arbitrary<string>> = {}) =>
    fc
      .tuple(record, optional(more), extra)
      .map(([known, some, keys]) => ({ ...known, ...some, ...(keys !== undefined && { extra: keys }) }));
  return fc.record({
    sessions: fc.array(withExtra(session, { endedAt: text, summary: text }), { maxLength: 4 }),
    observations: fc.array(withExtra(observation, { toolName: text, project: text, topicKey: text, lastSeenAt: text, deletedAt: text }), {
      maxLength: 4,
    }),
    prompts: fc.array(withExtra(prompt), { maxLength: 4 }),
    mutations: fc.array(withExtra(mutation, { ackedAt: text }), { maxLength: 4 }),
  });
}
