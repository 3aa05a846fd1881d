import { l10n, window } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import { plain, SENTENCE_LENGTH } from '../plainText.ts';
import { importText } from '../summaries.ts';
import { type ChosenChunk, chooseChunk, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.importChunk`: one chunk by name. One that was altered after it was written is imported only after a question. */
export async function importChunk(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  await importChosen(await chooseChunk(context, argument));
}

/** `engram.importAgain`: one chunk whose import was undone. */
export async function importAgain(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  await importChosen(await chooseChunk(context, argument, ({ state }) => state === 'undone'));
}

async function importChosen(chosen: ChosenChunk | undefined): Promise<void> {
  if (!chosen || !(await isWanted(chosen))) return;
  const { session, id } = chosen;
  const summary = await longRun(l10n.t('Importing memories'), (call) => session.requests.importChunks({ ids: [id] }, call));
  const [problem] = summary.problems;
  if (summary.chunks === 0 && problem) throw new EngramError(problem.code, plain(problem.message, SENTENCE_LENGTH));
  window.setStatusBarMessage(importText(l10n.t, [summary]), 5_000);
}

async function isWanted({ session, id }: ChosenChunk): Promise<boolean> {
  const chunk = session.snapshot.state?.chunks.find((row) => row.id === id);
  if (chunk?.state !== 'altered') return true;
  const anyway = l10n.t('Import Anyway');
  const detail = l10n.t(
    'Its content does not match its name: somebody changed the file, or git changed its bytes. Read it first with “Open Chunk”.',
  );
  const answer = await window.showWarningMessage(l10n.t('Import the altered chunk {0}?', plain(id)), { modal: true, detail }, anyway);
  return answer === anyway;
}
