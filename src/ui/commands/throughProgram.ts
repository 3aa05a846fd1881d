import { l10n, window } from 'vscode';
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
  if (hasNothingToDo(preview)) {
    window.setStatusBarMessage(l10n.t('Engram: nothing new'), 5_000);
    return;
  }
  const keepsPrompts = context.sessions.memoryChoice(session).share === 'without-prompts';
  const { question, detail, canImport } = programQuestion(l10n.t, preview, keepsPrompts);
  const [importOnly, share] = [l10n.t('Import Only'), canImport ? l10n.t('Import and Share') : l10n.t('Share')];
  const offered = [...(canImport ? [importOnly] : []), ...(only === 'import' ? [] : [share])];
  const answer = await window.showWarningMessage(question, { modal: true, detail }, ...offered);
  if (answer !== importOnly && answer !== share) return;
  const summary = await longRun(l10n.t('Syncing with the engram program'), (call) =>
    session.requests.programSync({ share: answer === share }, call),
  );
  await tell(context, programResult(l10n.t, summary));
}

async function tell({ log }: CommandContext, { text, isWarning }: ReturnType<typeof programResult>): Promise<void> {
  if (!isWarning) {
    window.setStatusBarMessage(l10n.t('Engram: {0}', text), 8_000);
    return;
  }
  const showTheLog = l10n.t('Show Log');
  if ((await window.showWarningMessage(text, showTheLog)) === showTheLog) log.show();
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
