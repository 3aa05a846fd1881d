import { l10n, window } from 'vscode';
import type { CallContext } from '../../engine/folderRequests.ts';
import type { SyncSummary } from '../../engine/folderState.ts';
import type { FolderSession } from '../../host/session.ts';
import { syncText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { askBeforeSharing } from './askSharing.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { everyFolder } from './everyFolder.ts';
import { longRun } from './longRun.ts';
import { goesThroughProgram, syncThroughProgram } from './throughProgram.ts';

/** `engram.syncNow`: imports, then exports, in one folder: the one of the row, else the palette asks. */
export async function syncNow(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const chosen = await chooseSession(context, targetOf(argument));
  if (!chosen) return;
  if (goesThroughProgram(chosen)) return syncThroughProgram(context, chosen);
  await askBeforeSharing(context, chosen);
  await sync(async (call) => [await chosen.requests.sync({}, call)]);
}

/** `engram.syncAll`: a click on the status bar item syncs every folder of the window. */
export async function syncAll(context: CommandContext): Promise<void> {
  mustBeTrusted(context);
  const isOurs = (session: FolderSession): boolean => !goesThroughProgram(session);
  if (context.sessions.all.some(isOurs)) {
    await everyFolder(context, (session) => askBeforeSharing(context, session), isOurs);
    await sync((call) => everyFolder(context, (session) => session.requests.sync({}, call), isOurs));
  }
  await everyFolder(context, (session) => syncThroughProgram(context, session), goesThroughProgram);
}

async function sync(work: (call: CallContext) => Promise<readonly SyncSummary[]>): Promise<void> {
  const runs = await longRun(l10n.t('Syncing memories'), work);
  window.setStatusBarMessage(syncText(l10n.t, runs), 5_000);
}
