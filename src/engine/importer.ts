import { type Applied, ChunkApplier, holdingsOf, NOTHING_APPLIED } from './applyChunk.ts';
import { decodeChunk, sha256HexSliced } from './chunkCodec.ts';
import { missingChunk, type ScannedChunk } from './chunkScan.ts';
import { type ChunkVersions, chunkVersions } from './chunkVersions.ts';
import { isCloudChunkId } from './cloud/cloudIds.ts';
import { EngramError } from './errors.ts';
import { entryTime } from './exportChunks.ts';
import { problemFrom } from './folderProblem.ts';
import type { CallContext } from './folderRequests.ts';
import type { FolderRights } from './folderRights.ts';
import type { FolderProblem, ImportSummary } from './folderState.ts';
import { formatInstant } from './goTime.ts';
import type { IndexedChunk } from './held.ts';
import { indexedChunk } from './indexedChunk.ts';
import { type ChunkId, isHashId } from './manifest.ts';
import { chunksOfBuriedRows } from './mergedHoldings.ts';
import { isOwnWork } from './ownWork.ts';
import type { Clock, FolderIndex, MemoryStore, Transport, Turn } from './ports.ts';
import { countRejected } from './rejections.ts';
import { RowReader } from './rowReader.ts';
import { SlowClock } from './slowClock.ts';

export interface ImporterParts {
  readonly transport: Transport;
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Remembers what could not be read; shared with the scan. */
  readonly problems: Map<ChunkId, { readonly size: number; readonly mtimeMs: number; readonly error: EngramError }>;
  readonly quarantined: (id: string) => boolean;
  readonly onReading: (id: string | undefined) => void;
  /** Which chunks of the index are of the place that is imported from; absent: those of the folder. */
  readonly isOfPlace?: (id: ChunkId) => boolean;
  /** The place keeps chunks in a form of its own: their bytes do not hash to their names. */
  readonly hasOwnForm?: boolean;
  /** Says what is wrong with one chunk; absent: in the words for a file. */
  readonly describe?: (id: ChunkId, error: EngramError) => EngramError;
  /** Called after each chunk; saves the databases when it is time. */
  readonly checkpoint: () => Promise<void>;
  /** Absent: the memories are the folder's alone. */
  readonly rights?: FolderRights | undefined;
}

/**
 * Imports chunks, each in one transaction together with the record that it was imported. A chunk that cannot be used is remembered and
 * reported, and stops nothing.
 */
export class Importer {
  readonly #parts: ImporterParts;
  readonly #applier: ChunkApplier;
  readonly #slowClock: SlowClock;
  readonly #mergeAgain = new Set<ChunkId>();
  /** Once is enough: what a merge does not bring back, a second one does not either. */
  readonly #mergedAgain = new Set<ChunkId>();

  constructor(parts: ImporterParts) {
    this.#parts = parts;
    this.#applier = new ChunkApplier(parts.store, parts.index, parts.rights);
    this.#slowClock = new SlowClock(parts);
  }

  /**
   * @param chunks what the scan found; those that wait are imported, others only when `wanted` names them.
   * @param wanted only these; an altered chunk is imported only when it is named.
   */
  async run(chunks: readonly ScannedChunk[], wanted: ReadonlySet<string> | undefined, context: CallContext): Promise<ImportSummary> {
    const queue = chunks.filter((chunk) => (wanted ? wanted.has(chunk.id) && chunk.file !== undefined : chunk.waiting || isBarred(chunk)));
    if (queue.length > 0) await this.#slowClock.stamp(this.#parts.turn, chunks);
    const total: Applied = { ...NOTHING_APPLIED };
    const authors = new Set<string>();
    const problems: FolderProblem[] = [];
    let count = 0;
    for (const [done, chunk] of queue.entries()) {
      context.onProgress?.({ phase: 'importing', done, total: queue.length });
      try {
        const applied = await this.#importOne(chunk, wanted !== undefined);
        addTo(total, applied);
        if (!chunk.isMerged || chunk.state === 'undone') count += 1;
        if (chunk.entry?.createdBy) authors.add(chunk.entry.createdBy);
      } catch (error) {
        if (!isChunkFault(error)) throw error;
        const fault = this.#fault(chunk.id, error);
        this.#remember(chunk, fault);
        problems.push(problemFrom(fault));
      }
      queue.push(...this.#toMergeAgain(chunks));
      await this.#parts.checkpoint();
    }
    if (queue.length > 0) total.relations += await this.#retryDeferred();
    await this.#parts.store.removeTwins();
    const { heldBack, ...counts } = total;
    return { ...counts, ...(heldBack > 0 && { heldBack }), chunks: count, authors: [...authors].slice(0, 5), problems };
  }

  /**
   * Puts the chunks that wait into the index without importing them, so that an export knows what they hold. What cannot be read stays as
   * it is. A chunk that the database has recorded is merged: once the index has it, too, it counts as merged, and nobody would look for the
   * unknown fields that were lost with the index, or for the edits that an older program ignored.
   *
   * @throws {EngramError} io-failed: a chunk whose rows the database has may not be opened now; they would be written a second time
   */
  async learn(chunks: readonly ScannedChunk[]): Promise<void> {
    const recorded = this.#parts.store.importedChunks();
    const unknown = chunks.find((chunk) => isBarred(chunk) && !chunk.indexed && recorded.has(chunk.id));
    if (unknown?.problem) throw unknown.problem;
    for (const chunk of chunks.filter(({ waiting, state, indexed }) => (waiting || state === 'undone') && !indexed)) {
      try {
        const read = await this.#read(chunk, false);
        if (recorded.has(chunk.id) && chunk.state !== 'undone') await this.#merge(read.indexed, read.versions);
        else await putInIndex(this.#parts.index, read.indexed, read.versions, this.#parts.turn);
      } catch (error) {
        if (!isChunkFault(error) || (error.code === 'io-failed' && recorded.has(chunk.id))) throw error;
        this.#remember(chunk, this.#fault(chunk.id, error));
      }
    }
  }

  async #importOne(chunk: ScannedChunk, isNamed: boolean): Promise<Applied> {
    const { indexed, versions } = await this.#read(chunk, isNamed);
    return this.#merge(indexed, versions);
  }

  async #read(chunk: ScannedChunk, isNamed: boolean): Promise<{ indexed: IndexedChunk; versions: ChunkVersions }> {
    const { transport, turn, onReading, clock } = this.#parts;
    if (this.#parts.quarantined(chunk.id)) {
      throw new EngramError('chunk-corrupt', 'it stopped the reader before, so it is left alone until the window is reloaded', {
        subject: chunk.id,
      });
    }
    onReading(chunk.id);
    try {
      const bytes = await transport.readChunk(chunk.id);
      const sha256 = await sha256HexSliced(bytes, turn);
      if (!isNamed && !this.#parts.hasOwnForm) checkHash(chunk.id, sha256);
      const data = await decodeChunk(bytes, turn);
      const versions = await chunkVersions(data, turn);
      const rejected = countRejected(data.rejected) + countRejected(versions.rejected);
      const createdAt = chunk.entry?.createdAt ?? entryTime(data, '', clock.now());
      const exportedHere = chunk.indexed?.exportedHere ?? this.#isOwn(chunk.id, versions);
      return { indexed: indexedChunk({ chunk, sha256, rejected, createdAt, exportedHere }, versions), versions };
    } finally {
      onReading(undefined);
    }
  }

  /** A chunk that a crash made us forget. One that the database has recorded was forgotten with the whole index; whose it was nobody knows. */
  #isOwn(id: ChunkId, versions: ChunkVersions): boolean {
    const { store, index, isOfPlace = isOfFolder } = this.#parts;
    const ofPlace: Pick<FolderIndex, 'holdings'> = {
      holdings: (entity, key) => index.holdings(entity, key).filter(({ chunkId }) => isOfPlace(chunkId)),
    };
    return isOwnWork(versions, new RowReader(store, index), ofPlace) && !store.importedChunks().has(id);
  }

  async #merge(chunk: IndexedChunk, versions: ChunkVersions): Promise<Applied> {
    const { store, index, turn, clock, problems, isOfPlace } = this.#parts;
    // Of one that was stopped between two pieces, rows came by it that the index knows nothing of.
    const isKnown = store.importedChunks().has(chunk.id) || store.begunChunks().has(chunk.id);
    const wasHere = !chunk.merged && isKnown;
    await putInIndex(index, chunk, versions, turn);
    const at = formatInstant(clock.now());
    const record = isOfPlace ? undefined : { at, isNew: !isKnown };
    let isAfterGap = false;
    const apply = async (pause: Turn): Promise<Applied> => {
      await this.#slowClock.stampNew();
      store.forgetUndone(chunk.id);
      const step: Turn = async () => {
        await pause();
        // Agents had their turn. Of what they changed of this chunk's rows only the next look can tell what it was made from.
        if (isAfterGap) await this.#slowClock.stampMeanwhile();
        isAfterGap = false;
      };
      const result = await this.#applier.apply(versions, step, { chunkId: chunk.id, wasHere, record });
      store.forgetBegun(chunk.id);
      store.recordChunk(chunk.id, at);
      index.markMerged(chunk.id);
      if (wasHere) await this.#noteBuried(chunk.id, versions);
      return result;
    };
    const beforeGap = (): void => {
      store.recordBegun(chunk.id, at);
      isAfterGap = true;
    };
    const applied = await index.transaction(() => store.inPieces(apply, turn, beforeGap));
    problems.delete(chunk.id);
    return applied;
  }

  async #noteBuried(by: ChunkId, versions: ChunkVersions): Promise<void> {
    for (const id of await chunksOfBuriedRows(this.#parts, versions)) {
      if (id === by || this.#mergedAgain.has(id)) continue;
      this.#parts.index.markMerged(id, false);
      this.#mergeAgain.add(id);
      this.#mergedAgain.add(id);
    }
  }

  #toMergeAgain(chunks: readonly ScannedChunk[]): ScannedChunk[] {
    const again = chunks.filter(({ id, file }) => this.#mergeAgain.has(id) && file !== undefined);
    this.#mergeAgain.clear();
    return again;
  }

  async #retryDeferred(): Promise<number> {
    const { store, index, turn } = this.#parts;
    return index.transaction(() => store.transaction(() => this.#applier.retryDeferred(turn)));
  }

  #fault(id: ChunkId, error: EngramError): EngramError {
    return (this.#parts.describe ?? chunkFault)(id, error);
  }

  #remember(chunk: ScannedChunk, error: EngramError): void {
    if (!chunk.file || error.code === 'chunk-missing') return;
    this.#parts.problems.set(chunk.id, { size: chunk.file.size, mtimeMs: chunk.file.mtimeMs, error });
  }
}

function isOfFolder(id: ChunkId): boolean {
  return !isCloudChunkId(id);
}

/** Puts a chunk and its holdings into the index, in slices. */
export async function putInIndex(index: FolderIndex, chunk: IndexedChunk, versions: ChunkVersions, turn: Turn): Promise<void> {
  await index.transaction(async () => {
    index.putChunk(chunk);
    for (const holding of holdingsOf(chunk.id, versions)) {
      index.addHolding(holding);
      await turn();
    }
  });
}

/** @throws {EngramError} chunk-altered: the name claims to be a hash, and is not that of the content */
export function checkHash(id: ChunkId, sha256: string): void {
  if (!isHashId(id) || sha256.startsWith(id.toLowerCase())) return;
  throw new EngramError(
    'chunk-altered',
    `Chunk ${id} was altered after it was written: its content does not match its name. It is imported only if you say so.`,
    {
      subject: id,
    },
  );
}

/** Faults of one chunk, as against those of the databases or a cancellation, which end the run. */
export function isChunkFault(error: unknown): error is EngramError {
  return EngramError.is(error) && (error.code.startsWith('chunk-') || error.code === 'not-regular-file' || error.code === 'io-failed');
}

/** Its file is sound for all we know, but the system did not let us read it; nothing tells when it would, so each import tries again. */
function isBarred({ problem }: ScannedChunk): boolean {
  return problem?.code === 'io-failed';
}

/** One sentence for a person: what happened, what is safe, what to do. */
export function chunkFault(id: ChunkId, error: EngramError): EngramError {
  if (error.code === 'chunk-missing') return missingChunk(id, false);
  const reason = error.message.replace(/\.$/, '');
  const detail = { subject: id, cause: error };
  if (error.code === 'chunk-corrupt') {
    return new EngramError(
      'chunk-corrupt',
      `Chunk ${id} cannot be read (${reason}). Nothing of it was imported: restore its file from git or ask its author.`,
      detail,
    );
  }
  if (error.code === 'chunk-too-large') {
    return new EngramError(
      'chunk-too-large',
      `Chunk ${id} is too large (${reason}). If you trust its author, raise the limit in the settings.`,
      detail,
    );
  }
  if (error.code === 'not-regular-file') {
    return new EngramError(
      'not-regular-file',
      `Chunk ${id} is a link or a folder, not a file. It is never followed and never read.`,
      detail,
    );
  }
  if (error.code === 'io-failed') {
    return new EngramError(
      'io-failed',
      `Chunk ${id} cannot be opened (${reason}). Nothing of it was imported, everything else was: allow reading it, then sync again.`,
      detail,
    );
  }
  return error;
}

function addTo(total: Applied, more: Applied): void {
  for (const key of Object.keys(total) as (keyof Applied)[]) total[key] += more[key];
}
