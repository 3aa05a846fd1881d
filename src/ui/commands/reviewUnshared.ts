import { env, l10n, window } from 'vscode';
import type { NoLongerSharedRow } from '../../engine/folderRequests.ts';
import type { FolderSession } from '../../host/session.ts';
import { momentText } from '../moments.ts';
import { plain } from '../plainText.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.reviewUnshared`: memories that were shared once and that no branch has any more, to be shared again, kept or deleted. */
export async function reviewUnshared(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const rows = await session.requests.noLongerShared();
  if (rows.length === 0) {
    await window.showInformationMessage(l10n.t('Every memory here is shared, or has never been.'));
    return;
  }
  const items = rows.map((row) => ({
    label: plain(row.label) || l10n.t('Untitled'),
    description: [plain(row.type), momentText(row.createdAt, { locale: env.language })].filter((part) => part !== '').join(' · '),
    row,
  }));
  const placeHolder = l10n.t('Which memories that no branch has any more?');
  const picked = await window.showQuickPick(items, { canPickMany: true, ignoreFocusOut: true, placeHolder, matchOnDescription: true });
  if (picked && picked.length > 0)
    await decide(
      session,
      picked.map(({ row }) => row),
    );
}

async function decide(session: FolderSession, rows: readonly NoLongerSharedRow[]): Promise<void> {
  const share = { label: l10n.t('Share Again'), detail: l10n.t('The next sync writes them into a chunk of this branch.') };
  const keep = { label: l10n.t('Keep Here'), detail: l10n.t('Nothing changes: they stay in your database and do not leave it.') };
  const memories = rows.filter(({ kind }) => kind === 'observation');
  const remove = { label: l10n.t('Delete…'), detail: l10n.t('They are deleted from your database. Nobody else is concerned.') };
  const placeHolder = rows.length === 1 ? l10n.t('1 memory') : l10n.t('{0} memories', rows.length);
  const picked = await window.showQuickPick(memories.length === 0 ? [share, keep] : [share, keep, remove], { placeHolder });
  if (picked === share) await session.requests.shareAgain(rows.map(({ key }) => key));
  else if (picked === remove) await deleteAll(session, memories);
}

async function deleteAll(session: FolderSession, memories: readonly NoLongerSharedRow[]): Promise<void> {
  const confirm = l10n.t('Delete');
  const question = memories.length === 1 ? l10n.t('Delete 1 memory?') : l10n.t('Delete {0} memories?', memories.length);
  const detail = l10n.t('They are deleted from your database. Nobody else is concerned.');
  if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  for (const { key } of memories) await session.requests.remove(key);
}
