import { env, l10n, window } from 'vscode';
import { heldBackItems } from '../databaseTexts.ts';
import { importText } from '../summaries.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.reviewHeldBack`: changes of other projects' memories that chunks brought. They wait until a person takes them. */
export async function reviewHeldBack(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const { live, chunks = [] } = session.snapshot.state ?? {};
  const items = heldBackItems({ t: l10n.t, calendar: { locale: env.language } }, live?.heldBack.chunks ?? [], chunks);
  if (items.length === 0) {
    await window.showInformationMessage(l10n.t('No change of another project’s memories waits here.'));
    return;
  }
  const placeHolder = l10n.t('Which chunks may change memories of other projects?');
  const picked = await window.showQuickPick(items, {
    canPickMany: true,
    ignoreFocusOut: true,
    placeHolder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked || picked.length === 0) return;
  const confirm = l10n.t('Let Them Change');
  const detail = l10n.t('Other projects of this machine see the change. Look into the chunks first where you do not know who wrote them.');
  const question = l10n.t('Let these chunks change or delete memories of other projects?');
  if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  const options = { ids: picked.map(({ id }) => id), otherProjects: true };
  const summary = await longRun(l10n.t('Importing memories'), (call) => session.requests.importChunks(options, call));
  window.setStatusBarMessage(importText(l10n.t, [summary]), 5_000);
}
