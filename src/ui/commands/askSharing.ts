import { l10n, window } from 'vscode';
import type { ExportPreview } from '../../engine/exportPreview.ts';
import type { FolderSession } from '../../host/session.ts';
import { hostOf } from '../cloudText.ts';
import { previewLines } from '../databaseTexts.ts';
import { LABEL_LENGTH, plain } from '../plainText.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.chooseSharing`: shows what would leave the Engram program's database, and asks again what may. */
export async function chooseSharing(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  if (session.snapshot.state?.live) await ask(context, session);
  else
    await window.showInformationMessage(
      l10n.t('This folder shares its own memories, and all of them are for your team. There is nothing to choose.'),
    );
}

/**
 * Before the first export of memories of the Engram program, to git or to the cloud, a person sees what would leave. Without an answer the engine withholds all of it, so
 * a sync may go on and import.
 *
 * @returns whether something may leave now
 */
export async function askBeforeSharing(context: CommandContext, session: FolderSession): Promise<boolean> {
  return session.snapshot.state?.live?.mayExport !== false || ask(context, session);
}

async function ask(context: CommandContext, session: FolderSession): Promise<boolean> {
  const preview = await session.requests.exportPreview({ includePrompts: true });
  const [memories, everything, other] = [l10n.t('Share Memories Only'), l10n.t('Share Memories and Prompts'), l10n.t('Another Project…')];
  const question = l10n.t('Share memories of project “{0}” from the Engram program?', plain(preview.project, LABEL_LENGTH));
  const { cloud } = context.sessions;
  const takesPart = cloud.isConnected && session.snapshot.cloud?.enrolled;
  const detail = previewLines(l10n.t, preview, takesPart ? hostOf(cloud.server) : '');
  const answer = await window.showInformationMessage(question, { modal: true, detail }, memories, everything, other);
  if (answer === other) return (await chooseProject(context, session, preview)) && ask(context, session);
  if (answer !== memories && answer !== everything) return false;
  const share = answer === memories ? 'without-prompts' : 'all';
  // Pinned: a file of the repository that names another project must not let that one out.
  await context.sessions.chooseMemories(session, { share, project: preview.project });
  return true;
}

async function chooseProject({ sessions }: CommandContext, session: FolderSession, preview: ExportPreview): Promise<boolean> {
  const prompt = l10n.t('Name of the project in the Engram program whose memories this folder shares');
  const project = await window.showInputBox({ prompt, value: preview.project, ignoreFocusOut: true });
  if (project === undefined || project.trim() === '') return false;
  await sessions.chooseProject(session, project.trim());
  return true;
}
