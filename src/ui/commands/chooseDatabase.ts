import { commands, l10n, window } from 'vscode';
import type { FolderSession } from '../../host/session.ts';
import { changedDatabaseText, databaseInUse, databaseItems } from '../databaseTexts.ts';
import { targetOf } from '../targets.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.chooseDatabase`: which memories a folder shares, its own or those of the Engram program. Nothing is copied by it. */
export async function chooseDatabase(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (session) await pickDatabase(context, session);
}

async function pickDatabase({ sessions }: CommandContext, session: FolderSession): Promise<void> {
  const inUse = databaseInUse(sessions.memoryChoice(session).wanted, session.snapshot.state?.live);
  const items = databaseItems(l10n.t, inUse);
  const picked = await window.showQuickPick(items, { placeHolder: l10n.t('Which memories does this folder share?') });
  if (!picked) return;
  await sessions.chooseMemories(session, { database: picked.database });
  const text = changedDatabaseText(l10n.t, picked.database, session.snapshot.state);
  if (picked.database !== inUse && text !== '') await tell(session, text);
}

/** Whoever changes over leaves memories behind, so the way to copy them is offered. */
async function tell({ root }: FolderSession, text: string): Promise<void> {
  const copy = l10n.t('Copy…');
  if ((await window.showInformationMessage(text, copy)) !== copy) return;
  await commands.executeCommand('engram.copyMemories', { kind: 'folder', root: root.toString() });
}
