import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Writes an `.engram` of many memories of about 1.2 KB, spread evenly over chunks; every title is different.
 * Written by hand, not by our own codec, so that it is a witness of its own (layout: docs/formats.md).
 */
export function writeBigFolder(folder: string, size: { readonly chunks: number; readonly observations: number }): void {
  const chunksFolder = path.join(folder, '.engram/chunks');
  mkdirSync(chunksFolder, { recursive: true });
  const perChunk = size.observations / size.chunks;
  const entries = Array.from({ length: size.chunks }, (_, index) => {
    const json = JSON.stringify(chunkOf(index, perChunk));
    const id = createHash('sha256').update(json).digest('hex').slice(0, 8);
    writeFileSync(path.join(chunksFolder, `${id}.jsonl.gz`), gzipSync(json));
    return { id, created_by: 'alice', created_at: `2026-01-${day(index)}T10:00:00Z`, sessions: 1, memories: perChunk, prompts: 0 };
  });
  writeFileSync(path.join(folder, '.engram/manifest.json'), JSON.stringify({ version: 2, chunks: entries }, undefined, 2));
}

function chunkOf(chunk: number, observations: number) {
  const session = `session-${chunk}`;
  const time = `2026-01-${day(chunk)} 09:00:00`;
  return {
    sessions: [{ id: session, project: 'big', directory: 'big', started_at: time }],
    observations: Array.from({ length: observations }, (_, index) => ({
      id: index + 1,
      sync_id: `obs-${chunk}-${index}`,
      session_id: session,
      type: 'decision',
      title: `Decision ${chunk}-${index}`,
      content: `Paragraph ${chunk}-${index}. ${'The queue is drained before the deploy starts. '.repeat(24)}`,
      project: 'big',
      scope: 'project',
      revision_count: 1,
      duplicate_count: 1,
      created_at: time,
      updated_at: time,
    })),
    prompts: null,
  };
}

function day(index: number): string {
  return String((index % 28) + 1).padStart(2, '0');
}
