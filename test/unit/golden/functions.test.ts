import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeGoString } from '../../../src/engine/goJson.ts';
import {
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

type Row = Readonly<Record<string, unknown>>;

/** What ours answers to a row, under the keys that the row has its answer in. */
const FUNCTIONS: Readonly<Record<string, (row: Row) => Row>> = {
  encodeString: (row) => ({ json: encodeGoString(Buffer.from(text(row, 'base64'), 'base64')) }),
  hashNormalized: (row) => ({ out: hashNormalized(text(row, 'in')) }),
  normalizeProject: (row) => {
    const { normalized, warning } = normalizeProject(text(row, 'in'));
    return { out: normalized, warning };
  },
  normalizeScope: (row) => ({ out: normalizeScope(text(row, 'in')) }),
  normalizeTimestamp: (row) => ({ out: normalizeTimestamp(text(row, 'in')) }),
  normalizeTopicKey: (row) => ({ out: normalizeTopicKey(text(row, 'in')) }),
  // `candidates` is the query of the Go program's search for memories that may be in conflict: the same quoted words.
  sanitizeFTS: (row) => ({ out: sanitizeFts(text(row, 'in')), candidates: sanitizeFts(text(row, 'in')).split(' ').join(' OR ') }),
  stripPrivateTags: (row) => ({ out: stripPrivateTags(text(row, 'in')) }),
  suggestTopicKey: (row) => ({ out: suggestTopicKey(text(row, 'type'), text(row, 'title'), text(row, 'content')) }),
  extractRepoName: (row) => ({ name: extractRepoName(text(row, 'url')), normalized: detectedName(text(row, 'name')) }),
  findSimilar: (row) => {
    const found = findSimilar(text(row, 'name'), row['existing'] as readonly string[], row['maxDistance'] as number);
    return { out: found.map((similar) => ({ Name: similar.name, MatchType: similar.match, Distance: similar.distance })) };
  },
};

function text(row: Row, key: string): string {
  const value = row[key];
  if (typeof value !== 'string') throw new Error(`${key} is no text`);
  return value;
}

const path = goldenPath('local', 'functions.json');
const golden: Readonly<Record<string, readonly Row[]>> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
const tables = Object.entries(golden);
const rowCount = tables.reduce((sum, [, rows]) => sum + rows.length, 0);
console.log(
  rowCount === 0
    ? 'golden/local/functions.json not found, skipped'
    : `golden/local/functions.json: ${tables.length} tables, ${rowCount} rows`,
);

describe.skipIf(rowCount === 0)('golden/local/functions.json', () => {
  it('has the tables that are known here', () => {
    expect(Object.keys(golden).sort()).toEqual(Object.keys(FUNCTIONS).sort());
  });

  it.each(tables)('%s', (name, rows) => {
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect({ ...row, ...FUNCTIONS[name]?.(row) }).toEqual(row);
  });

  it.each(tables)('%s: ours gives every key that is an answer', (name, rows) => {
    const inputs = new Set([
      'in',
      'base64',
      'type',
      'title',
      'content',
      'url',
      'existing',
      'maxDistance',
      ...(name === 'findSimilar' ? ['name'] : []),
    ]);
    for (const row of rows) {
      const answers = Object.keys(row).filter((key) => !inputs.has(key));
      expect(Object.keys(FUNCTIONS[name]?.(row) ?? {}).sort()).toEqual(answers.sort());
    }
  });
});
