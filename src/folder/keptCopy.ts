import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../adapters/atomicFile.ts';
import { translateFsError } from '../adapters/fsErrors.ts';
import { packGzip, unpackGzip } from '../adapters/gzip.ts';
import { readRegularFile } from '../adapters/regularFile.ts';
import { decodeChunk, encodeChunk } from '../engine/chunkCodec.ts';
import type { MemoryStore, Turn } from '../engine/ports.ts';
import type { ChunkData } from '../engine/records.ts';
import { observationVersion, promptVersion } from '../engine/versions.ts';

const NAME = 'unshared.json.gz';
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * A copy of the memories that no chunk holds yet, in the extension's own storage: `git clean -fdx` and a deleted `.engram` take the
 * database, and with it what was never shared. It has the form of a chunk and is written after every change.
 */
export class KeptCopy {
  readonly #folder: string;

  /** @param folder absolute path; it is made when it is needed */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Replaces the copy; nothing to keep removes it.
   *
   * @param parts what is not shared now
   * @param lost what the copy had before and the database has not: it stays until it is restored or dismissed
   * @throws {EngramError} disk-full, read-only
   */
  async write(parts: readonly ChunkData[], lost: ChunkData): Promise<void> {
    const data = united([...parts, lost]);
    const isEmpty = [data.observations, data.prompts, data.mutations].every((rows) => rows?.length === 0);
    try {
      if (isEmpty) return await rm(this.#path, { force: true });
      await mkdir(this.#folder, { recursive: true });
    } catch (error) {
      throw translateFsError(error, NAME);
    }
    await writeFileAtomically(this.#path, await packGzip(encodeChunk(data)), async () => undefined);
  }

  /** @returns `undefined` where nothing is kept */
  async read(turn: Turn): Promise<ChunkData | undefined> {
    const packed = await readRegularFile(this.#path, { subject: NAME, maxBytes: MAX_BYTES, tooLarge: 'chunk-too-large' });
    return packed && decodeChunk(await unpackGzip(packed, MAX_BYTES, NAME), turn);
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  get #path(): string {
    return join(this.#folder, NAME);
  }
}

/** The rows of a kept copy that the database does not have: neither live, nor hidden, nor deleted. */
export function lostRows(kept: ChunkData | undefined, store: MemoryStore): ChunkData {
  const observations = (kept?.observations ?? []).filter((row) => store.observation(observationVersion(row).key) === undefined);
  const prompts = (kept?.prompts ?? []).filter((row) => {
    const { key } = promptVersion(row);
    return store.prompt(key) === undefined && store.promptTombstone(key) === undefined;
  });
  const needed = new Set([...observations, ...prompts].map((row) => row.sessionId));
  return { sessions: (kept?.sessions ?? []).filter((session) => needed.has(session.id)), observations, prompts };
}

function united(parts: readonly ChunkData[]): ChunkData {
  return {
    sessions: parts.flatMap((part) => part.sessions),
    observations: parts.flatMap((part) => part.observations),
    prompts: parts.flatMap((part) => part.prompts),
    mutations: parts.flatMap((part) => part.mutations ?? []),
  };
}
