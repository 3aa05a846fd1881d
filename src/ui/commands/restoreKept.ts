import { l10n, window } from 'vscode';
import type { FolderSession } from '../../host/session.ts';
import { restoredText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/**
 * `engram.restoreKept`: brings back memories, edits and deletions that were never shared and that the database has lost, after `git clean`
 * for example, or throws the copy of them away.
 */
export async function restoreKept(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const count = session.snapshot.state?.kept ?? 0;
  if (count === 0) {
    await window.showInformationMessage(l10n.t('Nothing is kept aside: the database has everything.'));
    return;
  }
  const restore = { label: l10n.t('Restore'), detail: l10n.t('They come back into the database, and the next sync shares them.') };
  const discard = { label: l10n.t('Discard…'), detail: l10n.t('The copy is deleted. They were never shared, so nobody else has them.') };
  const placeHolder = count === 1 ? l10n.t('1 change was kept aside') : l10n.t('{0} changes were kept aside', count);
  const picked = await window.showQuickPick([restore, discard], { placeHolder });
  if (picked === restore) await bringBack(session);
  else if (picked === discard) await throwAway(session, count);
}

async function bringBack(session: FolderSession): Promise<void> {
  const summary = await longRun(l10n.t('Restoring memories'), (call) => session.requests.restoreKept(call));
  window.setStatusBarMessage(restoredText(l10n.t, summary), 5_000);
}

async function throwAway(session: FolderSession, count: number): Promise<void> {
  const confirm = l10n.t('Discard');
  const question = count === 1 ? l10n.t('Discard 1 change for good?') : l10n.t('Discard {0} changes for good?', count);
  const detail = l10n.t('They were never shared, so nobody else has them.');
  if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  await session.requests.discardKept();
}
