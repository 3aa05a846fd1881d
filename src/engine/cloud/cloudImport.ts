import { chunkId } from '../chunkCodec.ts';
import { EngramError } from '../errors.ts';
import { problemFrom } from '../folderProblem.ts';
import type { CallContext } from '../folderRequests.ts';
import type { FolderProblem, ImportSummary } from '../folderState.ts';
import { Importer, type ImporterParts } from '../importer.ts';
import { type ChunkId, isHashId } from '../manifest.ts';
import type { FolderIndex, MemoryStore, Transport } from '../ports.ts';
import { scanTransport, type TransportScan } from '../transportScan.ts';
import { withMethods } from '../withMethods.ts';
import { canonicalizeForProject } from './canonical.ts';
import { CanonicalError } from './canonicalError.ts';
import { cloudPrefix } from './cloudIds.ts';
import type { CloudParts } from './cloudParts.ts';
import { cloudChunkFault, leftOutRecords, otherForm } from './cloudProblems.ts';
import { HttpStatusError } from './httpStatusError.ts';
import { holdJournalledDeletions } from './journalledDeletions.ts';
import { projectIndex, projectStore } from './projectViews.ts';

/** What an import found, and what it did. */
export interface CloudImported {
  /** As it was before. */
  readonly scan: TransportScan;
  readonly summary: ImportSummary;
  /** Chunks that were not recorded before and are now. */
  readonly imported: number;
}

/**
 * Imports the chunks of a project that the server lists, each in one transaction together with the record of it. One that is missing,
 * damaged or holds what this release does not know costs itself alone; the rows of the others are merged by the same rules as the folder's.
 */
export class CloudImporter {
  readonly #parts: CloudParts;
  readonly #store: MemoryStore;
  readonly #index: FolderIndex;

  constructor(parts: CloudParts) {
    this.#parts = parts;
    this.#store = projectStore(parts);
    this.#index = projectIndex(parts);
  }

  /** What the server lists, and how it stands here. */
  scan(): Promise<TransportScan> {
    const known = { indexed: this.#index.chunks(), recorded: this.#store.importedChunks(), undone: new Set<string>(), problems: new Map() };
    return scanTransport(this.#parts.transport, known);
  }

  /**
   * @param ids only these; absent: what waits.
   * @throws {EngramError} cloud-*: the server as a whole refuses or is away; what was imported before stays
   */
  async run(context: CallContext, ids?: ReadonlySet<string>): Promise<CloudImported> {
    const recorded = this.#store.importedChunks();
    await this.#parts.index.transaction(async () => holdJournalledDeletions(this.#parts));
    const scan = await this.scan();
    const others: FolderProblem[] = [];
    const summary = await this.#importer(others).run(scan.chunks, ids, context);
    const chunks = this.#index.chunks();
    const leftOut = scan.chunks.flatMap(({ id, waiting }) => {
      if (!(ids ? ids.has(id) : waiting)) return [];
      const rejected = chunks.get(id)?.rejected ?? 0;
      return rejected > 0 ? [leftOutRecords(id, rejected)] : [];
    });
    const imported = [...this.#store.importedChunks()].filter((id) => !recorded.has(id)).length;
    return { scan, summary: { ...summary, problems: [...summary.problems, ...leftOut, ...others] }, imported };
  }

  /** Reads what the server lists and this index does not know, so that an export knows what is held there. Merges none of it. */
  async learn(): Promise<{ readonly scan: TransportScan; readonly problems: readonly FolderProblem[] }> {
    const [told, faults]: [FolderProblem[], ImporterParts['problems']] = [[], new Map()];
    const scan = await this.scan();
    await this.#importer(told, faults).learn(scan.chunks);
    return { scan, problems: [...[...faults.values()].map(({ error }) => problemFrom(error)), ...told] };
  }

  #importer(others: FolderProblem[], problems: ImporterParts['problems'] = new Map()): Importer {
    const { clock, turn, project } = this.#parts;
    return new Importer({
      transport: this.#reader(others),
      store: this.#store,
      index: this.#index,
      clock,
      turn,
      problems,
      hasOwnForm: true,
      quarantined: () => false,
      onReading: () => undefined,
      checkpoint: this.#parts.save,
      isOfPlace: (id) => id.startsWith(cloudPrefix(project)),
      describe: cloudChunkFault,
    });
  }

  /** A server's hash is that of the chunk's canonical form; the bytes that it sends are its database's. */
  #reader(others: FolderProblem[]): Transport {
    const { transport, project } = this.#parts;
    return withMethods(transport, {
      readChunk: async (id) => {
        const bytes = await readOne(transport, id);
        if (!isInForm(id as ChunkId, bytes, project)) others.push(otherForm(id as ChunkId));
        return bytes;
      },
    });
  }
}

/** A fault that the server has with one chunk is that chunk's; one that any request would meet ends the run. */
async function readOne(transport: Transport, id: string): Promise<Uint8Array> {
  try {
    return await transport.readChunk(id);
  } catch (error) {
    const isOfTheChunk =
      error instanceof HttpStatusError ? error.status === 400 || error.status === 500 : EngramError.is(error, 'cloud-answer');
    if (!isOfTheChunk || !EngramError.is(error)) throw error;
    throw new EngramError('chunk-corrupt', error.message, { subject: id, cause: error });
  }
}

/** A chunk without a canonical form (a relation for v1.14, what is no chunk) cannot be compared. */
function isInForm(id: ChunkId, bytes: Uint8Array, project: string): boolean {
  if (!isHashId(id)) return true;
  try {
    return chunkId(canonicalizeForProject(bytes, project)) === id.toLowerCase();
  } catch (error) {
    if (error instanceof CanonicalError || EngramError.is(error)) return true;
    throw error;
  }
}
