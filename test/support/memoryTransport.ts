import { ChunkNotFoundError, EngramError } from '../../src/engine/errors.ts';
import { type ChunkEntry, decodeManifest, EMPTY_MANIFEST, encodeManifest, type Manifest, toChunkId } from '../../src/engine/manifest.ts';
import type { ChunkFile, Transport } from '../../src/engine/ports.ts';

/** The least that a transport of one's own has to do: chunks and manifest in memory. It cannot list its chunks. */
export class MemoryTransport implements Transport {
  readonly chunks = new Map<string, Uint8Array>();
  manifest: Uint8Array | undefined;

  async readManifest(): Promise<Manifest> {
    return this.manifest ? decodeManifest(this.manifest) : EMPTY_MANIFEST;
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    this.manifest = encodeManifest(manifest);
  }

  async writeChunk(id: string, json: Uint8Array, _entry: ChunkEntry): Promise<void> {
    const there = this.chunks.get(toChunkId(id));
    if (there && Buffer.compare(there, json) !== 0) throw new EngramError('chunk-collision', 'It holds other data.', { subject: id });
    this.chunks.set(id, json.slice());
  }

  async readChunk(id: string): Promise<Uint8Array> {
    const json = this.chunks.get(toChunkId(id));
    if (!json) throw new ChunkNotFoundError(id);
    return json.slice();
  }
}

/** One that can list them. */
export class ListingMemoryTransport extends MemoryTransport {
  async listChunks(): Promise<readonly ChunkFile[]> {
    return [...this.chunks].map(([id, json]) => ({ id: toChunkId(id), size: json.length, mtimeMs: 0 }));
  }
}
