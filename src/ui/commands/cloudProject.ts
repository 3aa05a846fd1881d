import { commands, l10n, window } from 'vscode';
import { hostOf } from '../cloudText.ts';
import { LABEL_LENGTH, plain } from '../plainText.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { mustBeConnected } from './syncCloud.ts';

/** `engram.enrollProject`: from then on each sync sends the project's memories, so it asks, naming project and server. */
export async function enrollProject(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session || !(await mustBeConnected(context, session))) return;
  const { project, server, enrolled } = await session.requests.cloudState();
  const name = plain(project, LABEL_LENGTH);
  if (!enrolled) {
    const confirm = l10n.t('Enroll');
    const question = l10n.t('Enroll the project “{0}” on {1}?', name, hostOf(server));
    const detail = l10n.t(
      'Each sync with the cloud sends this project’s memories, edits and deletions to that server and fetches your team’s. Personal memories stay here. What was sent stays on the server.',
    );
    if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
    // The one that was named, whatever a setting says by now.
    await session.requests.cloudEnroll(project);
  }
  const sync = l10n.t('Sync with Cloud');
  const done = l10n.t('The project “{0}” is enrolled. Nothing was sent yet.', name);
  if ((await window.showInformationMessage(done, sync)) !== sync) return;
  await commands.executeCommand('engram.syncCloud', { kind: 'folder', root: session.root.toString() });
}

/** `engram.unenrollProject`. */
export async function unenrollProject(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const { project } = await session.requests.cloudState();
  await session.requests.cloudUnenroll('');
  const text = l10n.t(
    'The project “{0}” takes no part any more. What the server has stays there, and everything stays here.',
    plain(project, LABEL_LENGTH),
  );
  void window.showInformationMessage(text);
}
