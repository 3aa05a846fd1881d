import { l10n, window } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import { copiedText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.copyMemories`: merges the memories of one database into the other. Changing over never copies by itself. */
export async function copyMemories(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const { live, liveFound } = session.snapshot.state ?? {};
  if (!live && liveFound === undefined) {
    throw new EngramError(
      'not-found',
      l10n.t('There is no database of the Engram program on this machine, so there is nothing to copy from or to.'),
    );
  }
  const items = [
    {
      label: l10n.t('From This Folder to the Engram Program'),
      detail: l10n.t('All memories here, so that agents find them.'),
      to: 'live' as const,
    },
    {
      label: l10n.t('From the Engram Program to This Folder'),
      detail: l10n.t('Those of this folder’s project, personal ones too. They stay on this machine.'),
      to: 'workspace' as const,
    },
  ];
  const picked = await window.showQuickPick(items, {
    placeHolder: l10n.t('Copy which memories? The later version of each wins, nothing is deleted.'),
  });
  if (!picked) return;
  const summary = await longRun(l10n.t('Copying memories'), (call) => session.requests.copyMemories({ to: picked.to }, call));
  window.setStatusBarMessage(copiedText(l10n.t, summary), 5_000);
}
