import type { ExportPreview } from '../engine/exportPreview.ts';
import type { ExportSummary, FolderProblem, FolderState, ImportSummary, LiveMemories } from '../engine/folderState.ts';
import { visible } from '../engine/readable.ts';
import { healingLines } from './healCommands.ts';

/** What the command line prints for people; the lines may change. */

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
    ...(state.live ? liveLines(state.live) : []),
    ...healingLines(state),
    ...problemLines(state.problems),
  ];
}

function liveLines({ path, project, heldBack }: LiveMemories): string[] {
  const line = `Live memories:   ${path}, of which those of the project ${project} are shared`;
  if (heldBack.changes === 0) return [visible(line)];
  const ids = heldBack.chunkIds.join(' ');
  return [
    visible(line),
    `Held back:       ${heldBack.changes} changes of memories of other projects. Look at the chunks; to take them: import --other-projects ${ids}`,
  ];
}

const FOLDER_SENTENCE: Readonly<Record<Exclude<FolderState['folder'], 'ok'>, string>> = {
  absent: 'There is no .engram folder here.',
  'absent-on-branch': 'This branch has no .engram folder, another branch has one.',
  foreign: 'The .engram folder here belongs to another tool.',
  'not-a-folder': '.engram is a file or a link, not a folder.',
};

export function importLines(summary: ImportSummary): string[] {
  const { chunks, memories, sessions, prompts, relations, edits, deletes } = summary;
  const nothing = chunks + memories + sessions + prompts + relations + edits + deletes === 0;
  const line = nothing
    ? 'Nothing new to import.'
    : `Imported ${chunks} chunks: ${memories} memories, ${sessions} sessions, ${prompts} prompts, ${relations} relations, ${edits} changed, ${deletes} deleted.`;
  const held = summary.heldBack ?? 0;
  const waiting = held > 0 ? [`${held} changes of memories of other projects were held back (status lists the chunks).`] : [];
  return [line, ...waiting, ...problemLines(summary.problems)];
}

export function exportLines(summary: ExportSummary): string[] {
  if (summary.chunkIds.length === 0) return ['Nothing new to export.'];
  const counts = `${summary.memories} memories, ${summary.sessions} sessions, ${summary.prompts} prompts, ${summary.mutations} changes`;
  return [`Exported ${summary.chunkIds.join(', ')}: ${counts}.`, 'Commit .engram to share them.'];
}

export function previewLines(preview: ExportPreview): string[] {
  const named = (counts: ExportPreview['byType']): string =>
    counts.map(({ name, count }) => `${name || '(none)'} ${count}`).join(', ') || 'none';
  return [
    `Would leave:     ${preview.memories} memories, ${preview.prompts} prompts, ${preview.relations} relations, ${preview.edits} edits, ${preview.deletes} deletions`,
    `By project:      ${named(preview.byProject)}`,
    `By type:         ${named(preview.byType)}`,
    `As:              ${named(preview.byAuthor)}`,
    `Stay here:       ${preview.personal} personal memories`,
  ].map((line) => visible(line).replaceAll('\n', ' '));
}

function problemLines(problems: readonly FolderProblem[]): string[] {
  return problems.map((problem) => visible(`! ${problem.message} [${problem.code}]`).replaceAll('\n', ' '));
}
