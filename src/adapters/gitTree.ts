import { join } from 'node:path';
import { sha256Hex } from '../engine/chunkCodec.ts';
import { EngramError } from '../engine/errors.ts';
import type { FolderLimits } from '../engine/folderRequests.ts';
import { type ChunkEntry, type ChunkId, decodeManifest, EMPTY_MANIFEST, isChunkId, type Manifest } from '../engine/manifest.ts';
import type { ChunkFile, Transport } from '../engine/ports.ts';
import { parseBatchCheck } from './gitBranches.ts';
import { GIT_OUTPUT_LIMIT, type GitAnswer, type GitRun } from './gitProcess.ts';
import { lfsTarget, unpackGzip } from './gzip.ts';
import { readRegularFile } from './regularFile.ts';

export type RunGit = (args: readonly string[], run?: GitRun) => Promise<GitAnswer>;

interface Blob {
  readonly oid: string;
  readonly isFile: boolean;
  /** `undefined`: a clone without blobs does not have it. */
  readonly size: number | undefined;
}

/** Which commit, and the folder in it. */
interface TreePlace {
  /** Object id. */
  readonly commit: string;
  /** Path of `.engram` in the work tree, with `/`. */
  readonly folder: string;
  /** The same folder on disk, absolute. */
  readonly workFolder: string;
  readonly limits: FolderLimits;
}

const CHUNK = /^chunks\/([^/]+)\.jsonl\.gz$/;
/** `<oid> blob <size>` and a line feed before the bytes, one behind. */
const HEADER_BYTES = 100;
/** Packed bytes that are read at once, and held at most. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** The chunks and the manifest of one `.engram` folder as a commit has them. Nothing is written. */
export class GitTree implements Transport {
  readonly #run: RunGit;
  readonly #files: ReadonlyMap<string, Blob>;
  readonly #limits: FolderLimits;
  readonly #workFolder: string;
  /** Read and not yet asked for. */
  readonly #ahead = new Map<string, Uint8Array>();
  readonly #asked = new Set<string>();

  private constructor(run: RunGit, files: ReadonlyMap<string, Blob>, { limits, workFolder }: Pick<TreePlace, 'limits' | 'workFolder'>) {
    this.#run = run;
    this.#files = files;
    this.#limits = limits;
    this.#workFolder = workFolder;
  }

  /** @throws {EngramError} git-failed */
  static async open(run: RunGit, place: TreePlace): Promise<GitTree> {
    const { commit, folder } = place;
    const paths = [`${folder}/manifest.json`, `${folder}/chunks/`];
    const { output } = await run(['ls-tree', '-z', '-r', '--full-tree', commit, '--', ...paths]);
    const entries = output
      .toString('utf8')
      .split('\0')
      .flatMap((line) => entryOf(line, folder));
    const oids = [...new Set(entries.map(({ oid }) => oid))];
    const answer = await run(['cat-file', '--batch-check'], { input: oids.map((oid) => `${oid}\n`).join('') });
    const sizes = new Map(parseBatchCheck(answer.output.toString('utf8')).map((info, at) => [oids[at] ?? '', info?.size]));
    const files = new Map(entries.map(({ name, oid, isFile }) => [name, { oid, isFile, size: sizes.get(oid) }]));
    return new GitTree(run, files, place);
  }

  /** One text for all that is in it: two trees with the same files have the same. */
  get fingerprint(): string {
    return [...this.#files]
      .map(([name, { oid }]) => `${name} ${oid}`)
      .sort()
      .join('\n');
  }

  async readManifest(): Promise<Manifest> {
    const blob = this.#files.get('manifest.json');
    if (!blob) return EMPTY_MANIFEST;
    return decodeManifest(
      await this.#read(blob, { subject: 'manifest.json', maxBytes: this.#limits.maxManifestBytes, tooLarge: 'manifest-too-large' }),
    );
  }

  async listChunks(): Promise<readonly ChunkFile[]> {
    return [...this.#files].flatMap(([name, { size, isFile }]) => {
      const id = CHUNK.exec(name)?.[1];
      if (id === undefined || !isChunkId(id)) return [];
      return [{ id, size: size ?? 0, mtimeMs: 0, ...(!isFile && { problem: 'not-regular-file' as const }) }];
    });
  }

  async readChunk(id: string): Promise<Uint8Array> {
    const subject = `chunks/${id}.jsonl.gz`;
    const blob = this.#files.get(subject);
    if (!blob) throw new EngramError('chunk-missing', `${subject} is not in the commit.`, { subject });
    const { maxChunkBytes } = this.#limits;
    const packed = await this.#read(blob, { subject, maxBytes: maxChunkBytes, tooLarge: 'chunk-too-large' });
    return unpackGzip(await this.#behindPointer(packed, subject), maxChunkBytes, subject);
  }

  /** With Git LFS the commit has a pointer, and a clone gets the file: it is here, too, if the work tree has that very one. */
  async #behindPointer(packed: Uint8Array, subject: string): Promise<Uint8Array> {
    const target = lfsTarget(packed);
    if (target === undefined) return packed;
    const maxBytes = this.#limits.maxChunkBytes;
    const file = await readRegularFile(join(this.#workFolder, subject), { subject, maxBytes, tooLarge: 'chunk-too-large' });
    return file && sha256Hex(file) === target ? file : packed;
  }

  /** Ids of all chunk files. */
  chunkIds(): ReadonlySet<ChunkId> {
    const ids = [...this.#files.keys()].map((name) => CHUNK.exec(name)?.[1] ?? '');
    return new Set(ids.filter(isChunkId));
  }

  async writeManifest(): Promise<void> {
    throw readOnly();
  }

  async writeChunk(_id: string, _json: Uint8Array, _entry: ChunkEntry): Promise<void> {
    throw readOnly();
  }

  async #read(
    { oid, size, isFile }: Blob,
    of: { subject: string; maxBytes: number; tooLarge: 'chunk-too-large' | 'manifest-too-large' },
  ): Promise<Uint8Array> {
    const { subject } = of;
    if (!isFile) throw new EngramError('not-regular-file', `${subject} is a link in the commit.`, { subject });
    if (size === undefined) throw new EngramError('chunk-missing', `Git has not fetched ${subject}.`, { subject });
    if (size > Math.min(of.maxBytes, GIT_OUTPUT_LIMIT - HEADER_BYTES)) {
      throw new EngramError(of.tooLarge, `${subject} is too large to be read from git.`, { subject });
    }
    return this.#take(oid, size);
  }

  /** A process for each chunk would cost more than all the rest, so the next ones are read along. */
  async #take(oid: string, size: number): Promise<Uint8Array> {
    const ready = this.#ahead.get(oid);
    if (ready) {
      this.#ahead.delete(oid);
      return ready;
    }
    const batch = [oid, ...this.#nextTo(oid, size)];
    const { output } = await this.#run(['cat-file', '--batch'], { input: batch.map((one) => `${one}\n`).join('') });
    const blobs = parseBlobs(output);
    for (const [name, bytes] of blobs) if (name !== oid) this.#ahead.set(name, bytes);
    for (const name of batch) this.#asked.add(name);
    return blobs.get(oid) ?? new Uint8Array();
  }

  #nextTo(oid: string, size: number): string[] {
    let room = BATCH_BYTES - size - [...this.#ahead.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    const next: string[] = [];
    for (const blob of this.#files.values()) {
      if (blob.size === undefined || !blob.isFile || blob.oid === oid || this.#asked.has(blob.oid)) continue;
      room -= blob.size + HEADER_BYTES;
      if (room < 0) break;
      next.push(blob.oid);
    }
    return next;
  }
}

/** `<mode> <type> <oid>`, a tab and the path. A link has mode 120000, a submodule the type `commit`. */
function entryOf(line: string, folder: string): { name: string; oid: string; isFile: boolean }[] {
  const [, mode = '', oid = '', path = ''] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
  if (!path.startsWith(`${folder}/`)) return [];
  return [{ name: path.slice(folder.length + 1), oid, isFile: mode.startsWith('100') }];
}

/** What `cat-file --batch` writes: a line `<oid> blob <size>`, the bytes and a line feed; `<name> missing` has no body. */
function parseBlobs(output: Buffer): Map<string, Uint8Array> {
  const blobs = new Map<string, Uint8Array>();
  let at = 0;
  while (at < output.length) {
    const headerEnd = output.indexOf('\n', at);
    if (headerEnd < 0) break;
    const [oid = '', type, size] = output.toString('latin1', at, headerEnd).split(' ');
    at = headerEnd + 1;
    if (type !== 'blob') continue;
    blobs.set(oid, Uint8Array.from(output.subarray(at, at + Number(size))));
    at += Number(size) + 1;
  }
  return blobs;
}

function readOnly(): EngramError {
  return new EngramError('read-only', 'A commit cannot be changed.');
}
