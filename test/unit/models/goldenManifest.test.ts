import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { goldenPath } from '../../golden.ts';
import { emptyFolder, outcomeOf, readManifest, writeManifest } from '../../models/chunkFolder.ts';
import type { Step } from './goldenTeammate.ts';

interface Read {
  readonly error?: string;
  readonly rewritten?: string;
}
interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly 'v1.14.0': { readonly results: readonly (Read | null)[] };
}

const path = goldenPath('local', 'manifest.json');
const cases: readonly Case[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
if (cases.length === 0) console.log('golden data not found: the model of the manifest is not checked');
/** Texts only: a folder in memory has no folder in the place of a file. */
const texts = cases.filter((one) => one.name !== 'manifest-is-a-folder');
if (cases.length > 0) console.log(`${texts.length} golden manifests checked against the models, one not: it is a folder`);

/** Go tells a list that is not there from an empty one; no export writes either. */
const EMPTY_LIST = /"chunks": (?:null|\[\])/;

describe.skipIf(cases.length === 0)('a manifest', () => {
  it('of every golden case is here', () => expect(cases).toHaveLength(26));

  it.each(texts)('$name is read, refused and written back as the programs do', ({ steps, 'v1.14.0': { results } }) => {
    const folder = emptyFolder();
    for (const { op, text, base64 } of steps) {
      if (op === 'write') folder.manifest = base64 === undefined ? text : Buffer.from(base64, 'base64').toString('utf8');
    }
    const read = outcomeOf(() => readManifest(folder));
    const wanted = results.at(-1);
    expect('error' in read ? read.error : undefined).toBe(wanted?.error);
    if ('error' in read) return;
    writeManifest(folder, read.ok);
    expect(folder.manifest?.replace(EMPTY_LIST, '')).toBe(wanted?.rewritten?.replace(EMPTY_LIST, ''));
  });
});
