import type { ChunkEntry, Manifest } from '../../src/engine/manifest.ts';
import type { ChunkFile, FolderTransport } from '../../src/engine/ports.ts';

/** What a killed process throws through everything; no `EngramError`, so that nothing handles it. */
export class Killed extends Error {
  constructor() {
    super('killed');
    this.name = 'Killed';
  }
}

/** Counts writes to the disk and kills the process after the last one that is allowed. */
export class Fuse {
  #left = Number.POSITIVE_INFINITY;

  /** @param writes how many writes still succeed; infinite: it never blows. */
  set(writes: number): void {
    this.#left = writes;
  }

  /** Runs one write: before the fuse blows wholly, afterwards not at all. */
  async write<T>(action: () => Promise<T>): Promise<T> {
    if (this.#left <= 0) throw new Killed();
    this.#left -= 1;
    return action();
  }
}

/** A folder whose writes burn the fuse. */
export class FusedTransport implements FolderTransport {
  readonly #inner: FolderTransport;
  readonly #fuse: Fuse;

  constructor(inner: FolderTransport, fuse: Fuse) {
    this.#inner = inner;
    this.#fuse = fuse;
  }

  readManifest(): Promise<Manifest> {
    return this.#inner.readManifest();
  }

  readManifestBytes(): Promise<Uint8Array | undefined> {
    return this.#inner.readManifestBytes();
  }

  restoreChunk(
    id: string,
    packed: Uint8Array,
    isRight: (json: Uint8Array) => Promise<boolean>,
  ): ReturnType<FolderTransport['restoreChunk']> {
    return this.#fuse.write(() => this.#inner.restoreChunk(id, packed, isRight));
  }

  writeManifest(manifest: Manifest): Promise<void> {
    return this.#fuse.write(() => this.#inner.writeManifest(manifest));
  }

  readChunk(id: string): Promise<Uint8Array> {
    return this.#inner.readChunk(id);
  }

  writeChunk(id: string, json: Uint8Array, entry: ChunkEntry): Promise<void> {
    return this.#fuse.write(() => this.#inner.writeChunk(id, json, entry));
  }

  listChunks(): Promise<readonly ChunkFile[]> {
    return this.#inner.listChunks();
  }
}
