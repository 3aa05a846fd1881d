import { commands, l10n, window } from 'vscode';
import type { CloudCheck } from '../../engine/cloud/cloudState.ts';
import type { FolderSession } from '../../host/session.ts';
import { serverProblem } from '../cloudInput.ts';
import { hostOf } from '../cloudText.ts';
import { LABEL_LENGTH, plain, SENTENCE_LENGTH } from '../plainText.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';
import { askText, walk } from './steps.ts';

interface Draft {
  server: string;
  token: string;
}

/**
 * `engram.connectCloud`: address and token, tried on the server before anything is kept. An address of the Engram program's own
 * configuration is offered; its token is never read.
 */
export async function connectCloud(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const { cloud } = context.sessions;
  const draft: Draft = { server: cloud.server || (await offeredServer(session)), token: '' };
  if (!(await fillIn(draft))) return;
  const check = await longRun(l10n.t('Asking the cloud server'), () => cloud.connect(draft.server, draft.token, session), 'engram.cloud');
  await tell(check, draft.server, session);
}

/** `engram.disconnectCloud`: forgets the token. The address stays in the settings, enrolled projects stay enrolled. */
export async function disconnectCloud({ sessions: { cloud } }: CommandContext): Promise<void> {
  await cloud.disconnect();
  window.setStatusBarMessage(l10n.t('Engram cloud: disconnected, the token is forgotten'), 5_000);
}

/** A configuration that cannot be read offers nothing; whoever needs it is told. */
async function offeredServer(session: FolderSession): Promise<string> {
  return (await session.requests.cloudState().catch(() => undefined))?.offeredServer ?? '';
}

function fillIn(draft: Draft): Promise<boolean> {
  const frame = { title: l10n.t('Connect to Cloud'), totalSteps: 2 };
  const server = async () => {
    const answer = await askText({
      ...frame,
      step: 1,
      value: draft.server,
      prompt: l10n.t('Address of your team’s Engram cloud server'),
      placeholder: 'https://memories.example.com',
      problem: (value) => serverProblem(l10n.t, value),
    });
    if (answer === undefined) return 'leave';
    if (answer === 'back') return 'back';
    draft.server = answer.value.trim();
    return 'next';
  };
  const token = async () => {
    const answer = await askText({
      ...frame,
      step: 2,
      value: '',
      isSecret: true,
      prompt: l10n.t('Kept in the secret storage and sent to {0} only. Empty: the server wants none', hostOf(draft.server)),
      placeholder: l10n.t('Token'),
      problem: () => undefined,
    });
    if (answer === undefined) return 'leave';
    if (answer === 'back') return 'back';
    draft.token = answer.value.trim();
    return 'next';
  };
  return walk([server, token]);
}

async function tell(check: CloudCheck, server: string, session: FolderSession): Promise<void> {
  const target = { kind: 'folder', root: session.root.toString() };
  const host = hostOf(server);
  if (check.outcome === 'token') {
    const again = l10n.t('Try Again');
    const text = l10n.t('{0} refuses this token. Nothing was kept.', host);
    if ((await window.showErrorMessage(text, again)) === again) await commands.executeCommand('engram.connectCloud', target);
    return;
  }
  if (check.outcome === 'project') {
    const text = l10n.t(
      'Connected to {0}, but it does not take the project “{1}”: {2}. Ask whoever runs the server, or set another name in engram.cloud.project.',
      host,
      plain(check.project, LABEL_LENGTH),
      plain(check.message, SENTENCE_LENGTH),
    );
    void window.showWarningMessage(text);
    return;
  }
  if (session.snapshot.cloud?.enrolled) {
    window.setStatusBarMessage(l10n.t('Engram cloud: connected to {0}', host), 5_000);
    return;
  }
  const enroll = l10n.t('Enroll Project');
  const text = l10n.t('Connected to {0}. Nothing was sent: this project takes part once you enroll it.', host);
  if ((await window.showInformationMessage(text, enroll)) === enroll) await commands.executeCommand('engram.enrollProject', target);
}
