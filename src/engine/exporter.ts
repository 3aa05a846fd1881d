import { chunkId, encodeChunk, sha256Hex } from './chunkCodec.ts';
import { isUnlisted, type ScannedChunk } from './chunkScan.ts';
import { chunkVersions } from './chunkVersions.ts';
import { EngramError } from './errors.ts';
import { ChunkBuilder, entryTime } from './exportChunks.ts';
import { type ExportPlan, ExportPlanner, isEmptyPlan } from './exportPlan.ts';
import type { CallContext, ExportOptions } from './folderRequests.ts';
import type { FolderRights } from './folderRights.ts';
import type { ExportSummary } from './folderState.ts';
import { formatInstant, instantOf } from './goTime.ts';
import type { IndexedChunk } from './held.ts';
import { HeldVersions } from './heldVersions.ts';
import { type Importer, putInIndex } from './importer.ts';
import { type ChunkEntry, type ChunkId, insertEntry, type Manifest } from './manifest.ts';
import type { Clock, FolderIndex, Git, MemoryStore, Transport, Turn } from './ports.ts';
import type { ChunkData } from './records.ts';
import { SlowClock } from './slowClock.ts';

export interface ExporterParts {
  readonly transport: Transport;
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Absent: only the manifest and the folder say what is shared. */
  readonly git: Git | undefined;
  /** Absent: the memories are the folder's alone. */
  readonly rights?: FolderRights | undefined;
  /** Puts the index on disk; for memories that are on disk as soon as they are changed. */
  readonly saveIndex?: (() => Promise<void>) | undefined;
}

/** Longer than a database answers that nobody is writing. */
const WAITED_MS = 50;

interface Written {
  readonly entry: ChunkEntry;
  readonly sha256: string;
  readonly data: ChunkData;
}

/**
 * Reads the chunks that wait, so that what they hold is not written a second time, then writes what is new.
 *
 * @param parts `scan`: the folder as it is at that moment
 * @throws {EngramError} as {@link Importer.learn} and {@link Exporter.run}
 */
export async function learnAndExport(
  parts: { readonly importer: Importer; readonly exporter: Exporter; readonly scan: () => Promise<readonly ScannedChunk[]> },
  options: Parameters<Exporter['run']>[1],
  context: CallContext,
): Promise<ExportSummary> {
  await parts.importer.learn(await parts.scan());
  return parts.exporter.run(await parts.scan(), options, context);
}

/** Writes what is new into chunks: chunk files first, then the manifest, then the databases, so that a crash between any two is repaired by the next run. */
export class Exporter {
  readonly #parts: ExporterParts;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
  }

  /** What an export would write now. Reads only. */
  async plan(chunks: readonly ScannedChunk[], options: ExportOptions): Promise<ExportPlan> {
    const { store, index, turn } = this.#parts;
    const { known, ownOrphans } = await this.#knownChunks(chunks);
    const held = await HeldVersions.load(index, known, ownOrphans, turn);
    const filter = {
      project: options.project,
      includePersonal: options.includePersonal ?? false,
      includeDeleted: options.includeDeleted ?? false,
      includePrompts: options.includePrompts,
    };
    const slow = await new SlowClock(this.#parts).find(turn, chunks);
    return new ExportPlanner({ store, index, held, slow }, filter).plan(turn);
  }

  /**
   * @param chunks the scan of the folder as it is now.
   * @throws {EngramError} manifest-invalid, manifest-conflict and the like: nothing is written beside a manifest that cannot be read.
   */
  async run(
    chunks: readonly ScannedChunk[],
    options: ExportOptions & { readonly createdBy: string },
    context: CallContext,
  ): Promise<ExportSummary> {
    await new SlowClock(this.#parts).stamp(this.#parts.turn, chunks);
    const plan = await this.#writablePlan(chunks, options);
    context.onProgress?.({ phase: 'exporting', done: 0, total: 1 });
    const before = await this.#parts.transport.readManifest();
    const written = isEmptyPlan(plan) ? [] : await this.#writeChunks(plan, before, options.createdBy);
    await this.#writeManifest([...written.map((chunk) => chunk.entry), ...unlistedEntries(chunks)]);
    for (const chunk of written) await this.#record(chunk);
    return summary(plan, written);
  }

  /**
   * Whether the chunks can be recorded: a database that is read-only, or busy for long, is told before anything is written. While another
   * program's transaction is waited for a memory may become personal, or be deleted, so what leaves is what was there afterwards.
   */
  async #writablePlan(chunks: readonly ScannedChunk[], options: ExportOptions): Promise<ExportPlan> {
    const { store, clock } = this.#parts;
    const plan = await this.plan(chunks, options);
    if (isEmptyPlan(plan)) return plan;
    const askedAt = clock.now();
    await store.mustBeWritable();
    return clock.now() - askedAt < WAITED_MS ? plan : this.plan(chunks, options);
  }

  /**
   * Writes one chunk that is no news, but mends the folder for older programs.
   *
   * @param before the entry that it stands in front of; `undefined`: behind all
   */
  async writeMending(
    data: ChunkData,
    by: { readonly createdBy: string; readonly createdAt: string },
    before: ChunkId | undefined,
  ): Promise<ChunkId> {
    const written = await writeChunk(this.#parts.transport, data, by);
    await this.#writeManifest([written.entry], before);
    await this.#record(written);
    return written.entry.id;
  }

  /**
   * The manifest's chunks, those in the folder, and those that another living branch has; and the ones of ours that nobody has any more.
   * A chunk of ours that is listed and has no file counts only as long as git has it: it may never have been committed.
   */
  async #knownChunks(chunks: readonly ScannedChunk[]): Promise<{ known: Set<ChunkId>; ownOrphans: Set<ChunkId> }> {
    const lost = chunks.filter(({ file, indexed }) => !file && indexed?.exportedHere);
    const known = new Set(chunks.filter((chunk) => !lost.includes(chunk)).map((chunk) => chunk.id));
    const others = [...this.#parts.index.chunks().values()].filter((chunk) => !known.has(chunk.id));
    const living = await this.#living(others, lost.length > 0);
    for (const id of living) known.add(id);
    return { known, ownOrphans: new Set(others.filter((chunk) => chunk.exportedHere && !living.has(chunk.id)).map((chunk) => chunk.id)) };
  }

  /** @param alsoHere whether chunks of the last commit count that the work tree has not. */
  async #living(chunks: readonly IndexedChunk[], alsoHere: boolean): Promise<Set<ChunkId>> {
    const { git } = this.#parts;
    if (!git || chunks.length === 0) return new Set();
    const ids = chunks.map((chunk) => chunk.id);
    const living = new Set(await git.chunksOnBranches(ids));
    if (!alsoHere) return living;
    const { deletedChunks } = await git.folderStatus();
    for (const id of ids) if (deletedChunks.includes(id)) living.add(id);
    return living;
  }

  async #writeChunks(plan: ExportPlan, manifest: Manifest, createdBy: string): Promise<Written[]> {
    const { store, index, clock, turn, transport } = this.#parts;
    const written: Written[] = [];
    let newest = newestEntryTime(manifest);
    for (const data of new ChunkBuilder({ store, index }, plan).build(plan)) {
      await turn();
      const createdAt = entryTime(data, newest, clock.now());
      if (instantOf(createdAt) > instantOf(newest)) newest = createdAt;
      written.push(await writeChunk(transport, data, { createdBy, createdAt }));
    }
    return written;
  }

  /** Read again right before it is written: another program may have added its entry meanwhile. */
  async #writeManifest(entries: readonly ChunkEntry[], before?: ChunkId): Promise<void> {
    const { transport } = this.#parts;
    const manifest = await transport.readManifest();
    const listed = new Set(manifest.chunks.map((entry) => entry.id));
    const fresh = entries.filter((entry) => !listed.has(entry.id));
    if (fresh.length > 0) await transport.writeManifest(fresh.reduce((all, entry) => insertEntry(all, entry, before), manifest));
  }

  async #record(chunk: Written): Promise<void> {
    const { store, index, clock, turn, transport, rights } = this.#parts;
    const versions = await chunkVersions(chunk.data, turn);
    const file = (await transport.listChunks?.())?.find((candidate) => candidate.id === chunk.entry.id);
    const indexed: IndexedChunk = {
      ...chunk.entry,
      sha256: chunk.sha256,
      relations: versions.relations.size,
      rejected: 0,
      exportedHere: true,
      merged: true,
      size: file?.size ?? 0,
      mtimeMs: file?.mtimeMs ?? 0,
    };
    await putInIndex(index, indexed, versions, turn);
    for (const { version } of [...versions.sessions.values(), ...versions.rows.values(), ...versions.relations.values()]) {
      rights?.cameByChunk(version.entity, version.key);
    }
    // A crash behind the next line and before the index is saved would make a chunk of ours somebody else's.
    await this.#parts.saveIndex?.();
    const at = formatInstant(clock.now());
    await store.transaction(async () => {
      store.recordChunk(chunk.entry.id, at);
      rights?.brings(chunk.entry.id, at);
    });
  }
}

/** Another chunk of the same 8 digits with other bytes: a salt in a root key that every reader ignores gives another id. */
async function writeChunk(transport: Transport, data: ChunkData, by: { createdBy: string; createdAt: string }): Promise<Written> {
  for (let salt = 0; ; salt += 1) {
    const salted: ChunkData = salt === 0 ? data : { ...data, extra: new Map([['x_salt', salt]]) };
    const bytes = encodeChunk(salted);
    const id = chunkId(bytes);
    const counts = { sessions: data.sessions.length, memories: data.observations.length, prompts: data.prompts.length };
    const entry: ChunkEntry = { id, ...by, ...counts };
    try {
      await transport.writeChunk(id, bytes, entry);
      return { entry, sha256: sha256Hex(bytes), data: salted };
    } catch (error) {
      if (!EngramError.is(error, 'chunk-collision') || salt === 8) throw error;
    }
  }
}

/** Chunks that are here, sound and merged, and that no entry names: a merge of manifests may have dropped them. */
function unlistedEntries(chunks: readonly ScannedChunk[]): ChunkEntry[] {
  return chunks.flatMap((chunk) => {
    const { indexed } = chunk;
    if (!isUnlisted(chunk) || chunk.waiting || !indexed) return [];
    const { id, createdAt, sessions, memories, prompts } = indexed;
    return [{ id, createdBy: indexed.createdBy || 'unknown', createdAt, sessions, memories, prompts }];
  });
}

/** `created_at` of the newest entry whose time can be read, else `''`. */
export function newestEntryTime(manifest: Manifest): string {
  return manifest.chunks.reduce((newest, entry) => (instantOf(entry.createdAt) > instantOf(newest) ? entry.createdAt : newest), '');
}

function summary(plan: ExportPlan, written: readonly Written[]): ExportSummary {
  const count = (of: (data: ChunkData) => number): number => written.reduce((sum, chunk) => sum + of(chunk.data), 0);
  return {
    chunkIds: written.map((chunk) => chunk.entry.id),
    sessions: count((data) => data.sessions.length),
    memories: count((data) => data.observations.length),
    prompts: count((data) => data.prompts.length),
    mutations: count((data) => data.mutations?.length ?? 0),
    personal: plan.personal,
    heldBack: plan.heldBack,
  };
}
