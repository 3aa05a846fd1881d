import type { EngramErrorCode } from './errors.ts';
import type { ExportSummary, FolderProblem, ImportSummary } from './folderState.ts';
import type { TransportScan } from './transportScan.ts';

/** What one export wrote (Go `sync.SyncResult`). */
export interface SyncResult {
  /** The first of {@link chunkIds}; absent when nothing was new. */
  readonly chunkId?: string;
  /** What the Go program writes into one chunk of any size is split at about 4 MiB here. */
  readonly chunkIds: readonly string[];
  readonly sessionsExported: number;
  readonly observationsExported: number;
  readonly promptsExported: number;
  readonly mutationsExported: number;
  readonly isEmpty: boolean;
  /** What was not sent, or not all of it; only the cloud has such. */
  readonly problems?: readonly ChunkProblem[];
}

/** What one import brought (Go `sync.ImportResult`). */
export interface ImportResult {
  readonly chunksImported: number;
  /** Known before, or listed and not there yet; the latter are among the problems as well. */
  readonly chunksSkipped: number;
  /** Rows that were not there before; edits and deletes of known ones are not counted. */
  readonly sessionsImported: number;
  readonly observationsImported: number;
  readonly promptsImported: number;
  /** Changes of memories of other projects, which a chunk may not make; absent where there were none. */
  readonly heldBack?: number;
  /** What could not be used. None of it held up the rest. */
  readonly problems: readonly ChunkProblem[];
}

/** Why something could not be imported. */
export interface ChunkProblem {
  /** `''` where the manifest is meant, or the database. */
  readonly chunkId: string;
  readonly code: EngramErrorCode;
  /** What happened, what is safe, what to do next. Holds nothing of the chunk's text. */
  readonly message: string;
}

/** How a place of chunks and the memories stand to each other (Go `(*Syncer).Status`). */
export interface SyncStatus {
  /** Chunks of this place that the memories have. Go counts those of every place that the database ever saw. */
  readonly localChunks: number;
  /** Chunks that the manifest lists, each once. */
  readonly remoteChunks: number;
  /** Chunks, listed or only there, that the memories do not have, whether they can be imported now or not. */
  readonly pendingImport: number;
}

export const NOTHING_IMPORTED: ImportResult = {
  chunksImported: 0,
  chunksSkipped: 0,
  sessionsImported: 0,
  observationsImported: 0,
  promptsImported: 0,
  problems: [],
};

export function toSyncResult(summary: ExportSummary): SyncResult {
  const { chunkIds } = summary;
  const [chunkId] = chunkIds;
  return {
    ...(chunkId !== undefined && { chunkId }),
    chunkIds,
    sessionsExported: summary.sessions,
    observationsExported: summary.memories,
    promptsExported: summary.prompts,
    mutationsExported: summary.mutations,
    isEmpty: chunkIds.length === 0,
  };
}

/**
 * @param before the scan that the import began with.
 * @param chunksImported chunks that the memories had not recorded before and have now.
 */
export function toImportResult(before: TransportScan, summary: ImportSummary, chunksImported: number): ImportResult {
  const seen = before.chunks.flatMap(({ id, problem }) => (problem ? [{ chunkId: id, code: problem.code, message: problem.message }] : []));
  const problems: readonly ChunkProblem[] = [...manifestProblems(before), ...seen, ...summary.problems.map(chunkProblem)];
  const faulty = problems.filter(({ chunkId, code }) => chunkId !== '' && code !== 'chunk-missing').length;
  const unlisted = before.chunks.filter(({ entry }) => entry === undefined).length;
  return {
    chunksImported,
    chunksSkipped: before.manifest.chunks.length + unlisted - chunksImported - faulty,
    sessionsImported: summary.sessions,
    observationsImported: summary.memories,
    promptsImported: summary.prompts,
    ...(summary.heldBack !== undefined && { heldBack: summary.heldBack }),
    problems,
  };
}

export function toSyncStatus({ chunks }: TransportScan, recorded: ReadonlySet<string>): SyncStatus {
  const localChunks = chunks.filter(({ id }) => recorded.has(id)).length;
  return {
    localChunks,
    remoteChunks: chunks.filter(({ entry }) => entry !== undefined).length,
    pendingImport: chunks.length - localChunks,
  };
}

function manifestProblems({ manifest, manifestProblem }: TransportScan): readonly ChunkProblem[] {
  const unusable = manifest.unusable ?? [];
  return [
    ...(manifestProblem ? [{ chunkId: '', code: manifestProblem.code, message: manifestProblem.message }] : []),
    ...unusable.map(({ index, reason }): ChunkProblem => {
      return { chunkId: '', code: 'manifest-invalid', message: `Entry ${index + 1} of manifest.json cannot be used: ${reason}` };
    }),
  ];
}

export function chunkProblem({ code, message, subject = '' }: FolderProblem): ChunkProblem {
  return { chunkId: subject, code, message };
}
