import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGoString } from '../../../src/engine/goJson.ts';
import {
  goFields,
  goLower,
  goTrim,
  hashNormalized,
  normalizeProject,
  normalizeScope,
  normalizeTopicKey,
  sanitizeFts,
  stripPrivateTags,
} from '../../../src/engine/goText.ts';
import { normalizeTimestamp } from '../../../src/engine/goTime.ts';
import { detectedName, extractRepoName, findSimilar } from '../../../src/engine/projectName.ts';
import { suggestTopicKey } from '../../../src/engine/topicKey.ts';
import { goldenPath } from '../../golden.ts';

interface Row {
  readonly in: string;
  readonly out: string;
  readonly warning: string;
}

interface Golden {
  readonly encodeString: readonly { readonly base64: string; readonly json: string }[];
  readonly hashNormalized: readonly Row[];
  readonly normalizeProject: readonly Row[];
  readonly normalizeScope: readonly Row[];
  readonly normalizeTimestamp: readonly Row[];
  readonly normalizeTopicKey: readonly Row[];
  readonly sanitizeFTS: readonly Row[];
  readonly stripPrivateTags: readonly Row[];
  readonly suggestTopicKey: readonly { readonly type: string; readonly title: string; readonly content: string; readonly out: string }[];
  readonly extractRepoName: readonly { readonly url: string; readonly name: string; readonly normalized: string }[];
  readonly findSimilar: readonly {
    readonly name: string;
    readonly existing: readonly string[];
    readonly maxDistance: number;
    readonly out: readonly { readonly Name: string; readonly MatchType: string; readonly Distance: number }[];
  }[];
}

const path = goldenPath('local', 'functions.json');
const hasGolden = existsSync(path);
if (!hasGolden) console.log('golden/local/functions.json not found, skipped');

describe.skipIf(!hasGolden)('the tables of the Go program', () => {
  const golden = hasGolden ? (JSON.parse(readFileSync(path, 'utf8')) as Golden) : ({} as Golden);

  it('encodes every byte and sequence', () => {
    expect(golden.encodeString.length).toBeGreaterThan(256);
    for (const { base64, json } of golden.encodeString) expect(encodeGoString(Buffer.from(base64, 'base64'))).toBe(json);
  });

  it.each([
    ['hashNormalized', hashNormalized],
    ['normalizeScope', normalizeScope],
    ['normalizeTimestamp', normalizeTimestamp],
    ['normalizeTopicKey', normalizeTopicKey],
    ['sanitizeFTS', sanitizeFts],
    ['stripPrivateTags', stripPrivateTags],
  ] as const)('%s', (name, run) => {
    expect(golden[name].length).toBeGreaterThan(0);
    for (const row of golden[name]) expect({ in: row.in, out: run(row.in) }).toEqual({ in: row.in, out: row.out });
  });

  it('normalizeProject', () => {
    for (const row of golden.normalizeProject) expect(normalizeProject(row.in)).toEqual({ normalized: row.out, warning: row.warning });
  });

  it('suggestTopicKey', () => {
    for (const { type, title, content, out } of golden.suggestTopicKey) expect(suggestTopicKey(type, title, content)).toBe(out);
  });

  it('extractRepoName and the name made of it', () => {
    for (const { url, name, normalized } of golden.extractRepoName) {
      expect(extractRepoName(url)).toBe(name);
      expect(detectedName(name)).toBe(normalized);
    }
  });

  it('findSimilar', () => {
    for (const { name, existing, maxDistance, out } of golden.findSimilar) {
      const found = findSimilar(name, existing, maxDistance);
      expect(found.map((similar) => ({ Name: similar.name, MatchType: similar.match, Distance: similar.distance }))).toEqual(out);
    }
  });
});

describe('text as Go handles it', () => {
  it('knows white space that JavaScript does not, and the reverse', () => {
    expect(goTrim('\u0085\u00a0x\u3000')).toBe('x');
    expect(goTrim('\ufeffx')).toBe('\ufeffx');
    expect(goFields(' a\u0085b\n\nc ')).toEqual(['a', 'b', 'c']);
    expect(goTrim(' \n ')).toBe('');
  });

  it('lower-cases each code point by itself', () => {
    expect(goLower('İΣΑΣ😀K')).toBe('iσασ😀k');
  });

  it('cuts a topic before the character that does not fit, so that cutting again changes nothing', () => {
    const topic = normalizeTopicKey(`${'a'.repeat(119)}é`);
    expect(topic).toBe('a'.repeat(119));
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        (text) => normalizeTopicKey(normalizeTopicKey(text)) === normalizeTopicKey(text),
      ),
    );
  });

  it('redacts many unclosed tags in linear time', () => {
    const text = '<private>'.repeat(20_000);
    const start = performance.now();
    expect(stripPrivateTags(text)).toBe(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('quotes what cannot be seen in a warning', () => {
    expect(normalizeProject('\u0000\u202eA').warning).toBe('⚠️ Project name normalized: "\\x00\\u202eA" → "\\x00\\u202ea"');
  });
});
