import { l10n, window } from 'vscode';
import type { ProgramSyncOptions } from '../../engine/programSync.ts';
import type { FolderSession } from '../../host/session.ts';
import { hasNothingToDo, pathProblem, programQuestion, programResult } from '../programTexts.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';
import { askText } from './steps.ts';

/** Only the Engram program can write the memories of this folder, and it is there. */
export function goesThroughProgram({ snapshot }: FolderSession): boolean {
  return Boolean(snapshot.state?.program?.path);
}

/**
 * Shows what the program would do, asks, lets it, and tells what it did.
 *
 * @param only `import`: nothing is to leave
 */
export async function syncThroughProgram(context: CommandContext, session: FolderSession, only?: 'import'): Promise<void> {
  const preview = await longRun(l10n.t('Looking at what the engram program would do'), (call) => session.requests.programPreview(call));
  if (only === 'import' ? preview.chunks === 0 : hasNothingToDo(preview)) {
    window.setStatusBarMessage(l10n.t('Engram: nothing new'), 5_000);
    return;
  }
  const keepsPrompts = context.sessions.memoryChoice(session).share === 'without-prompts';
  const { question, detail, canImport } = programQuestion(l10n.t, preview, keepsPrompts);
  const [importOnly, share] = [l10n.t('Import Only'), canImport ? l10n.t('Import and Share') : l10n.t('Share')];
  const offered = [...(canImport ? [importOnly] : []), ...(only === 'import' ? [] : [share])];
  const answer = await window.showWarningMessage(question, { modal: true, detail }, ...offered);
  if (answer !== importOnly && answer !== share) return;
  await run(context, session, { share: answer === share });
}

/** What was agreed to. Where the import stops and sharing was agreed to as well, that can still be had. */
async function run(context: CommandContext, session: FolderSession, options: ProgramSyncOptions): Promise<void> {
  const title = l10n.t('Syncing with the engram program');
  const summary = await longRun(title, (call) => session.requests.programSync(options, call));
  const { text, isWarning } = programResult(l10n.t, summary);
  if (!isWarning) {
    window.setStatusBarMessage(l10n.t('Engram: {0}', text), 8_000);
    return;
  }
  const [shareAnyway, showTheLog] = [l10n.t('Share Anyway'), l10n.t('Show Log')];
  const canShare = options.share === true && summary.stopped?.step === 'import';
  const answer = await window.showWarningMessage(text, ...(canShare ? [shareAnyway] : []), showTheLog);
  if (answer === shareAnyway) await run(context, session, { share: true, skipImport: true });
  if (answer === showTheLog) context.log.show();
}

/** `engram.setProgramPath`: where the program stands on the machine where the extension runs. */
export async function setProgramPath({ sessions }: CommandContext): Promise<void> {
  const answer = await askText({
    title: l10n.t('Path of the Engram Program'),
    step: 1,
    totalSteps: 1,
    value: sessions.all.map(({ snapshot }) => snapshot.state?.program?.path ?? '').find((path) => path !== '') ?? '',
    prompt: l10n.t('Absolute path on the machine where the folder is; empty: look in the folders of PATH'),
    placeholder: '/usr/local/bin/engram',
    problem: (path) => pathProblem(l10n.t, path),
  });
  if (answer !== undefined && answer !== 'back') await sessions.setProgramPath(answer.value.trim());
}
