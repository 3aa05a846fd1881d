import type { NewMutation } from '../../../src/engine/cloud/cloudPorts.ts';
import { type ChunkEntry, toChunkId } from '../../../src/engine/manifest.ts';

/** The chunk that the recorded Go client pushes, id 5705a2b4 in project demo. */
export const SAMPLE =
  '{"sessions":[{"id":"s1","project":"demo","directory":"/home/alice/demo","started_at":"2026-01-02 03:04:05"}],"observations":[],"prompts":[]}';

export const ENTRY: ChunkEntry = {
  id: toChunkId('0123abcd'),
  createdBy: 'alice',
  createdAt: ' 2026-01-02T03:04:06Z ',
  sessions: 0,
  memories: 0,
  prompts: 0,
};

/** The one mutation that it pushes. */
export const SAMPLE_MUTATIONS: readonly NewMutation[] = [
  { project: 'demo', entity: 'session', entityKey: 's1', op: 'upsert', payload: '{"id":"s1","directory":"/home/alice/demo"}' },
];
