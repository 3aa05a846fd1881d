import { l10n, window } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import { plain } from '../plainText.ts';
import { mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.initialise`: makes `.engram` in a workspace folder that has none. */
export async function initialise(context: CommandContext): Promise<void> {
  const { sessions } = context;
  mustBeTrusted(context);
  await sessions.findFolders();
  const items = sessions.candidates.map(({ folder, root }) => ({ label: plain(folder.name), root }));
  if (items.length === 0) throw new EngramError('not-initialised', nothingToInitialise(context));
  const [only] = items;
  const picked = items.length === 1 ? only : await window.showQuickPick(items, { placeHolder: l10n.t('In which folder?') });
  if (!picked) return;
  await window.withProgress({ location: { viewId: 'engram.chunks' } }, () => sessions.initialise(picked.root));
  window.setStatusBarMessage(l10n.t('Engram: ready. Save a memory to begin'), 5_000);
}

function nothingToInitialise({ sessions }: CommandContext): string {
  return sessions.kind === 'no-folder'
    ? l10n.t('Open a folder first: memories are kept next to the code.')
    : l10n.t('Every folder of this window already has an .engram folder.');
}
