import { describe, expect, it } from 'vitest';
import type { ModelFolder } from '../../models/chunkFolder.ts';
import { gateRefusal } from '../../models/ownershipGate.ts';

function folderOf(version: number, chunk: object): ModelFolder {
  const manifest = { version, chunks: [{ id: 'aaaaaaaa', created_by: 'b', created_at: '', sessions: 0, memories: 0, prompts: 0 }] };
  return { manifest: JSON.stringify(manifest), chunks: new Map([['aaaaaaaa', new TextEncoder().encode(JSON.stringify(chunk))]]) };
}

const SESSION = { id: 's', project: 'Demo', directory: '/w', started_at: '2025-01-01 00:00:00' };
const EDIT = { entity: 'observation', entity_key: 'obs-1', op: 'upsert', payload: '{"sync_id":"obs-1","session_id":"s","project":"demo"}' };
const NOBODY: ReadonlySet<string> = new Set();
const DEMO: ReadonlySet<string> = new Set(['demo']);

/** Each sentence of newer.md that refuses something, and its neighbour that does not. */
describe('the import gate of 3.x', () => {
  it.each([
    {
      what: 'a project with an owned session, version 1',
      version: 1,
      chunk: { sessions: [SESSION] },
      owned: DEMO,
      refused: 'project "demo"',
    },
    { what: 'the same with version 2', version: 2, chunk: { sessions: [SESSION] }, owned: DEMO, refused: undefined },
    { what: 'another project', version: 1, chunk: { sessions: [{ ...SESSION, project: 'other' }] }, owned: DEMO, refused: undefined },
    { what: 'an edit of such a project', version: 1, chunk: { mutations: [EDIT] }, owned: DEMO, refused: 'project "demo"' },
    {
      what: 'an owned session, version 1',
      version: 1,
      chunk: { sessions: [{ ...SESSION, ownership_mode: 'project_owned' }] },
      owned: NOBODY,
      refused: 'incoming project-owned',
    },
    {
      what: 'an owned session, version 2',
      version: 2,
      chunk: { sessions: [{ ...SESSION, ownership_mode: 'project_owned' }] },
      owned: NOBODY,
      refused: undefined,
    },
    {
      what: 'another identity in the payload',
      version: 2,
      chunk: { mutations: [{ ...EDIT, entity_key: 'obs-2' }] },
      owned: NOBODY,
      refused: 'another identity',
    },
    {
      what: 'a payload that is an object',
      version: 2,
      chunk: { mutations: [{ ...EDIT, payload: {} }] },
      owned: NOBODY,
      refused: 'of type string',
    },
    {
      what: 'an unknown entity',
      version: 2,
      chunk: { mutations: [{ ...EDIT, entity: 'tag' }] },
      owned: NOBODY,
      refused: 'unknown sync entity',
    },
    { what: 'a wrong type', version: 2, chunk: { observations: [{ revision_count: '1' }] }, owned: NOBODY, refused: 'of type int' },
  ])('answers $what', ({ version, chunk, owned, refused }) => {
    const reason = gateRefusal(folderOf(version, chunk), 'aaaaaaaa', owned);
    if (refused === undefined) expect(reason).toBeUndefined();
    else expect(reason).toContain(refused);
  });
});
