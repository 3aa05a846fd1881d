import type { ScannedChunk } from '../engine/chunkScan.ts';
import { EngramError } from '../engine/errors.ts';
import type { ExportPlan } from '../engine/exportPlan.ts';
import { problemFrom } from '../engine/folderProblem.ts';
import {
  type ChunkRow,
  type ChunkTotals,
  type FolderProblem,
  type FolderState,
  MAX_CHUNK_ROWS,
  type ManifestKind,
  type ToShare,
} from '../engine/folderState.ts';
import { instantOf } from '../engine/goTime.ts';
import { type Manifest, NEWEST_MANIFEST_VERSION } from '../engine/manifest.ts';
import type { GitFolderStatus } from '../engine/ports.ts';

/** Pure: turns what was found into the state that views draw. */

export const NO_TOTALS: FolderState['totals'] = { sessions: 0, observations: 0, prompts: 0, relations: 0 };
export const NOTHING_TO_SHARE: ToShare = {
  memories: 0,
  prompts: 0,
  sessions: 0,
  relations: 0,
  edits: 0,
  deletes: 0,
  personal: 0,
  noLongerShared: 0,
  heldBack: 0,
};
export const NO_GIT: FolderState['git'] = { available: false, branch: '', ignored: false, uncommitted: 0, deleted: 0 };

export function emptyState(root: string, mode: FolderState['mode']): FolderState {
  return {
    root,
    mode,
    folder: 'absent',
    manifest: 'absent',
    database: 'none',
    chunks: [],
    chunkTotals: { all: 0, imported: 0, waiting: 0, missing: 0, unreadable: 0, altered: 0, uncommitted: 0 },
    toShare: NOTHING_TO_SHARE,
    totals: NO_TOTALS,
    git: NO_GIT,
    kept: 0,
    problems: [],
  };
}

export function manifestKind(manifest: Manifest | EngramError): ManifestKind {
  if (!(manifest instanceof EngramError)) {
    if (manifest.absent) return 'absent';
    return manifest.version > NEWEST_MANIFEST_VERSION ? 'newer' : 'ok';
  }
  switch (manifest.code) {
    case 'manifest-conflict':
      return 'conflict';
    case 'manifest-too-large':
      return 'too-large';
    case 'manifest-invalid':
      return 'invalid';
    case 'not-regular-file':
      return 'not-a-file';
    default:
      return 'unreadable';
  }
}

/** Newest first; the ones without a usable time last. */
export function chunkRows(chunks: readonly ScannedChunk[], uncommitted: ReadonlySet<string>, mode: FolderState['mode']): ChunkRow[] {
  const rows = chunks.map((chunk): ChunkRow => {
    const { entry, indexed, problem } = chunk;
    const state = mode === 'browse' && chunk.state === 'pending' ? 'unknown' : chunk.state;
    return {
      id: chunk.id,
      state,
      waiting: mode === 'full' && chunk.waiting,
      createdBy: entry?.createdBy ?? indexed?.createdBy ?? '',
      createdAt: entry?.createdAt ?? indexed?.createdAt ?? '',
      sessions: entry?.sessions ?? indexed?.sessions ?? 0,
      memories: entry?.memories ?? indexed?.memories ?? 0,
      prompts: entry?.prompts ?? indexed?.prompts ?? 0,
      ...(indexed?.exportedHere && { own: true as const }),
      uncommitted: uncommitted.has(chunk.id),
      ...(problem && { problem: { code: problem.code, message: problem.message } }),
    };
  });
  const times = new Map(rows.map((row) => [row.id, instantOf(row.createdAt)]));
  const timeOf = (row: ChunkRow): string => times.get(row.id) ?? '';
  return rows
    .toSorted((a, b) => (timeOf(a) === timeOf(b) ? (a.id < b.id ? -1 : 1) : timeOf(a) < timeOf(b) ? 1 : -1))
    .slice(0, MAX_CHUNK_ROWS);
}

export function chunkTotals(chunks: readonly ScannedChunk[], uncommitted: ReadonlySet<string>): ChunkTotals {
  const count = (test: (chunk: ScannedChunk) => boolean): number => chunks.filter(test).length;
  return {
    all: chunks.length,
    imported: count((chunk) => !chunk.waiting && (chunk.state === 'imported' || chunk.state === 'unlisted')),
    waiting: count((chunk) => chunk.waiting),
    missing: count((chunk) => chunk.state === 'missing'),
    unreadable: count((chunk) => chunk.state === 'unreadable'),
    altered: count((chunk) => chunk.state === 'altered'),
    uncommitted: count((chunk) => uncommitted.has(chunk.id)),
  };
}

export function toShare(plan: ExportPlan): ToShare {
  return {
    memories: plan.observations.length,
    prompts: plan.prompts.length,
    sessions: plan.sessions.length,
    relations: plan.relations.length,
    edits: plan.edits.length,
    deletes: plan.deletes.length,
    personal: plan.personal,
    noLongerShared: plan.noLongerShared.length,
    heldBack: plan.heldBack,
  };
}

/** A manifest alone is worth a commit only where it lists something. */
export function gitState(status: GitFolderStatus | undefined, hasChunks: boolean): FolderState['git'] {
  if (!status) return NO_GIT;
  const deleted = status.deletedChunks.length;
  const uncommitted = status.uncommittedChunks.length || Number(status.manifestUncommitted && hasChunks && deleted === 0);
  const unmerged = status.manifestUnmerged;
  return { available: true, branch: status.branch, ignored: status.ignored, uncommitted, deleted, ...(unmerged && { unmerged }) };
}

const NEXT_STEP: Partial<Record<ManifestKind, string>> = {
  conflict:
    'Git could not merge manifest.json: it has conflict markers, or the entries of one side only. Chunks that are here are still imported; nothing is exported until a repair (Engram: Repair Manifest) has listed those of both sides.',
  invalid:
    'manifest.json cannot be read. Chunks that are here are still imported; nothing is exported until a repair (Engram: Repair Manifest) has written it anew.',
  'too-large':
    'manifest.json is larger than the limit in the settings, so it is not read. Chunks that are here are still imported; nothing is exported.',
  'not-a-file': 'manifest.json is a link or a folder, not a file. It is never followed; nothing is exported until it is replaced.',
  unreadable: 'manifest.json cannot be opened. Check its permissions; nothing was changed.',
  newer: 'manifest.json was written by a newer release. Chunks are imported, nothing is exported: update the extension to share from here.',
};

/** Sentences about the manifest and the chunks, most important first. */
export function findingsOf(manifest: Manifest | EngramError, chunks: readonly ScannedChunk[]): FolderProblem[] {
  const kind = manifestKind(manifest);
  const found: FolderProblem[] = [];
  const sentence = NEXT_STEP[kind];
  if (sentence) {
    const code = manifest instanceof EngramError ? manifest.code : 'store-newer';
    found.push({ code, severity: kind === 'newer' ? 'warning' : 'error', message: sentence, subject: 'manifest.json' });
  }
  if (!(manifest instanceof EngramError)) {
    for (const { index, reason } of manifest.unusable.slice(0, 5)) {
      found.push({
        code: 'manifest-invalid',
        severity: 'warning',
        message: `Entry ${index + 1} of manifest.json cannot be used: ${reason}`,
        subject: 'manifest.json',
      });
    }
  }
  const faults = chunks.filter((chunk) => chunk.problem && chunk.problem.code !== 'chunk-missing').slice(0, 20);
  for (const { problem } of faults) if (problem) found.push(problemFrom(problem));
  return found;
}
