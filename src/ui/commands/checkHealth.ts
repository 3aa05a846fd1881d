import { l10n, window } from 'vscode';
import type { HealthRepair } from '../../engine/health.ts';
import type { FolderSession } from '../../host/session.ts';
import { repairTitle } from '../documents/healthWords.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';

/** `engram.checkHealth`: the doctor's report as a document. */
export async function checkHealth(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (session) await report(context, session);
}

async function report({ documents }: CommandContext, session: FolderSession): Promise<void> {
  await longRun(l10n.t('Checking memory health'), (call) => documents.health.make(session, call));
  await documents.openHealth(session);
}

/** `engram.fixHealth`: what of the report can be mended by itself, chosen by the person. Files are written, nothing is committed. */
export async function fixHealth(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const { report: found } = await longRun(l10n.t('Checking memory health'), (call) => context.documents.health.make(session, call));
  const offered = new Map<HealthRepair, string>();
  for (const { fix } of found.findings) if (fix?.kind === 'repair') offered.set(fix.repair, fix.text);
  if (offered.size === 0) {
    await context.documents.openHealth(session);
    await window.showInformationMessage(l10n.t('Nothing that was found can be mended by itself. The report says what you can do.'));
    return;
  }
  const items = [...offered].map(([repair, detail]) => ({ label: repairTitle(l10n.t, repair), detail, repair, picked: true }));
  const placeHolder = l10n.t('What should be mended? Files are written, nothing is committed.');
  const picked = await window.showQuickPick(items, { placeHolder, canPickMany: true });
  if (!picked || picked.length === 0) return;
  const repairs = picked.map(({ repair }) => repair);
  const { done } = await longRun(l10n.t('Mending the folder'), (call) => session.requests.repairHealth(repairs, call));
  await report(context, session);
  window.setStatusBarMessage(l10n.t('Engram: {0} of {1} mended, commit to share', done.length, repairs.length), 5_000);
}
