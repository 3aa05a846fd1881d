import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkId, encodeChunk } from '../../../src/engine/chunkCodec.ts';
import { ChunkNotFoundError, EngramError } from '../../../src/engine/errors.ts';
import { type ChunkEntry, decodeManifest, encodeManifest, type Manifest, toChunkId } from '../../../src/engine/manifest.ts';
import type { Transport } from '../../../src/engine/ports.ts';

const textOf = (manifest: Manifest): string => Buffer.from(encodeManifest(manifest)).toString();

function entryOf(id: string): ChunkEntry {
  return { id: toChunkId(id), createdBy: 'ann <b>', createdAt: '2026-01-02T03:04:05.123456789Z', sessions: 1, memories: 2, prompts: 3 };
}

/** What every transport has to hold; `make` gives a new and empty one. */
export function transportContract(name: string, make: () => Promise<Transport>): void {
  describe(`the transport ${name}`, () => {
    it('starts with an empty manifest of version 2 and no chunk', async () => {
      const transport = await make();
      expect(await transport.readManifest()).toMatchObject({ version: 2, chunks: [], absent: true });
      expect((await transport.listChunks?.()) ?? []).toEqual([]);
    });

    it('gives back the manifest, with what this release does not know and what it cannot use', async () => {
      const transport = await make();
      const manifest = decodeManifest(
        '{"version":3,"x":[1.0],"chunks":[{"id":"aaaaaaaa","created_by":"b","y":{"z":null}},{"id":"../evil"},{"id":"aaaaaaaa"}]}',
      );
      await transport.writeManifest(manifest);
      const again = await transport.readManifest();
      expect(textOf(again)).toBe(textOf(manifest));
      expect(again.absent).toBeUndefined();
      await transport.writeManifest({ ...again, chunks: [...again.chunks, entryOf('bbbbbbbb')] });
      expect((await transport.readManifest()).chunks.at(-1)).toEqual(entryOf('bbbbbbbb'));
    });

    it('gives back a chunk byte by byte, whatever becomes of the array it was given or gave', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
          const transport = await make();
          const given = bytes.slice();
          await transport.writeChunk('aaaaaaaa', given, entryOf('aaaaaaaa'));
          given.fill(7);
          (await transport.readChunk('aaaaaaaa')).fill(8);
          expect(Buffer.from(await transport.readChunk('aaaaaaaa'))).toEqual(Buffer.from(bytes));
        }),
        { numRuns: 20 },
      );
    });

    it('keeps chunk and manifest apart: writing one does not list it, listing it does not bring it', async () => {
      const transport = await make();
      const json = encodeChunk({ sessions: [], observations: [], prompts: [] });
      await transport.writeChunk(chunkId(json), json, entryOf(chunkId(json)));
      expect((await transport.readManifest()).chunks).toEqual([]);
      if (transport.listChunks) expect(await transport.listChunks()).toMatchObject([{ id: chunkId(json) }]);
      const manifest = await transport.readManifest();
      await transport.writeManifest({ ...manifest, chunks: [entryOf('bbbbbbbb')] });
      await expect(transport.readChunk('bbbbbbbb')).rejects.toBeInstanceOf(ChunkNotFoundError);
    });

    it('says in the words of the Go program that a chunk is not there', async () => {
      const error = await (await make()).readChunk('aaaaaaaa').catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ChunkNotFoundError);
      expect(EngramError.is(error, 'chunk-missing')).toBe(true);
      expect(error).toMatchObject({ message: 'sync: chunk not found', chunkId: 'aaaaaaaa' });
    });

    it('takes the same chunk twice, and never overwrites it with another', async () => {
      const transport = await make();
      const [one, other] = [Buffer.from('{"a":1}'), Buffer.from('{"a":2}')];
      await transport.writeChunk('aaaaaaaa', one, entryOf('aaaaaaaa'));
      await transport.writeChunk('aaaaaaaa', one, entryOf('aaaaaaaa'));
      await expect(transport.writeChunk('aaaaaaaa', other, entryOf('aaaaaaaa'))).rejects.toMatchObject({ code: 'chunk-collision' });
      expect(Buffer.from(await transport.readChunk('aaaaaaaa'))).toEqual(one);
    });

    it.each(['', '.', '../evil', 'a/b', 'a\\b', 'a b', 'a\0', 'x'.repeat(129)])('refuses the id %j in both directions', async (id) => {
      const transport = await make();
      const entry = entryOf('aaaaaaaa');
      await expect(transport.writeChunk(id, Buffer.from('{}'), entry)).rejects.toMatchObject({ code: 'invalid-input' });
      await expect(transport.readChunk(id)).rejects.toMatchObject({ code: 'invalid-input' });
    });
  });
}
