import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Random } from '../simulation/random.ts';

/**
 * Exports one memory as the Engram program does: the chunk, then the manifest as it was read at the beginning with one entry more, each
 * written over the old file in place, and at times killed in the middle of either.
 *
 * @returns whether it came to its end
 */
export async function writeInPlace(root: string, title: string, random: Random): Promise<boolean> {
  const path = join(root, 'manifest.json');
  const manifest = readManifest(path);
  const row = { id: 1, sync_id: `obs-${title}`, session_id: 's-go', type: 'manual', title, content: title, scope: 'project' };
  const counts = { revision_count: 1, duplicate_count: 1, created_at: '2026-01-01 10:00:00', updated_at: '2026-01-01 10:00:00' };
  const session = { id: 's-go', project: 'demo', directory: 'demo', started_at: '2026-01-01 09:00:00' };
  const json = JSON.stringify({ sessions: [session], observations: [{ ...row, ...counts }], prompts: null });
  const id = createHash('sha256').update(json).digest('hex').slice(0, 8);
  mkdirSync(join(root, 'chunks'), { recursive: true });
  if (!(await overwrite(join(root, 'chunks', `${id}.jsonl.gz`), gzipSync(json), random))) return false;
  const entry = { id, created_by: 'go', created_at: '2026-01-01T10:00:00Z', sessions: 1, memories: 1, prompts: 0 };
  const text = JSON.stringify({ ...manifest, chunks: [...manifest.chunks, entry] }, undefined, 2);
  return overwrite(path, Buffer.from(text), random);
}

function readManifest(path: string): { version: number; chunks: object[] } {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { version: number; chunks: object[] };
  } catch {
    return { version: 2, chunks: [] };
  }
}

/** The file is torn for some milliseconds; one in eight times that is the end. */
async function overwrite(path: string, bytes: Uint8Array, random: Random): Promise<boolean> {
  writeFileSync(path, bytes.subarray(0, random.int(0, bytes.length - 1)));
  await sleep(random.int(0, 20));
  if (random.chance(0.125)) return false;
  writeFileSync(path, bytes);
  return true;
}
