import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../adapters/atomicFile.ts';
import { translateFsError } from '../adapters/fsErrors.ts';
import { packGzip, unpackGzip } from '../adapters/gzip.ts';
import { readRegularFile } from '../adapters/regularFile.ts';
import { decodeChunk, encodeChunk } from '../engine/chunkCodec.ts';
import { chunkVersions, versionKey } from '../engine/chunkVersions.ts';
import type { Entity } from '../engine/held.ts';
import { mergeRows } from '../engine/merge.ts';
import type { Turn } from '../engine/ports.ts';
import type { ChunkData } from '../engine/records.ts';
import type { RowReader } from '../engine/rowReader.ts';
import { observationVersion, promptVersion, type RowVersion } from '../engine/versions.ts';

const NAME = 'unshared.json.gz';
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * A copy of the memories, edits and deletions that no chunk holds yet, in the extension's own storage: `git clean -fdx` and a deleted `.engram` take the
 * database, and with it what was never shared. It has the form of a chunk and is written after every change.
 */
export class KeptCopy {
  readonly #folder: string;

  /** @param folder absolute path; it is made when it is needed; `''`: nothing is kept */
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
    try {
      if (countRows(data) === 0) return await rm(this.#path, { force: true });
      await mkdir(this.#folder, { recursive: true });
    } catch (error) {
      throw translateFsError(error, NAME);
    }
    await writeFileAtomically(this.#path, await packGzip(encodeChunk(data)), async () => undefined);
  }

  /** @returns `undefined` where nothing is kept */
  async read(turn: Turn): Promise<ChunkData | undefined> {
    if (this.#folder === '') return undefined;
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

/**
 * What of a kept copy the database has not: memories that are gone, and edits and deletions that it knows only in an older version. What
 * was changed or deleted later than the copy is not lost.
 */
export async function lostRows(kept: ChunkData | undefined, rows: RowReader, turn: Turn): Promise<ChunkData> {
  if (!kept) return NOTHING;
  const versions = await chunkVersions(kept, turn);
  const all = [...versions.rows.values(), ...versions.relations.values()].map(({ version }) => version);
  const lost = new Map(all.filter((version) => isLost(version, rows)).map((version) => [versionKey(version.entity, version.key), version]));
  const needed = new Set([...lost.values()].map((version) => version.sessionId));
  return {
    sessions: kept.sessions.filter((session) => needed.has(session.id)),
    observations: kept.observations.filter((row) => lost.has(versionKey('observation', observationVersion(row).key))),
    prompts: kept.prompts.filter((row) => lost.has(versionKey('prompt', promptVersion(row).key))),
    mutations: (kept.mutations ?? []).filter(({ entity, entityKey }) => lost.has(versionKey(entity as Entity, entityKey))),
  };
}

/** How many memories a copy concerns; one may stand in it in two versions. */
export function countRows({ observations, prompts, mutations = [] }: ChunkData): number {
  const keys = [
    ...observations.map((row) => versionKey('observation', observationVersion(row).key)),
    ...prompts.map((row) => versionKey('prompt', promptVersion(row).key)),
    ...mutations.map(({ entity, entityKey }) => versionKey(entity as Entity, entityKey)),
  ];
  return new Set(keys).size;
}

/** The deletion of a row that is not here has nothing left to do. */
function isLost(version: RowVersion, rows: RowReader): boolean {
  const local = rows.row(version.entity, version.key);
  return local ? mergeRows(local, version) !== local : version.record !== undefined;
}

const NOTHING: ChunkData = { sessions: [], observations: [], prompts: [], mutations: [] };

function united(parts: readonly ChunkData[]): ChunkData {
  return {
    sessions: parts.flatMap((part) => part.sessions),
    observations: parts.flatMap((part) => part.observations),
    prompts: parts.flatMap((part) => part.prompts),
    mutations: parts.flatMap((part) => part.mutations ?? []),
  };
}
