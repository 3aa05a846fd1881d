import { l10n, window } from 'vscode';
import { importText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';
import { goesThroughProgram, syncThroughProgram } from './throughProgram.ts';

/** `engram.importPending`: everything that waits in one folder. */
export async function importPending(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  if (goesThroughProgram(session)) return syncThroughProgram(context, session, 'import');
  const summary = await longRun(l10n.t('Importing memories'), (call) => session.requests.importChunks({}, call));
  window.setStatusBarMessage(importText(l10n.t, [summary]), 5_000);
}
