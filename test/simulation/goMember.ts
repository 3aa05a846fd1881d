import { toChunkId } from '../../src/engine/manifest.ts';
import type { Clock } from '../../src/engine/ports.ts';
import type { ModelFolder } from '../models/chunkFolder.ts';
import type { Member as Model, Release } from '../models/member.ts';
import { exportFolder, importFolder, newMember } from '../models/teammate.ts';
import type { Clone } from './clone.ts';
import type { Random } from './random.ts';
import type { Teammate } from './teammate.ts';

/** One person with an older program. Its commands are short, so it is never killed here. */
export class GoMember implements Teammate {
  readonly name: string;
  readonly program: Release;
  readonly clone: Clone;
  readonly model: Model;
  /** Why the last import stopped; `undefined` where it did not. */
  stopped: string | undefined;

  constructor(options: { name: string; program: Release; clone: Clone; clock: Clock; random: Random }) {
    const { name, program, clone, clock, random } = options;
    this.name = name;
    this.program = program;
    this.clone = clone;
    this.model = newMember(
      program,
      () => clock.now(),
      (bytes) => Buffer.from(random.bytes(bytes)).toString('hex'),
    );
  }

  async sync(): Promise<number | undefined> {
    await this.importChunks();
    return this.exportNew();
  }

  async importChunks(): Promise<void> {
    const outcome = importFolder(this.model, await this.#folder());
    this.stopped = 'error' in outcome ? outcome.error : undefined;
  }

  async exportNew(): Promise<number | undefined> {
    const folder = await this.#folder();
    const before = folder.manifest;
    const outcome = exportFolder(this.model, folder, this.name);
    if ('error' in outcome) return undefined;
    const bytes = folder.chunks.get(outcome.ok.chunkId ?? '');
    if (bytes && outcome.ok.chunkId !== undefined) await this.clone.putChunk(toChunkId(outcome.ok.chunkId), bytes);
    if (folder.manifest !== undefined && folder.manifest !== before) this.clone.writeManifestText(folder.manifest);
    return outcome.ok.isEmpty ? 0 : 1;
  }

  /** Nothing happens by itself. */
  async settle(): Promise<void> {
    return undefined;
  }

  /** It knows no repair. */
  async repair(): Promise<void> {
    return undefined;
  }

  async killedAfter(_writes: number, work: () => Promise<unknown>): Promise<void> {
    await work();
  }

  /** It has no index; what it says is said anew. */
  loseIndex(): void {
    this.stopped = undefined;
  }

  close(): void {
    this.stopped = undefined;
  }

  async #folder(): Promise<ModelFolder> {
    const chunks = new Map<string, Uint8Array>();
    for (const id of this.clone.chunkFiles()) chunks.set(id, await this.clone.transport.readChunk(id));
    return { manifest: this.clone.manifestText(), chunks };
  }
}
