import { EngramError } from '../../src/engine/errors.ts';
import {
  type ChunkEntry,
  type ChunkId,
  decodeManifest,
  EMPTY_MANIFEST,
  encodeManifest,
  type Manifest,
  toChunkId,
} from '../../src/engine/manifest.ts';
import type { ChunkFile, FolderTransport } from '../../src/engine/ports.ts';
import type { Tree } from './gitModel.ts';

/** `.engram` of a work tree. */
export class ModelFolder implements FolderTransport {
  manifest: string | undefined;
  readonly #files = new Map<ChunkId, { readonly bytes: Uint8Array; readonly mtimeMs: number }>();
  #ticks = 0;

  tree(): Tree {
    return { manifest: this.manifest, chunks: new Map([...this.#files].map(([id, { bytes }]) => [id, bytes])) };
  }

  /** What differs between the trees is changed; files that neither has stay. */
  checkOut(from: Tree, to: Tree): void {
    if (from.manifest !== to.manifest) this.manifest = to.manifest;
    for (const id of from.chunks.keys()) if (!to.chunks.has(id)) this.#files.delete(id);
    for (const [id, bytes] of to.chunks) if (!this.#files.has(id)) this.put(id, bytes);
  }

  async readManifest(): Promise<Manifest> {
    return this.manifest === undefined ? EMPTY_MANIFEST : decodeManifest(this.manifest);
  }

  async readManifestBytes(): Promise<Uint8Array | undefined> {
    return this.manifest === undefined ? undefined : new TextEncoder().encode(this.manifest);
  }

  /** Here files are not packed. */
  async restoreChunk(
    id: string,
    json: Uint8Array,
    isRight: (json: Uint8Array) => Promise<boolean>,
  ): Promise<'written' | 'same' | 'refused'> {
    if (!(await isRight(json))) return 'refused';
    if (this.#files.has(toChunkId(id))) return 'same';
    this.put(toChunkId(id), json);
    return 'written';
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    this.manifest = new TextDecoder().decode(encodeManifest(manifest));
  }

  async writeChunk(id: string, json: Uint8Array, _entry: ChunkEntry): Promise<void> {
    const there = this.#files.get(toChunkId(id));
    if (!there) this.put(toChunkId(id), json);
    else if (Buffer.compare(there.bytes, json) !== 0) throw new EngramError('chunk-collision', 'other bytes', { subject: id });
  }

  async readChunk(id: string): Promise<Uint8Array> {
    const file = this.#files.get(toChunkId(id));
    if (!file) throw new EngramError('chunk-missing', 'not there', { subject: id });
    return file.bytes;
  }

  async listChunks(): Promise<readonly ChunkFile[]> {
    return [...this.#files].map(([id, { bytes, mtimeMs }]) => ({ id, size: bytes.length, mtimeMs }));
  }

  put(id: ChunkId, bytes: Uint8Array): void {
    this.#ticks += 1;
    this.#files.set(id, { bytes, mtimeMs: this.#ticks });
  }
}
