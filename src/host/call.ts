import type { CallContext, FolderRequests } from '../engine/folderRequests.ts';
import type { ExportSummary, HealSummary, ImportSummary } from '../engine/folderState.ts';

/** What one request answers. */
export type Answer<Name extends keyof FolderRequests> = Awaited<ReturnType<FolderRequests[Name]>>;

/** Asks the engine for one thing of one folder. Rejections are `EngramError`. */
export type Call = <Name extends keyof FolderRequests>(
  name: Name,
  args: Parameters<FolderRequests[Name]>,
  context?: CallContext,
) => Promise<Answer<Name>>;

/** Counts for the log; never a text that somebody wrote. */
export function describeImport(summary: ImportSummary): string {
  const { chunks, sessions, memories, prompts, relations, edits, deletes, problems } = summary;
  const rows = `${sessions} sessions, ${memories} memories, ${prompts} prompts, ${relations} relations, ${edits} edits, ${deletes} deletes`;
  return `${chunks} chunks imported (${rows}), ${problems.length} problems`;
}

/** Counts for the log; chunk ids are hashes. */
export function describeExport(summary: ExportSummary): string {
  const { chunkIds, sessions, memories, prompts, mutations, personal, heldBack } = summary;
  const rows = `${sessions} sessions, ${memories} memories, ${prompts} prompts, ${mutations} mutations`;
  const home = `${personal} personal and ${heldBack} others stay home`;
  return `${chunkIds.length} chunks written (${rows}; ${home})`;
}

/** Counts for the log. */
export function describeHeal({ kinds, added, removed, restored, notFound }: HealSummary): string {
  const what = kinds.length > 0 ? kinds.join(', ') : 'nothing';
  return `repaired ${what}: ${added} entries added, ${removed} removed, ${restored.length} chunks restored, ${notFound.length} not found`;
}
