import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chunkId } from '../../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../../src/engine/cloud/canonical.ts';
import { CanonicalError } from '../../../src/engine/cloud/canonicalError.ts';
import { goldenPath } from '../../golden.ts';

interface Answer {
  readonly output?: string;
  readonly id?: string;
  readonly error?: string;
}
interface GoldenCase extends Answer {
  readonly name: string;
  readonly project: string;
  readonly input: string;
  readonly input_base64?: string;
  readonly idempotent?: boolean;
  readonly 'v1.16.1'?: Answer;
}

const path = goldenPath('cloud', 'canonical.json');
const golden: readonly GoldenCase[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
console.log(golden.length === 0 ? `${path} not found, skipped` : `golden/cloud/canonical.json: ${golden.length} cases`);

function bytesOf(one: GoldenCase): Uint8Array {
  return one.input_base64 === undefined ? Buffer.from(one.input) : Buffer.from(one.input_base64, 'base64');
}

function ours(bytes: Uint8Array, project: string): Answer {
  try {
    const output = canonicalizeForProject(bytes, project);
    return { output: Buffer.from(output).toString(), id: chunkId(output) };
  } catch (error) {
    if (error instanceof CanonicalError) return { error: error.message };
    throw error;
  }
}

/** Ours knows relations, as v1.16.1 does: without them an edge between two memories could not travel through the cloud. */
function expected(one: GoldenCase): Answer {
  const { output = '', id = '', error } = one['v1.16.1'] ?? one;
  return error === undefined ? { output, id } : { error };
}

describe.skipIf(golden.length === 0)('golden/cloud/canonical.json', () => {
  it('has 157 cases, of which v1.16.1 answers two differently, both about relations', () => {
    expect(golden).toHaveLength(157);
    const newer = golden.filter((one) => one['v1.16.1'] !== undefined);
    expect(newer.map(({ error }) => error)).toEqual(
      Array.from({ length: 2 }, () => 'mutations[0]: unsupported mutation "relation"/"upsert"'),
    );
  });

  it.each(golden.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    expect(ours(bytesOf(one), one.project)).toEqual(expected(one));
  });

  const written = golden.filter((one) => expected(one).output !== undefined);
  it.each(written.map((one) => [one.name, one] as const))('twice is once: %s', (_name, one) => {
    const first = expected(one);
    const second = ours(Buffer.from(first.output ?? ''), one.project);
    if (one.idempotent === false) expect(second.output).not.toBe(first.output);
    else expect(second).toEqual(first);
  });
});
