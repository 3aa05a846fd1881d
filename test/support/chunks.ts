import { createHash } from 'node:crypto';
import { entry, putChunk, putManifest } from './folder.ts';

/** Records as the Go program writes them, with only what a test is about. */
export function sessionRecord(id: string, more: object = {}): object {
  return { id, project: 'demo', directory: 'demo', started_at: '2025-01-01 00:00:00', ...more };
}

export function memoryRecord(syncId: string, more: object = {}): object {
  return {
    id: 1,
    sync_id: syncId,
    session_id: 's1',
    type: 'decision',
    title: `Title of ${syncId}`,
    content: `Content of ${syncId}`,
    project: 'demo',
    scope: 'project',
    revision_count: 1,
    duplicate_count: 1,
    created_at: '2025-01-01 00:00:01',
    updated_at: '2025-01-01 00:00:01',
    ...more,
  };
}

export function mutationRecord(entity: string, key: string, op: string, payload: object | string): object {
  return {
    seq: 0,
    target_key: '',
    entity,
    entity_key: key,
    op,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    source: '',
    project: 'demo',
    occurred_at: '2025-01-03 00:00:00',
  };
}

/** A chunk under the name that its content has. */
export function putRecords(root: string, chunk: object): string {
  const json = JSON.stringify({ sessions: null, observations: null, prompts: null, ...chunk });
  const id = createHash('sha256').update(json).digest('hex').slice(0, 8);
  putChunk(root, id, json);
  return id;
}

/** Chunks, and a manifest that lists them in their order. */
export function putFolder(root: string, chunks: readonly object[], manifest: object = {}): string[] {
  const ids = chunks.map((chunk) => putRecords(root, chunk));
  putManifest(root, { version: 2, chunks: ids.map((id) => entry(id)), ...manifest });
  return ids;
}
