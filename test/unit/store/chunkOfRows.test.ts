import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkId, decodeChunkSync, encodeChunk } from '../../../src/engine/chunkCodec.ts';
import { upsertMutation } from '../../../src/engine/payloads.ts';
import type { ChunkData } from '../../../src/engine/records.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { observations, prompts, sessions } from './records.ts';
import { memoryDatabase } from './testDatabase.ts';

const rowSets = fc.record({
  sessions: fc.array(sessions, { maxLength: 3 }),
  observations: fc.array(observations, { maxLength: 4 }),
  prompts: fc.array(prompts, { maxLength: 3 }),
  edits: fc.array(observations, { maxLength: 2 }),
});

const textOf = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** Go writes a bad byte of the database as an escape and reads that as the character U+FFFD, which it writes raw. */
function afterOneReading(json: string): string {
  return json.replaceAll(/(?<!\\)((?:\\\\)*)\\ufffd/g, '$1\ufffd');
}

describe('any set of rows of the database', () => {
  it('encoded, decoded and encoded again has the same bytes and the same id', async () => {
    const database = await memoryDatabase();
    const store = new SqlMemoryStore(database);
    fc.assert(
      fc.property(rowSets, (set) => {
        for (const table of ['sessions', 'observations', 'user_prompts']) database.run(`DELETE FROM ${table}`);
        for (const record of set.sessions) store.writeSession(record);
        for (const record of set.observations) store.writeObservation(record);
        for (const record of set.prompts) store.writePrompt(record);
        const rows: ChunkData = {
          sessions: [...store.sessions()],
          observations: [...store.observations()],
          prompts: [...store.prompts()],
          mutations: set.edits.map((record) => upsertMutation('observation', record.syncId, record)),
        };
        const first = encodeChunk(rows);
        const decoded = decodeChunkSync(first);
        const second = encodeChunk(decoded);
        expect(decoded.rejected).toBeUndefined();
        expect(textOf(second)).toBe(afterOneReading(textOf(first)));
        expect(chunkId(encodeChunk(decodeChunkSync(second)))).toBe(chunkId(second));
      }),
      { numRuns: 300 },
    );
  });

  it('has a case with bad bytes and an escape that is none', () => {
    const prompt = { id: 1, syncId: 'p', sessionId: 's', content: 'bad \udcff, text \\ufffd', createdAt: '' };
    const json = textOf(encodeChunk({ sessions: [], observations: [], prompts: [prompt] }));
    expect(json).toContain('"content":"bad \\ufffd, text \\\\ufffd"');
    expect(afterOneReading(json)).toContain('"content":"bad \ufffd, text \\\\ufffd"');
  });
});
