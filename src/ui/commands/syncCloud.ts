import { commands, l10n, window } from 'vscode';
import type { FolderSession } from '../../host/session.ts';
import { cloudSyncText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { askBeforeSharing } from './askSharing.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.syncCloud`: fetches what the team has sent, then sends what is new, in one folder. */
export async function syncCloud(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session || !(await mustBeConnected(context, session)) || !(await askBeforeSharing(context, session))) return;
  const summary = await longRun(l10n.t('Syncing with the cloud'), (call) => session.requests.cloudSync({}, call), 'engram.cloud');
  window.setStatusBarMessage(l10n.t('Engram cloud: {0}', cloudSyncText(l10n.t, summary)), 5_000);
  const [problem] = summary.imported.problems;
  if (problem) context.log.warn(`cloud: ${problem.code}, ${summary.imported.problems.length} in all`);
}

/** Commands can be called where menus hide them: leads to what has to come first. @returns whether to go on */
export async function mustBeConnected({ sessions }: CommandContext, session: FolderSession): Promise<boolean> {
  if (sessions.cloud.isConnected) return true;
  await commands.executeCommand('engram.connectCloud', { kind: 'folder', root: session.root.toString() });
  return false;
}
