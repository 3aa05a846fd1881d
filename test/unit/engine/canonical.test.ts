import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunkSync, encodeChunk } from '../../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../../src/engine/cloud/canonical.ts';
import { CanonicalError } from '../../../src/engine/cloud/canonicalError.ts';
import { mutationIdentityKey } from '../../../src/engine/mutationRules.ts';
import type { SessionRecord } from '../../../src/engine/records.ts';
import { chunkData } from '../../support/chunkArbitrary.ts';
import { mutationRecord } from '../../support/chunks.ts';

function canonical(chunk: object): string {
  return Buffer.from(canonicalizeForProject(Buffer.from(JSON.stringify(chunk)), 'demo')).toString();
}

/** What a real server of v1.14.0 and of v1.16.1 said to random chunks, and no recorded case has. */
describe('the canonical form of a chunk', () => {
  it('reads the sessions that payloads name whatever the case of the key', () => {
    const sessions = [{ id: 's1', project: 'other' }];
    const mutations = [mutationRecord('prompt', 'p1', 'upsert', { sync_id: 'p1', SESSION_ID: 's1', content: 'x' })];
    expect(JSON.parse(canonical({ sessions, mutations })).sessions).toEqual([{ id: 's1', project: 'demo' }]);
  });

  const relation = {
    source_id: 'o1',
    target_id: 'o2',
    relation: 'related',
    judgment_status: 'judged',
    marked_by_actor: 'a',
    marked_by_kind: 'b',
  };

  it('writes the confidence of a relation as Go writes a float64', () => {
    const payload = JSON.stringify({ sync_id: 'r1', ...relation }).replace('}', ',"confidence":3.10}');
    expect(JSON.parse(canonical({ mutations: [mutationRecord('relation', 'r1', 'upsert', payload)] })).mutations[0].payload).toContain(
      '"confidence":3.1,',
    );
  });

  it('refuses a relation without id in the words of v1.16.1', () => {
    const refused = (): string => canonical({ mutations: [mutationRecord('relation', '', 'upsert', relation)] });
    expect(refused).toThrow(new CanonicalError('mutations[0]: relation payload sync_id is required for upsert'));
  });

  // A relation that nobody is named for, or the deletion of one, is refused by every server.
  const written = chunkData.map(({ mutations = [], ...rows }) => ({
    ...rows,
    mutations: mutations.filter(({ entity }) => entity !== 'relation'),
  }));

  it('of what ours writes has the same rows and mutations, and is canonical itself', () => {
    fc.assert(
      fc.property(written, (chunk) => {
        const once = canonicalizeForProject(encodeChunk(chunk), 'demo');
        expect(canonicalizeForProject(once, 'demo')).toEqual(once);
        const [before, after] = [decodeChunkSync(encodeChunk(chunk)), decodeChunkSync(once)];
        expect(after.observations).toEqual(before.observations.map((row) => ({ ...row, project: 'demo' })));
        expect(after.prompts).toEqual(before.prompts.map((row) => ({ ...row, project: 'demo' })));
        expect(after.sessions.map(withoutProject)).toEqual(before.sessions.map(withoutProject));
        expect(after.mutations?.map(mutationIdentityKey)).toEqual(before.mutations?.map(mutationIdentityKey));
      }),
    );
  });
});

function withoutProject({ project: _, ...row }: SessionRecord): Omit<SessionRecord, 'project'> {
  return row;
}
