import { decodeChunk, sha256Hex } from '../engine/chunkCodec.ts';
import type { ScannedChunk } from '../engine/chunkScan.ts';
import { EngramError } from '../engine/errors.ts';
import type { FolderLimits } from '../engine/folderRequests.ts';
import type { HealSummary } from '../engine/folderState.ts';
import {
  entryOf,
  type HealingInput,
  type HealMode,
  healedManifest,
  isOfFiles,
  kindsFor,
  listableIn,
  wantedFiles,
} from '../engine/healingPlan.ts';
import { type ChunkEntry, type ChunkId, encodeManifest, isHashId, NEWEST_MANIFEST_VERSION } from '../engine/manifest.ts';
import { precedenceOf } from '../engine/placement.ts';
import type { FolderHistory, FolderIndex, FolderTransport, GitFolderStatus, Turn } from '../engine/ports.ts';
import { readDamagedManifest } from '../engine/uniteManifests.ts';
import type { ManifestReading } from './manifestReader.ts';

export interface HealerParts {
  readonly transport: FolderTransport;
  readonly index: FolderIndex;
  readonly history: FolderHistory | undefined;
  readonly limits: FolderLimits;
  readonly turn: Turn;
}

export const NOTHING_HEALED: HealSummary = {
  kinds: [],
  written: false,
  entries: 0,
  added: 0,
  removed: 0,
  restored: [],
  notFound: [],
  unmerged: false,
};

/** What looking for chunk files in git's history came to. */
interface Restored {
  readonly restored: readonly string[];
  readonly notFound: readonly string[];
  /** Git could not be asked. */
  readonly failure: EngramError | undefined;
}

const NOTHING_RESTORED: Restored = { restored: [], notFound: [], failure: undefined };

/** Faults of the manifest that a repair mends; what else keeps it from being read is for a person. */
function isRepairable({ code }: EngramError): boolean {
  return code === 'manifest-conflict' || code === 'manifest-invalid';
}

/** A repair that the state still tells of. */
export interface LastRepair {
  readonly summary: HealSummary;
  readonly atMs: number;
}

/** The facts that a repair is decided by. */
export function healingInput(
  reading: ManifestReading,
  chunks: readonly ScannedChunk[],
  git: { readonly status: GitFolderStatus | undefined; readonly isBusy: boolean },
): HealingInput {
  const { file, error, known, isEmpty } = reading;
  const uncommitted = git.status && new Set(git.status.uncommittedChunks);
  return { file, error, known, isEmpty, chunks, uncommitted, isBusy: git.isBusy };
}

/** What a newer release has written is not ours to repair. */
export function isOfNewerRelease({ known }: ManifestReading): boolean {
  return known.version > NEWEST_MANIFEST_VERSION;
}

/** Repairs manifest and chunk files of one folder, under its lock: chunks first, then the manifest. Never touches git's index. */
export class FolderHealer {
  readonly #parts: HealerParts;

  constructor(parts: HealerParts) {
    this.#parts = parts;
  }

  /**
   * @throws {EngramError} disk-full, read-only, lock-lost, cancelled; where somebody has asked also what kept a repair from looking: the
   * manifest cannot be opened, or git failed and nothing else was repaired
   */
  async heal(mode: HealMode, reading: ManifestReading, input: HealingInput): Promise<HealSummary> {
    if (isOfNewerRelease(reading)) return NOTHING_HEALED;
    if (mode === 'asked' && reading.error && !isRepairable(reading.error)) throw reading.error;
    const kinds = kindsFor(mode, input);
    const { restored, notFound, failure } = kinds.some(isOfFiles) ? await this.#restore(wantedFiles(input.chunks)) : NOTHING_RESTORED;
    const written = kinds.some((kind) => !isOfFiles(kind)) ? await this.#writeManifest(mode, reading, input) : undefined;
    if (failure && !written?.written) throw failure;
    return {
      ...NOTHING_HEALED,
      ...written,
      kinds: kinds.filter((kind) => (isOfFiles(kind) ? restored.length > 0 : written?.written)),
      restored,
      notFound,
      unmerged: reading.isUnmerged,
    };
  }

  async #writeManifest(
    mode: HealMode,
    { file, known }: ManifestReading,
    input: HealingInput,
  ): Promise<Pick<HealSummary, 'written' | 'entries' | 'added' | 'removed'>> {
    const { transport, index } = this.#parts;
    const additions = await this.#entriesOf(listableIn(mode, input));
    const healed = healedManifest(known, additions, precedenceOf(index.allHoldings()));
    const before = await transport.readManifestBytes().catch(() => undefined);
    const written = !before || Buffer.compare(before, encodeManifest(healed)) !== 0;
    if (written) await transport.writeManifest(healed);
    const there = new Set((file?.chunks ?? []).map(({ id }) => id));
    const added = file ? healed.chunks.filter(({ id }) => !there.has(id)).length : 0;
    return { written, entries: healed.chunks.length, added, removed: (file?.chunks.length ?? 0) - there.size };
  }

  /** As the team knew the entry once; else what can be told from the chunk. */
  async #entriesOf(chunks: readonly ScannedChunk[]): Promise<ChunkEntry[]> {
    const remembered = await this.#remembered(chunks.filter(({ indexed }) => !indexed?.createdBy).map(({ id }) => id));
    return chunks.flatMap((chunk) => entryOf(chunk, remembered.get(chunk.id)) ?? []);
  }

  async #remembered(ids: readonly ChunkId[]): Promise<ReadonlyMap<ChunkId, ChunkEntry>> {
    const found = new Map<ChunkId, ChunkEntry>();
    const wanted = new Set(ids);
    if (wanted.size === 0 || !this.#parts.history) return found;
    try {
      for await (const bytes of this.#parts.history.manifestVersions()) {
        for (const entry of readDamagedManifest(bytes).chunks) if (wanted.delete(entry.id)) found.set(entry.id, entry);
        if (wanted.size === 0) break;
        await this.#parts.turn();
      }
    } catch (error) {
      if (!EngramError.is(error, 'git-failed')) throw error;
    }
    return found;
  }

  /** Where git fails nothing is known of its history, so no chunk is said not to be in it. */
  async #restore(wanted: readonly ScannedChunk[]): Promise<Restored> {
    let versions: ReadonlyMap<ChunkId, readonly string[]>;
    try {
      versions = (await this.#parts.history?.chunkVersions(wanted.map(({ id }) => id))) ?? new Map();
    } catch (error) {
      if (!EngramError.is(error, 'git-failed')) throw error;
      return { ...NOTHING_RESTORED, failure: error };
    }
    const restored: string[] = [];
    const notFound: string[] = [];
    for (const chunk of wanted) {
      await this.#parts.turn();
      const outcome = await this.#restoreOne(chunk, versions.get(chunk.id) ?? []);
      if (outcome !== 'same') (outcome === 'written' ? restored : notFound).push(chunk.id);
    }
    return { restored, notFound, failure: undefined };
  }

  /** `same`: the file is what it always was, so no version of it can be better. */
  async #restoreOne(chunk: ScannedChunk, oids: readonly string[]): Promise<'written' | 'same' | 'not-found'> {
    const { transport, history, limits } = this.#parts;
    for (const oid of oids) {
      const packed = await history?.readVersion(oid, limits.maxChunkBytes);
      const outcome = packed && (await transport.restoreChunk(chunk.id, packed, (json) => isContentOf(chunk, json)));
      if (outcome === 'written' || outcome === 'same') return outcome;
    }
    return 'not-found';
  }
}

/** By the hash in its name, else by the hash of what was imported once; a name that claims nothing takes any chunk. */
async function isContentOf({ id, indexed }: ScannedChunk, json: Uint8Array): Promise<boolean> {
  const sha256 = sha256Hex(json);
  if (isHashId(id)) return sha256.startsWith(id.toLowerCase());
  if (indexed) return indexed.sha256 === sha256;
  return decodeChunk(json).then(
    () => true,
    () => false,
  );
}
