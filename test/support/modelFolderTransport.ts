import { decodeManifest, EMPTY_MANIFEST, encodeManifest, type Manifest } from '../../src/engine/manifest.ts';
import type { ModelFolder } from '../models/chunkFolder.ts';
import { ListingMemoryTransport } from './memoryTransport.ts';

/** The engine's way into a folder that models of other programs work in as well. */
export class ModelFolderTransport extends ListingMemoryTransport {
  override readonly chunks: Map<string, Uint8Array>;
  readonly #folder: ModelFolder;

  constructor(folder: ModelFolder) {
    super();
    this.chunks = folder.chunks;
    this.#folder = folder;
  }

  override async readManifest(): Promise<Manifest> {
    return this.#folder.manifest === undefined ? EMPTY_MANIFEST : decodeManifest(this.#folder.manifest);
  }

  override async writeManifest(manifest: Manifest): Promise<void> {
    this.#folder.manifest = new TextDecoder().decode(encodeManifest(manifest));
  }
}
