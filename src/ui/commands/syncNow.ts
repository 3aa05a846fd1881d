import { l10n, window } from 'vscode';
import { syncText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { everyFolder } from './everyFolder.ts';
import { longRun } from './longRun.ts';

/** Argument of the status bar item's click. */
export const ALL_FOLDERS = 'all-folders';

/** `engram.syncNow`: imports, then exports. A click on the status bar item does it in every folder, the palette asks in which. */
export async function syncNow(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const chosen = argument === ALL_FOLDERS ? 'all' : await chooseSession(context, targetOf(argument));
  if (!chosen) return;
  const runs = await longRun(l10n.t('Syncing memories'), async (call) =>
    chosen === 'all' ? everyFolder(context, (session) => session.requests.sync({}, call)) : [await chosen.requests.sync({}, call)],
  );
  window.setStatusBarMessage(syncText(l10n.t, runs), 5_000);
}
