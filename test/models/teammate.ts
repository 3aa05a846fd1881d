import { type ModelFolder, type Outcome, outcomeOf, readManifest } from './chunkFolder.ts';
import { type ExportResult, exportNew } from './exportModel.ts';
import { type ImportCounts, importPlain } from './importPlain.ts';
import { importSafe } from './importSafe.ts';
import { emptyDatabase, type Member, type Release } from './member.ts';

/** Go `Syncer.Status`, of a local syncer. */
export interface StatusCounts {
  /** Chunks of all folders that this database ever synced with. */
  readonly local: number;
  readonly remote: number;
  readonly pending: number;
}

/**
 * A teammate with an empty database. Everything random and every time comes from the two functions, so that a simulation can be repeated.
 *
 * @param now milliseconds since 1970.
 */
export function newMember(release: Release, now: () => number, randomHex: (bytes: number) => string): Member {
  return { release, database: emptyDatabase(), now, randomHex };
}

/** `engram sync --import`: changes the member's database, never the folder. */
export function importFolder(member: Member, folder: ModelFolder): Outcome<ImportCounts> {
  return outcomeOf(() => (member.release === 'v1.14.0' ? importPlain(member, folder) : importSafe(member, folder)));
}

/** `engram sync`: writes a chunk and rewrites the manifest, where there is anything new. */
export function exportFolder(member: Member, folder: ModelFolder, by: string, project = ''): Outcome<ExportResult> {
  return outcomeOf(() => exportNew(member, folder, by, project));
}

/** `engram sync --status`. */
export function statusOf(member: Member, folder: ModelFolder): Outcome<StatusCounts> {
  return outcomeOf(() => {
    const { chunks } = readManifest(folder);
    const pending = chunks.filter((entry) => !member.database.chunks.has(entry.id)).length;
    return { local: member.database.chunks.size, remote: chunks.length, pending };
  });
}
