import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import {
  canonicalJson,
  encodeGoString,
  getFold,
  isJsonObject,
  parseGoJson,
  parseGoJsonSliced,
  stringifyGo,
  stringifyGoIndented,
} from '../../../src/engine/goJson.ts';
import type { JsonValue } from '../../../src/engine/records.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (EngramError.is(error, 'chunk-corrupt')) return error.message;
    throw error;
  }
  return 'no error';
}

describe('parseGoJson', () => {
  it.each([
    ['"\\ud83d"', '\ufffd'],
    ['"\\ud83d\\u0041"', '\ufffdA'],
    ['"\\ud83d\\ud83d\\ude00"', '\ufffd😀'],
    ['"a\\u0000b"', 'a\u0000b'],
    ['"\\/\\"\\\\\\b\\f\\n\\r\\t"', '/"\\\b\f\n\r\t'],
    ['"\u2028\u007f"', '\u2028\u007f'],
    [' \t\r\n1 ', 1],
    ['-0', { raw: '-0' }],
    ['1.0', { raw: '1.0' }],
    ['1e400', { raw: '1e400' }],
    ['0.5', 0.5],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['null', null],
    ['[true,false,[]]', [true, false, []]],
  ] satisfies readonly (readonly [string, JsonValue])[])('reads %s', (text, value) => {
    expect(parseGoJson(text)).toEqual(value);
    expect(parseGoJson(bytes(text))).toEqual(value);
  });

  it('takes each raw bad byte for one U+FFFD', () => {
    expect(parseGoJson(new Uint8Array([0x22, 0x61, 0xe2, 0x80, 0x62, 0xed, 0xa0, 0xbd, 0xff, 0x22]))).toBe(
      'a\ufffd\ufffdb\ufffd\ufffd\ufffd\ufffd',
    );
  });

  it('keeps the last of a repeated key, in its last place', () => {
    const value = parseGoJson('{"a":1,"b":2,"a":3}');
    expect(isJsonObject(value) && [...value]).toEqual([
      ['b', 2],
      ['a', 3],
    ]);
  });

  it('has no special key', () => {
    const value = parseGoJson('{"__proto__":{"polluted":1},"constructor":2}');
    expect(isJsonObject(value) && [...value.keys()]).toEqual(['__proto__', 'constructor']);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(stringifyGo(value)).toBe('{"__proto__":{"polluted":1},"constructor":2}');
  });

  it.each([
    ['', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['"abc\\', 'unexpected end of JSON input'],
    ['"\\u12', 'unexpected end of JSON input'],
    ['tru', 'unexpected end of JSON input'],
    ['-', 'unexpected end of JSON input'],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['{}{}', "invalid character '{' after top-level value"],
    ['{a', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1', "invalid character '1' after object key"],
    ['{"a":1 2', "invalid character '2' after object key:value pair"],
    ['{"a":1]', "invalid character ']' after object key:value pair"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1}', "invalid character '}' after array element"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\n\u0001"', "invalid character '\\u0001' in string literal"],
    ['nulL', "invalid character 'L' in literal null (expecting 'l')"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ["'", "invalid character '\\'' looking for beginning of value"],
  ])('refuses %j in the words of Go', (text, message) => {
    expect(messageOf(() => parseGoJson(text))).toBe(message);
  });

  it('allows 10,000 levels and no more, without overflowing a stack', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(stringifyGo(parseGoJson(deep(10_000)))).toBe(deep(10_000));
    expect(messageOf(() => parseGoJson(deep(10_001)))).toBe('exceeded max depth');
    expect(messageOf(() => parseGoJson('[{"a":'.repeat(100_000)))).toBe('exceeded max depth');
  });

  it('throws nothing but EngramError, for any text and any bytes', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0123dDeE+-.tfn \n') }),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(any, (source) => {
        messageOf(() => parseGoJson(source));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with JSON.parse about what is JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u012deE+-.a \n'), maxLength: 12 }), (text) => {
        expect(messageOf(() => parseGoJson(text)) === 'no error').toBe(messageOf(() => parseJson(text)) === 'no error');
      }),
      { numRuns: 2000 },
    );
  });

  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(JSON.parse(stringifyGo(parseGoJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('gives way while it reads, and reads the same', async () => {
    const text = JSON.stringify(Array.from({ length: 5000 }, (_, id) => ({ id, content: 'line\n'.repeat(50) })));
    let turns = 0;
    const sliced = await parseGoJsonSliced(text, async () => {
      turns += 1;
    });
    expect(turns).toBeGreaterThan(3);
    expect(sliced).toEqual(parseGoJson(text));
  });

  it('does not slow down on backslashes and long numbers', () => {
    const start = performance.now();
    parseGoJson(`"${'\\\\'.repeat(500_000)}"`);
    parseGoJson(`"${'\\"'.repeat(500_000)}"`);
    expect(parseGoJson('9'.repeat(1_000_000))).toEqual({ raw: '9'.repeat(1_000_000) });
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EngramError('chunk-corrupt', 'not JSON');
  }
}

describe('writing', () => {
  it('escapes as Go does', () => {
    expect(encodeGoString("a<b>&c\u2028\u2029\u0000\u0007\b\f\n\u007f/'é😀\ufffd")).toBe(
      '"a\\u003cb\\u003e\\u0026c\\u2028\\u2029\\u0000\\u0007\\b\\f\\n\u007f/\'é😀\ufffd"',
    );
  });

  it('writes one \\ufffd per lone surrogate, and leaves the text of an escape alone', () => {
    expect(encodeGoString('a\udce2\udc80b')).toBe('"a\\ufffd\\ufffdb"');
    expect(encodeGoString('\\ud800\ud800')).toBe('"\\\\ud800\\ufffd"');
  });

  it('gives every text back', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseGoJson(encodeGoString(text)) === text.toWellFormed()));
  });

  it('lays out as json.MarshalIndent', () => {
    expect(stringifyGoIndented(parseGoJson('{"a":[],"b":{},"c":[1,{"d":null}]}'))).toBe(
      '{\n  "a": [],\n  "b": {},\n  "c": [\n    1,\n    {\n      "d": null\n    }\n  ]\n}',
    );
  });

  it('does not indent what is nested too deeply: the spaces alone would be 200 MB', () => {
    const text = `${'{"a":'.repeat(9_990)}1${'}'.repeat(9_990)}`;
    const indented = stringifyGoIndented(parseGoJson(text));
    expect(indented.length).toBeLessThan(70_000);
    expect(stringifyGo(parseGoJson(indented))).toBe(text);
  });

  it('gives numbers back as they were', () => {
    const text = '[1.0,1e400,-0,9007199254740993,0.1,1E5]';
    expect(stringifyGo(parseGoJson(text))).toBe(text);
  });

  it('sorts keys by their bytes in the canonical form', () => {
    expect(canonicalJson(parseGoJson('{"😀":1,"\uff5e":2,"b":3,"B":{"z":1,"a":2}}'))).toBe('{"B":{"a":2,"z":1},"b":3,"\uff5e":2,"😀":1}');
  });

  it('writes a list of 300,000 without overflowing a stack', () => {
    expect(stringifyGo(new Array<JsonValue>(300_000).fill(1))).toHaveLength(600_001);
  });
});

describe('what no program writes is refused before it costs memory', () => {
  const list = (item: string, count: number) => `[${new Array<string>(count).fill(item).join(',')}]`;

  it.each([
    ['values', list('0', 530_000), 'it holds more values than any program writes'],
    ['objects', list('{}', 70_000), 'it holds more values than any program writes'],
    ['lists', list('[]', 180_000), 'it holds more values than any program writes'],
    [
      'members',
      `{${Array.from({ length: 10_002 }, (_, n) => `"k${n}":0`).join(',')}}`,
      'an object has more members than any program writes',
    ],
    ['letters', `["${'x'.repeat(4_200_000)}"]`, 'a text or number is longer than any program writes'],
    ['escapes', `["${'\\n'.repeat(2_100_000)}"]`, 'a text or number is longer than any program writes'],
    ['digits', `[${'9'.repeat(4_200_000)}]`, 'a text or number is longer than any program writes'],
  ])('too many %s', (_what, text, message) => {
    expect(messageOf(() => parseGoJson(text))).toBe(message);
  });

  const time = '2026-01-01 10:00:00';
  /** The shortest that the Go program can write: every field that is never left out, nothing in it. */
  const shortest = {
    sessions: '{"id":"a","project":"","directory":"","started_at":""}',
    memories: `{"id":1,"sync_id":"","session_id":"","type":"","title":"","content":"","scope":"","revision_count":1,"duplicate_count":1,"created_at":"${time}","updated_at":"${time}"}`,
    prompts: `{"id":1,"sync_id":"","session_id":"","content":"","created_at":"${time}"}`,
    mutations: `{"seq":0,"target_key":"","entity":"","entity_key":"","op":"","payload":"{}","source":"","project":"","occurred_at":"${time}"}`,
  };

  it.each(Object.entries(shortest))('but never the records of a chunk, however many: %s', (_what, record) => {
    expect(parseGoJson(list(record, 60_000))).toHaveLength(60_000);
  });

  it('and a long text in front does not pay for what stands behind it', () => {
    const text = 'x'.repeat(4_000_000);
    expect(messageOf(() => parseGoJson(`["${text}",${list('{}', 70_000).slice(1)}`))).toBe('it holds more values than any program writes');
    expect(messageOf(() => parseGoJson(`[{"a":"${text}"},${list('{}', 70_000).slice(1)}`))).toBe(
      'it holds more values than any program writes',
    );
  });
});

describe('getFold', () => {
  it('matches whatever the case, the Kelvin sign and the long s too; the last of the text wins', () => {
    const object = parseGoJson('{"topic_key":1,"TOPIC_KEY":2,"ſcope":3,"topic_\u212aey":4,"other":5}');
    if (!isJsonObject(object)) throw new Error('not an object');
    expect(getFold(object, 'topic_key')).toBe(4);
    expect(getFold(object, 'scope')).toBe(3);
    expect(getFold(object, 'missing')).toBeUndefined();
  });
});
