import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type FolderChecker, leftOver, sharedTitles } from './checkFolder.ts';

const WINDOW = join(import.meta.dirname, 'windowSaves.ts');
const run = promisify(execFile);

/** Two processes save so many memories each into one folder, and sync now and then, at the same time: all are there, once, and shared. */
export async function checkTwoWindows(checker: FolderChecker, saves: number): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'engram-windows-'));
  const root = join(place, '.engram');
  try {
    mkdirSync(root);
    const names = ['one', 'two'];
    const args = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', WINDOW, root];
    await Promise.all(names.map((name) => run(process.execPath, [...args, name, String(saves)])));
    const all = names.flatMap((name) => Array.from({ length: saves }, (_, index) => `${name} ${index + 1}`)).sort();
    assert.deepEqual(checker.titles(root), all);
    assert.deepEqual(sharedTitles(root), all);
    assert.deepEqual(leftOver(place), []);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
