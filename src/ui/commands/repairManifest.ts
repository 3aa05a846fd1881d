import { commands, env, l10n, window } from 'vscode';
import type { HealSummary } from '../../engine/folderState.ts';
import type { FolderSession } from '../../host/session.ts';
import { chunkCount } from '../counts.ts';
import { healedText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

const GIT_ADD = 'git add .engram/manifest.json';

/** `engram.repairManifest`: writes the union of all that is known and looks for missing chunks in git's history. Git's index is the person's. */
export async function repairManifest(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const target = targetOf(argument);
  const inNeed = target ? [] : context.sessions.all.filter(({ snapshot }) => snapshot.state?.healing);
  const chosen = inNeed.length > 0 ? undefined : await chooseSession(context, target);
  const sessions: readonly FolderSession[] = chosen ? [chosen] : inNeed;
  for (const session of sessions) {
    const summary = await longRun(l10n.t('Repairing the manifest'), (call) => session.requests.heal({}, call));
    await tell(summary);
  }
}

/** A step that is left to the person is told in a message that stays; all else in the status bar. */
async function tell(summary: HealSummary): Promise<void> {
  if (summary.unmerged && summary.written) return tellOfGit();
  const notFound = summary.notFound.length;
  if (notFound === 0) {
    window.setStatusBarMessage(healedText(l10n.t, summary), 5_000);
    return;
  }
  void window.showWarningMessage(
    l10n.t(
      'Not in git’s history either: {0}. They stay listed and are imported when their files arrive: ask their authors.',
      chunkCount(l10n.t, notFound),
    ),
  );
}

async function tellOfGit(): Promise<void> {
  const copy = l10n.t('Copy Command');
  const scm = l10n.t('Open Source Control');
  const text = l10n.t('manifest.json lists the chunks of both sides now. Git still waits for you. Resolve by: {0}', GIT_ADD);
  const answer = await window.showInformationMessage(text, copy, scm);
  if (answer === copy) await env.clipboard.writeText(GIT_ADD);
  if (answer === scm) await commands.executeCommand('workbench.view.scm');
}
