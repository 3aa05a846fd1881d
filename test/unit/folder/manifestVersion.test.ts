import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { engramFolder, entry, openIn, putManifest } from '../../support/folder.ts';

const LISTED = [entry('00000000')];

function textIn(root: string): string {
  return readFileSync(join(root, 'manifest.json'), 'utf8');
}

async function saveAndSync(folder: MemoryFolder): Promise<void> {
  await folder.save({ title: 'One', content: 'a' });
  await folder.sync({});
}

/** Every way by which a manifest comes to be written here. */
const WRITES: Readonly<
  Record<string, { readonly before: unknown; readonly write: (folder: MemoryFolder, root: string) => Promise<unknown> }>
> = {
  'a new folder': { before: undefined, write: (folder) => folder.initialise() },
  'a first export without a manifest': { before: undefined, write: saveAndSync },
  'an export beside version 1': { before: { version: 1, chunks: LISTED }, write: saveAndSync },
  'an export beside no version': { before: { chunks: LISTED }, write: saveAndSync },
  'an export beside a version below 0': { before: { version: -3, chunks: LISTED }, write: saveAndSync },
  'an export beside null': { before: 'null', write: saveAndSync },
  'an export beside version 2': { before: { version: 2, chunks: LISTED }, write: saveAndSync },
  'the entry of a chunk that a merge dropped': {
    before: undefined,
    write: async (folder, root) => {
      await saveAndSync(folder);
      putManifest(root, { version: 1, chunks: LISTED });
      await folder.sync({});
      expect(JSON.parse(textIn(root)).chunks).toHaveLength(2);
    },
  },
};

describe('a manifest that is written here has version 2', () => {
  it.each(Object.entries(WRITES))('%s', async (_name, { before, write }) => {
    const root = engramFolder();
    if (before !== undefined) putManifest(root, before);
    const folder = openIn(root);
    await write(folder, root);
    expect(textIn(root)).toMatch(/^\{\n {2}"version": 2,\n {2}"chunks": \[/);
  });

  it('and one that a newer release wrote is left as it is', async () => {
    const root = engramFolder();
    putManifest(root, { version: 3, chunks: LISTED });
    const before = textIn(root);
    const folder = openIn(root);
    await folder.save({ title: 'One', content: 'a' });
    await expect(folder.exportNew({})).rejects.toMatchObject({ code: 'store-newer' });
    expect(textIn(root)).toBe(before);
    expect(existsSync(join(root, 'chunks'))).toBe(false);
    rmSync(join(root, 'manifest.json'));
    expect((await folder.exportNew({})).memories).toBe(1);
  });
});
