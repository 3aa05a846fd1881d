import { l10n, window } from 'vscode';
import { restoredText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.restoreKept`: brings back memories that were never shared and that the database has lost, after `git clean` for example. */
export async function restoreKept(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const summary = await longRun(l10n.t('Restoring memories'), (call) => session.requests.restoreKept(call));
  window.setStatusBarMessage(restoredText(l10n.t, summary), 5_000);
}
