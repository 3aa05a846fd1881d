import { loadSqlJs } from '../adapters/sqlJs.ts';
import { ChunkApplier } from '../engine/applyChunk.ts';
import { chunkVersions } from '../engine/chunkVersions.ts';
import { ChunkBuilder } from '../engine/exportChunks.ts';
import { ExportPlanner } from '../engine/exportPlan.ts';
import type { CopyOptions } from '../engine/folderRequests.ts';
import type { ImportSummary } from '../engine/folderState.ts';
import { HeldVersions } from '../engine/heldVersions.ts';
import type { Turn, WriteGuard } from '../engine/ports.ts';
import type { ChunkData } from '../engine/records.ts';
import type { FolderEnvironment } from '../openFolder.ts';
import { type DatabasePaths, FolderDatabases, type OpenDatabases } from './databases.ts';
import { readOnlyDatabase } from './refusals.ts';

export interface CopyParts {
  readonly environment: FolderEnvironment;
  readonly paths: Readonly<Record<CopyOptions['to'], DatabasePaths>>;
  /** The project whose memories are copied out of the live database. */
  readonly project: string;
  readonly turn: Turn;
  readonly guard: WriteGuard;
}

/**
 * Merges the memories of one database into another, as an import of a chunk with all of them would: the later version of a memory wins, nothing is
 * deleted. Both are opened anew, so whoever has one open sees the change at the next look.
 *
 * @throws {EngramError} those of opening and writing; store-foreign, store-newer where the target is read-only
 */
export async function copyMemories(to: CopyOptions['to'], parts: CopyParts): Promise<ImportSummary> {
  const { paths, turn, guard } = parts;
  const source = databasesAt(to === 'live' ? paths.workspace : paths.live, parts);
  const target = databasesAt(paths[to], parts);
  try {
    const data = await allOf(await source.open(undefined, turn), to === 'live' ? undefined : parts.project, turn);
    const open = await target.open(guard, turn);
    if (!open.writable) throw readOnlyDatabase(open);
    const applied = await mergedInto(open, data, turn);
    await target.save(guard);
    return applied;
  } finally {
    source.close();
    target.close();
  }
}

/** Without an index of its own: what stands in chunks or not makes no difference here. */
function databasesAt(paths: DatabasePaths, { environment }: CopyParts): FolderDatabases {
  return new FolderDatabases({ ...paths, index: undefined }, () => loadSqlJs(environment.wasmPath), environment.findNative);
}

async function allOf({ store, index }: OpenDatabases, project: string | undefined, turn: Turn): Promise<readonly ChunkData[]> {
  const held = await HeldVersions.load(index, new Set(), new Set(), turn);
  const plan = await new ExportPlanner({ store, index, held }, { project, includePersonal: true, includeDeleted: false }).plan(turn);
  return new ChunkBuilder({ store, index }, plan).build(plan, Number.POSITIVE_INFINITY);
}

async function mergedInto({ store, index }: OpenDatabases, parts: readonly ChunkData[], turn: Turn): Promise<ImportSummary> {
  const sum = { sessions: 0, memories: 0, prompts: 0, relations: 0, edits: 0, deletes: 0 };
  for (const part of parts) {
    const versions = await chunkVersions(part, turn);
    const applied = await index.transaction(() => store.inPieces((pause) => new ChunkApplier(store, index).apply(versions, pause), turn));
    sum.sessions += applied.sessions;
    sum.memories += applied.memories;
    sum.prompts += applied.prompts;
    sum.relations += applied.relations;
    sum.edits += applied.edits;
    sum.deletes += applied.deletes;
  }
  return { ...sum, chunks: 0, authors: [], problems: [] };
}
