import type { FolderProblem, FolderState, ImportSummary } from '../engine/folderState.ts';
import { visible } from '../engine/readable.ts';
import { healingLines } from './healCommands.ts';

/** What `status` prints, for people. Texts of teammates are made visible, one line each; so in the others. */
export function statusLines(state: FolderState): string[] {
  if (state.folder !== 'ok') return [FOLDER_SENTENCE[state.folder]];
  const { chunkTotals: chunks, toShare, totals } = state;
  const share = toShare.memories + toShare.prompts + toShare.edits + toShare.deletes + toShare.relations;
  return [
    ...(state.manifest === 'absent' ? ['There is no manifest.json; the chunks that are here can be imported.'] : []),
    `Chunks:          ${chunks.all} (${chunks.waiting} to import, ${chunks.missing} missing, ${chunks.altered + chunks.unreadable} not usable)`,
    `To share:        ${share} (${toShare.personal} personal stay here, ${toShare.heldBack} held back)`,
    `Memories here:   ${totals.observations} in ${totals.sessions} sessions, ${totals.prompts} prompts, ${totals.relations} relations`,
    ...(state.git.ignored ? ['Git ignores this folder, so nothing in it is shared.'] : []),
    ...(state.git.uncommitted > 0 ? [`Not committed:   ${state.git.uncommitted} (commit .engram to share them)`] : []),
    ...(state.git.deleted > 0 ? [`Deleted here:    ${state.git.deleted} chunks that git has (git restore .engram brings them back)`] : []),
    ...healingLines(state),
    ...problemLines(state.problems),
  ];
}

const FOLDER_SENTENCE: Readonly<Record<Exclude<FolderState['folder'], 'ok'>, string>> = {
  absent: 'There is no .engram folder here.',
  'absent-on-branch': 'This branch has no .engram folder, another branch has one.',
  foreign: 'The .engram folder here belongs to another tool.',
  'not-a-folder': '.engram is a file or a link, not a folder.',
};

/** What was imported, and what could not be. */
export function importLines(summary: ImportSummary): string[] {
  const { chunks, memories, sessions, prompts, relations, edits, deletes } = summary;
  const nothing = chunks + memories + sessions + prompts + relations + edits + deletes === 0;
  const line = nothing
    ? 'Nothing new to import.'
    : `Imported ${chunks} chunks: ${memories} memories, ${sessions} sessions, ${prompts} prompts, ${relations} relations, ${edits} changed, ${deletes} deleted.`;
  return [line, ...problemLines(summary.problems)];
}

/** What was written, and what is left to the person. */
export function exportLines(summary: {
  chunkIds: readonly string[];
  memories: number;
  sessions: number;
  prompts: number;
  mutations: number;
  personal: number;
}): string[] {
  if (summary.chunkIds.length === 0) return ['Nothing new to export.'];
  const counts = `${summary.memories} memories, ${summary.sessions} sessions, ${summary.prompts} prompts, ${summary.mutations} changes`;
  return [`Exported ${summary.chunkIds.join(', ')}: ${counts}.`, 'Commit .engram to share them.'];
}

function problemLines(problems: readonly FolderProblem[]): string[] {
  return problems.map((problem) => visible(`! ${problem.message} [${problem.code}]`).replaceAll('\n', ' '));
}
