import { l10n, window } from 'vscode';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.installMergeDriver`: git merges, rebases and cherry-picks manifest.json without conflicts from now on, in this clone. */
export async function installMergeDriver(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  await session.requests.mergeDriver('install');
  const remove = l10n.t('Remove');
  const text = l10n.t(
    'The merge driver is installed in this clone, in .git only. git merge, rebase and cherry-pick unite manifest.json by themselves; where it cannot run, git marks conflicts as before.',
  );
  if ((await window.showInformationMessage(text, remove)) === remove)
    await removeMergeDriver(context, { kind: 'folder', root: session.root.toString() });
}

/** `engram.removeMergeDriver`: takes out of .git what the other has put in. */
export async function removeMergeDriver(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  await session.requests.mergeDriver('remove');
  window.setStatusBarMessage(l10n.t('Engram: merge driver removed'), 5_000);
}
