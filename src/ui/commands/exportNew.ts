import { l10n, window } from 'vscode';
import { exportText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { askBeforeSharing } from './askSharing.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';
import { goesThroughProgram, syncThroughProgram } from './throughProgram.ts';

/** `engram.exportNew`: writes what the team does not have into a chunk; git is left to the person. */
export async function exportNew(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (session && goesThroughProgram(session)) return syncThroughProgram(context, session);
  if (!session || !(await askBeforeSharing(context, session))) return;
  const summary = await longRun(l10n.t('Exporting memories'), (call) => session.requests.exportNew({}, call));
  window.setStatusBarMessage(exportText(l10n.t, [summary]), 5_000);
}
