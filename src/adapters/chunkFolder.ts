import { lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ChunkNotFoundError, EngramError } from '../engine/errors.ts';
import { DEFAULT_LIMITS, type FolderLimits } from '../engine/folderRequests.ts';
import {
  type ChunkEntry,
  type ChunkId,
  decodeManifest,
  EMPTY_MANIFEST,
  encodeManifest,
  isChunkId,
  type Manifest,
} from '../engine/manifest.ts';
import type { ChunkFile, FolderTransport, WriteGuard } from '../engine/ports.ts';
import { writeFileAtomically } from './atomicFile.ts';
import { systemCode, translateFsError } from './fsErrors.ts';
import { packGzip, unpackGzip } from './gzip.ts';
import { isRealFolder, readRegularFile } from './regularFile.ts';

export interface FileTransportOptions {
  readonly limits: FolderLimits;
  /** The guard of the lock that is held now, asked before every rename; `undefined` where nobody else can write. */
  readonly guard: () => WriteGuard | undefined;
}

const MANIFEST = 'manifest.json';
const CHUNKS = 'chunks';
const CHUNK_SUFFIX = '.jsonl.gz';
const STATS_AT_ONCE = 32;

const allowAll: WriteGuard = async () => undefined;

/**
 * The chunks and the manifest of one `.engram` folder on disk (Go: `sync.FileTransport`, `sync/transport.go`). Every path is looked at
 * with lstat first: a symbolic link at or below `.engram` is refused for reading and for writing. What git checks out may be hostile.
 */
export class FileTransport implements FolderTransport {
  readonly #root: string;
  readonly #options: FileTransportOptions;

  /**
   * @param syncDir path of the `.engram` folder; it may not exist yet.
   * @param options by default the limits of the settings, and nobody else who writes. Whoever shares the folder with other programs holds
   *   its lock; a `Syncer` does.
   */
  constructor(syncDir: string, options: Partial<FileTransportOptions> = {}) {
    this.#root = resolve(syncDir);
    this.#options = { limits: DEFAULT_LIMITS, guard: () => undefined, ...options };
  }

  async readManifest(): Promise<Manifest> {
    const bytes = await this.readManifestBytes();
    return bytes ? decodeManifest(bytes) : EMPTY_MANIFEST;
  }

  async readManifestBytes(): Promise<Uint8Array | undefined> {
    if (!(await this.#hasRoot())) return undefined;
    const maxBytes = this.#options.limits.maxManifestBytes;
    return readRegularFile(join(this.#root, MANIFEST), { subject: MANIFEST, maxBytes, tooLarge: 'manifest-too-large' });
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    await this.#makeFolder(this.#root, basename(this.#root));
    await this.#write(join(this.#root, MANIFEST), encodeManifest(manifest));
  }

  async readChunk(id: string): Promise<Uint8Array> {
    const subject = chunkSubject(id);
    const packed = await this.#readPacked(id, this.#options.limits.maxChunkBytes);
    if (!packed) throw new ChunkNotFoundError(id, { subject });
    return unpackGzip(packed, this.#options.limits.maxChunkBytes, subject);
  }

  async writeChunk(id: string, json: Uint8Array, _entry: ChunkEntry): Promise<void> {
    const subject = chunkSubject(id);
    await this.#makeFolder(this.#root, basename(this.#root));
    await this.#makeFolder(join(this.#root, CHUNKS), CHUNKS);
    switch (await this.#compare(id, json)) {
      case 'same':
        return;
      case 'other':
        throw new EngramError('chunk-collision', `${subject} holds other data, so it was not overwritten.`, { subject });
      case 'absent':
      case 'torn':
        await this.#write(join(this.#root, subject), await packGzip(json));
    }
  }

  async restoreChunk(
    id: string,
    packed: Uint8Array,
    isRight: (json: Uint8Array) => Promise<boolean>,
  ): Promise<'written' | 'same' | 'refused'> {
    const subject = chunkSubject(id);
    const json = await unpackGzip(packed, this.#options.limits.maxChunkBytes, subject).catch((error: unknown) => {
      if (EngramError.is(error)) return undefined;
      throw error;
    });
    if (!json || !(await isRight(json))) return 'refused';
    await this.#makeFolder(join(this.#root, CHUNKS), CHUNKS);
    const there = await this.#compare(id, json);
    if (there === 'same') return 'same';
    if (there === 'other') return 'refused';
    await this.#write(join(this.#root, subject), packed);
    return 'written';
  }

  async listChunks(): Promise<readonly ChunkFile[]> {
    if (!(await this.#hasChunks())) return [];
    const folder = join(this.#root, CHUNKS);
    const names = await readdir(folder).catch((error: unknown) => {
      throw translateFsError(error, CHUNKS, 'read');
    });
    const ids = names.map(idOfName).filter((id) => id !== undefined);
    const files: ChunkFile[] = [];
    for (let start = 0; start < ids.length; start += STATS_AT_ONCE) {
      const found = await Promise.all(ids.slice(start, start + STATS_AT_ONCE).map((id) => lookAt(folder, id)));
      files.push(...found.filter((file) => file !== undefined));
    }
    return files;
  }

  /** A chunk that cannot be unpacked is the rest of a crash or of a torn checkout, and worth less than what is written now. */
  async #compare(id: string, json: Uint8Array): Promise<'absent' | 'same' | 'other' | 'torn'> {
    try {
      const packed = await this.#readPacked(id, json.length);
      if (!packed) return 'absent';
      const there = await unpackGzip(packed, Math.max(json.length, 1), chunkSubject(id));
      return Buffer.compare(there, json) === 0 ? 'same' : 'other';
    } catch (error) {
      if (EngramError.is(error, 'chunk-corrupt')) return 'torn';
      if (EngramError.is(error, 'chunk-too-large')) return 'other';
      throw error;
    }
  }

  async #readPacked(id: string, maxUnpacked: number): Promise<Uint8Array | undefined> {
    const subject = chunkSubject(id);
    if (!(await this.#hasChunks())) return undefined;
    return readRegularFile(join(this.#root, subject), { subject, maxBytes: packedLimit(maxUnpacked), tooLarge: 'chunk-too-large' });
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await writeFileAtomically(path, bytes, this.#options.guard() ?? allowAll);
  }

  #hasRoot(): Promise<boolean> {
    return isRealFolder(this.#root, basename(this.#root));
  }

  async #hasChunks(): Promise<boolean> {
    return (await this.#hasRoot()) && isRealFolder(join(this.#root, CHUNKS), CHUNKS);
  }

  async #makeFolder(path: string, subject: string): Promise<void> {
    if (await isRealFolder(path, subject)) return;
    try {
      await mkdir(path);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw translateFsError(error, subject);
      await isRealFolder(path, subject);
    }
  }
}

/** Random bytes grow a little when packed: RFC 1951 adds five bytes to each stored block. */
function packedLimit(maxUnpacked: number): number {
  return maxUnpacked + Math.ceil(maxUnpacked / 1024) + 1024;
}

/** @throws {EngramError} invalid-input for a name that could leave the folder */
function chunkSubject(id: string): string {
  if (isChunkId(id)) return `${CHUNKS}/${id}${CHUNK_SUFFIX}`;
  throw new EngramError('invalid-input', 'This is not the name of a chunk.');
}

function idOfName(name: string): ChunkId | undefined {
  if (!name.endsWith(CHUNK_SUFFIX)) return undefined;
  const id = name.slice(0, -CHUNK_SUFFIX.length);
  return isChunkId(id) ? id : undefined;
}

/** `undefined` for a file that went away meanwhile. */
async function lookAt(folder: string, id: ChunkId): Promise<ChunkFile | undefined> {
  try {
    const found = await lstat(join(folder, `${id}${CHUNK_SUFFIX}`));
    const file = { id, size: found.size, mtimeMs: found.mtimeMs };
    return found.isFile() ? file : { ...file, problem: 'not-regular-file' };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    return { id, size: 0, mtimeMs: 0 };
  }
}
