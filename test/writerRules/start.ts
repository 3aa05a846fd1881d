import { chunkId } from '../../src/engine/chunkCodec.ts';
import type { ModelFolder } from '../models/chunkFolder.ts';
import { exportFolder, newMember } from '../models/teammate.ts';
import { createSession, saveMemory, savePrompt } from '../models/writing.ts';
import type { History } from './history.ts';

/** Puts into the folder what other programs left there before our members came. */
export function fillStart(folder: ModelFolder, start: History['start'], nowMs: number): void {
  if (start === 'older') fillOlder(folder, nowMs);
  else if (start === 'newer') fillNewer(folder);
}

/** A first export of v1.14.0: a manifest of version 1, entries at the wall clock. */
function fillOlder(folder: ModelFolder, nowMs: number): void {
  let random = 0;
  const randomHex = (bytes: number): string => {
    random += 1;
    return `${random}`.padStart(2 * bytes, 'f');
  };
  const alice = newMember('v1.14.0', () => nowMs, randomHex);
  createSession(alice, 'manual-save-demo', 'demo', '/home/alice/demo');
  for (const title of ['First', 'Second', 'Third'])
    saveMemory(alice, { sessionId: 'manual-save-demo', title, content: title, project: 'demo' });
  savePrompt(alice, { sessionId: 'manual-save-demo', content: 'Prompt', project: 'demo' });
  exportFolder(alice, folder, 'alice');
}

const TIME = '2025-02-27 08:00:00';

/** A chunk of a program of 3.x: ownership modes, fields that nobody here knows, an entry time with nanoseconds. */
function fillNewer(folder: ModelFolder): void {
  const session = { id: 'owned', project: 'demo', directory: '/home/carol', started_at: TIME, ownership_mode: 'project_owned' };
  const row = { session_id: 'owned', type: 'decision', project: 'demo', scope: 'project', revision_count: 1, duplicate_count: 1 };
  const observations = [1, 2].map((id) => {
    const text = { title: `Newer ${id}`, content: `Newer ${id}`, created_at: TIME, updated_at: TIME, x_newer: { id } };
    return { id, sync_id: `obs-newer-${id}`, ...row, ...text };
  });
  const relation = {
    sync_id: 'rel-newer',
    source_id: 'obs-newer-1',
    target_id: 'obs-newer-2',
    relation: 'related',
    judgment_status: 'judged',
    project: 'demo',
    created_at: TIME,
    updated_at: TIME,
  };
  const mutation = { seq: 0, target_key: '', entity: 'relation', entity_key: 'rel-newer', op: 'upsert', payload: JSON.stringify(relation) };
  const chunk = {
    sessions: [session],
    observations,
    prompts: null,
    mutations: [{ ...mutation, source: '', project: 'demo', occurred_at: TIME }],
  };
  const json = new TextEncoder().encode(JSON.stringify(chunk));
  const id = chunkId(json);
  const entry = { id, created_by: 'carol', created_at: '2025-02-27T08:00:00.123456789Z', sessions: 1, memories: 2, prompts: 0 };
  folder.chunks.set(id, json);
  folder.manifest = JSON.stringify({ version: 2, chunks: [{ ...entry, x_entry: true }], x_root: 1 });
}
