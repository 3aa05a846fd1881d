import type { FileTransport } from '../adapters/chunkFolder.ts';
import type { GitCommand } from '../adapters/git.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { sha256Hex } from '../engine/chunkCodec.ts';
import { type ScannedChunk, scanChunks } from '../engine/chunkScan.ts';
import { versionKey } from '../engine/chunkVersions.ts';
import { CloneComparison, KnownHolders } from '../engine/doctorClone.ts';
import { databaseFindings, stateFindings } from '../engine/doctorDatabase.ts';
import { fileFindings, textFinding } from '../engine/doctorFiles.ts';
import { stopFindings } from '../engine/doctorOlder.ts';
import { relationFindings } from '../engine/doctorRelations.ts';
import { rowFindings } from '../engine/doctorRows.ts';
import { EngramError } from '../engine/errors.ts';
import { examineChunk } from '../engine/examineChunk.ts';
import type { ExaminedChunk, FolderExam } from '../engine/folderExam.ts';
import type { CallContext, FolderOptions } from '../engine/folderRequests.ts';
import type { FolderState } from '../engine/folderState.ts';
import { type CloneAnswer, type HealthFinding, type HealthReport, sortFindings } from '../engine/health.ts';
import { latestDeletion } from '../engine/held.ts';
import { checkHash, isChunkFault } from '../engine/importer.ts';
import type { ChunkId } from '../engine/manifest.ts';
import { unpackSession } from '../engine/merge.ts';
import type { FolderIndex, Turn } from '../engine/ports.ts';
import type { RelationRecord } from '../engine/records.ts';
import type { FolderEnvironment } from '../openFolder.ts';
import { databaseFacts } from '../store/databaseFacts.ts';
import type { FolderDatabases, OpenDatabases } from './databases.ts';
import { findingsOf } from './folderStates.ts';
import { type FreshClone, freshClone } from './freshClone.ts';
import { listingOf, readManifestWhole } from './manifestReader.ts';

export interface DoctorParts {
  readonly options: FolderOptions;
  readonly databases: FolderDatabases;
  readonly environment: FolderEnvironment;
  readonly transport: FileTransport;
  readonly git: GitCommand | undefined;
  readonly turn: Turn;
  readonly context: CallContext;
}

/** Gathers what the rules of the engine ask for: reads every chunk, the database and git, and changes nothing. */
export class Doctor {
  readonly #parts: DoctorParts;

  constructor(parts: DoctorParts) {
    this.#parts = parts;
  }

  /**
   * @param state of the folder; `undefined` where its database is damaged
   * @throws {EngramError} cancelled, git-failed, io-failed
   */
  async examine(state: FolderState | undefined): Promise<HealthReport> {
    const open = state ? await this.#open(state) : undefined;
    const exam = await this.examineFolder(open);
    const clone = await this.#clone(exam, open);
    const facts = open ? databaseFindings(databaseFacts(open.memoryDatabase), waitingRelations(open.index), open.live) : [];
    const findings = [
      ...clone.findings,
      ...fileFindings(exam),
      ...((await this.#parts.git?.changesChunks()) ? [textFinding()] : []),
      ...stopFindings(exam),
      ...relationFindings(exam),
      ...rowFindings(exam),
      ...(state ? stateFindings(state) : [damagedDatabase()]),
      ...facts,
    ];
    return { findings: sortFindings(findings), clone: clone.answer, chunks: exam.chunks.length };
  }

  /** Every chunk read and weighed, whatever was known of it before. */
  async examineFolder(open: OpenDatabases | undefined): Promise<FolderExam> {
    const { transport, context, git } = this.#parts;
    const isUnmerged = (await git?.folderStatus())?.manifestUnmerged ?? false;
    const reading = await readManifestWhole({ transport, history: git?.history, isUnmerged });
    const files = await transport.listChunks();
    const scanned = scanChunks({
      manifest: listingOf(reading, files),
      files,
      indexed: open?.index.chunks() ?? new Map(),
      recorded: open?.store.importedChunks() ?? new Set(),
      undone: open?.store.undoneChunks() ?? new Set(),
      problems: new Map(),
    });
    const chunks: ExaminedChunk[] = [];
    for (const [done, chunk] of scanned.entries()) {
      context.onProgress?.({ phase: 'reading', done, total: scanned.length });
      chunks.push(await this.#examine(chunk));
    }
    const problems = reading.error ? findingsOf(reading.error, []) : [];
    return { manifest: reading.error ? undefined : reading.file, problems, chunks, nowMs: systemClock.now() };
  }

  async #examine(chunk: ScannedChunk): Promise<ExaminedChunk> {
    const { transport, environment, turn } = this.#parts;
    if (!chunk.file || chunk.file.problem) return { chunk, exam: undefined };
    if (environment.quarantined(chunk.id)) return { chunk: { ...chunk, state: 'unreadable', waiting: false }, exam: undefined };
    environment.onReading(chunk.id);
    try {
      const bytes = await transport.readChunk(chunk.id);
      const exam = await examineChunk(bytes, turn);
      return { chunk: { ...chunk, ...alteration(chunk.id, bytes) }, exam };
    } catch (error) {
      if (!isChunkFault(error)) throw error;
      return { chunk: { ...chunk, state: 'unreadable', waiting: false, problem: error }, exam: undefined };
    } finally {
      environment.onReading(undefined);
    }
  }

  async #open({ database }: FolderState): Promise<OpenDatabases | undefined> {
    const isOpen = database === 'ok' || database === 'rebuilt' || database === 'newer' || database === 'foreign';
    return isOpen ? this.#parts.databases.open() : undefined;
  }

  async #clone(
    exam: FolderExam,
    open: OpenDatabases | undefined,
  ): Promise<{ readonly answer: CloneAnswer; readonly findings: readonly HealthFinding[] }> {
    if (!open || isEmpty(open)) return { answer: { source: 'none', compared: 0, lost: 0, personal: 0 }, findings: [] };
    const { git, options, transport, turn } = this.#parts;
    const committed = await git?.committedTree(options.limits);
    const upstream = await git?.upstreamTree(options.limits);
    const hasNews = upstream !== undefined && upstream.fingerprint !== committed?.fingerprint;
    const clones: FreshClone[] = [];
    try {
      const source = git ? committed : transport;
      const clone = source ? await freshClone(source, this.#parts) : await this.#parts.databases.scratch();
      clones.push(clone);
      const remote = hasNews ? await freshClone(upstream, this.#parts) : undefined;
      if (remote) clones.push(remote);
      const comparison = new CloneComparison({
        local: open,
        clone,
        remote,
        holders: await this.#holders(exam, open),
        committed: git && (committed?.chunkIds() ?? new Set()),
        onDisk: new Set(exam.chunks.filter(({ chunk }) => chunk.file).map(({ chunk }) => chunk.id)),
        listed: new Set(exam.chunks.filter(({ chunk }) => chunk.entry).map(({ chunk }) => chunk.id)),
        includePersonal: options.includePersonal,
        turn,
      });
      const { answer, findings } = await comparison.run();
      return { answer: { ...answer, source: git ? (remote ? 'remote' : 'commit') : 'folder' }, findings };
    } finally {
      for (const clone of clones) clone.close();
    }
  }

  async #holders(exam: FolderExam, { index }: OpenDatabases): Promise<KnownHolders> {
    const holders = new KnownHolders();
    const read = new Set<ChunkId>();
    for (const { chunk, exam: found } of exam.chunks) {
      if (!found) continue;
      read.add(chunk.id);
      for (const [key, order] of found.versions.orders) holders.addRow(chunk.id, key, order);
      for (const { version } of found.versions.sessions.values()) holders.addSession(chunk.id, version);
    }
    for (const { chunkId, entity, key, order, json } of index.allHoldings()) {
      if (read.has(chunkId)) continue;
      if (entity === 'session') holders.addSession(chunkId, unpackSession(json));
      else holders.addRow(chunkId, versionKey(entity, key), order);
      await this.#parts.turn();
    }
    return holders;
  }
}

/** A relation of a deleted memory waits for nobody: it is kept for the case that somebody edits the memory after all. */
function waitingRelations(index: FolderIndex): RelationRecord[] {
  const isDeleted = (key: string): boolean => latestDeletion(index.holdings('observation', key)) !== undefined;
  return index.deferredRelations().filter(({ sourceId, targetId }) => !isDeleted(sourceId) && !isDeleted(targetId));
}

function asEngramError(error: unknown): EngramError {
  if (EngramError.is(error)) return error;
  throw error;
}

function alteration(id: ChunkId, bytes: Uint8Array): Pick<ScannedChunk, 'state' | 'waiting' | 'problem'> | undefined {
  try {
    checkHash(id, sha256Hex(bytes));
    return undefined;
  } catch (error) {
    return { state: 'altered', waiting: false, problem: asEngramError(error) };
  }
}

function isEmpty({ store }: OpenDatabases): boolean {
  for (const rows of [store.sessions(), store.observations(), store.prompts(), store.promptTombstones()])
    for (const _row of rows) return false;
  return true;
}

function damagedDatabase(): HealthFinding {
  return {
    code: 'database-problem',
    severity: 'error',
    sentence: 'engram.db is damaged and cannot be opened. The chunks are safe; memories that were never shared are only in that file.',
    subject: 'engram.db',
    items: [],
    more: 0,
    fix: {
      kind: 'command',
      command: 'engram.syncNow',
      text: 'Sync: the file is kept under another name, and a new one is built from the chunks.',
    },
  };
}
