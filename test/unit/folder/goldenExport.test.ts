import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenPath } from '../../golden.ts';
import { chunkText, engramFolder, openIn } from '../../support/folder.ts';
import { databaseFrom } from '../../support/goldenDatabase.ts';

interface Step {
  readonly op: string;
  readonly sql?: readonly string[];
  readonly by?: string;
  readonly project?: string;
}
interface GoldenCase {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly 'v1.14.0': { readonly after: Readonly<Record<string, Readonly<Record<string, { readonly json?: string } | string>>>> };
}

const path = goldenPath('local', 'export.json');
const cases: readonly GoldenCase[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
const lastFirstExport = cases.findIndex((one) => one.name === 'all-projects');
const firstExports = cases.slice(0, lastFirstExport + 1);
if (cases.length === 0) console.log('golden data not found, skipped');
else console.log(`${firstExports.length} golden first exports`);

describe.skipIf(cases.length === 0)('a first export', () => {
  it.each(firstExports.map((one) => [one.name, one] as const))('%s has the bytes and the id of the Go program', async (_name, one) => {
    const root = engramFolder();
    const [fill, exported] = one.steps;
    await databaseFrom(root, fill?.sql ?? []);
    const options = { createdBy: exported?.by ?? '', project: exported?.project ?? '', includePersonal: true, includeDeleted: true };
    const { chunkIds } = await openIn(root).exportNew(options);
    const files = one['v1.14.0'].after['dir:x'] ?? {};
    const [name, chunk] = Object.entries(files).find(([file]) => file.startsWith('chunks/')) ?? [];
    expect(chunkIds.map((id) => `chunks/${id}.jsonl.gz`)).toEqual([name]);
    expect(chunkText(root, chunkIds[0] ?? '')).toBe(typeof chunk === 'object' ? chunk.json : undefined);
    const manifest = String(files['manifest.json'])
      .replace('"version": 1', '"version": 2')
      .replace(/"created_at": ".*"/, '"created_at": ""');
    expect(readFileSync(join(root, 'manifest.json'), 'utf8').replace(/"created_at": ".*"/, '"created_at": ""')).toBe(manifest);
  });
});
