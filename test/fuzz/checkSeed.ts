import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BatchCosts, writeBatch } from './batch.ts';

const MOST_MS = 1_000;
const MOST_GROWTH = 256 * 1024 * 1024;
/** Without a limit V8 lets garbage lie while there is room, and what it lets lie says nothing of what is needed. */
const FLAGS = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--max-old-space-size=256', '--expose-gc'];
const SEED = join(import.meta.dirname, 'seed.ts');
const run = promisify(execFile);

/** Runs one seed, each part in a process of its own, and holds it to a second for each case and 256 MiB for all of a part. */
export async function checkFuzzSeed(seed: number): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'engram-fuzz-'));
  try {
    writeBatch(seed, place);
    for (const part of ['manifests', 'chunks']) {
      const { stdout } = await run(process.execPath, [...FLAGS, SEED, place, part], { timeout: 120_000, maxBuffer: 1024 * 1024 });
      const { mostMs, dearest, growth, heaviest } = JSON.parse(stdout) as BatchCosts;
      assert.ok(mostMs <= MOST_MS, `${dearest} took ${mostMs} ms`);
      assert.ok(growth <= MOST_GROWTH, `with ${heaviest} the process grew by ${Math.round(growth / 2 ** 20)} MiB`);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
