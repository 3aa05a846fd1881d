import { l10n, window } from 'vscode';
import type { ChunkRow } from '../../engine/folderState.ts';
import { plain } from '../plainText.ts';
import { undoDetail } from '../summaries.ts';
import { chooseChunk, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.undoImport`: what one chunk brought goes again, after a question that says what that is. */
export async function undoImport(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const chosen = await chooseChunk(context, argument, isUndoable);
  if (!chosen) return;
  const { session, id } = chosen;
  const preview = await longRun(l10n.t('Looking at what the chunk brought'), (call) => session.requests.planUndo(id, call));
  const undo = l10n.t('Undo Import');
  const question = l10n.t('Undo the import of chunk {0}?', plain(id));
  if ((await window.showWarningMessage(question, { modal: true, detail: undoDetail(l10n.t, preview) }, undo)) !== undo) return;
  await longRun(l10n.t('Undoing the import'), (call) => session.requests.undoImport(id, call));
  window.setStatusBarMessage(l10n.t('Engram: import of chunk {0} undone', plain(id)), 5_000);
}

/** A chunk that came from somebody else and is in the database. */
function isUndoable({ state, waiting, own }: ChunkRow): boolean {
  return (state === 'imported' || state === 'unlisted') && !waiting && !own;
}
