import { l10n, window } from 'vscode';
import { plain } from '../plainText.ts';
import { chooseMemory, chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { pickMemory } from './searchMemories.ts';
import { goesThroughProgram } from './throughProgram.ts';

/** `engram.deleteMemory`: after a question, because the next sync deletes it for the whole team. */
export async function deleteMemory(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const target = await chooseMemory(context, argument, (session) => pickMemory(session, context));
  const session = target && (await chooseSession(context, target));
  if (!session) return;
  const memory = await session.requests.memory(target.id);
  const title = plain(memory.title) || l10n.t('Untitled');
  const confirm = l10n.t('Delete');
  const detail = goesThroughProgram(session)
    ? l10n.t('The engram program deletes it on this machine. Your team may keep it: not every release of the program shares a deletion.')
    : l10n.t('The next sync deletes it for your team as well. Chunks in git keep the old text.');
  if ((await window.showWarningMessage(l10n.t('Delete “{0}”?', title), { modal: true, detail }, confirm)) !== confirm) return;
  await session.requests.remove(target.id);
  window.setStatusBarMessage(l10n.t('Engram: “{0}” deleted', plain(memory.title, 40)), 5_000);
}
