import { l10n, window } from 'vscode';
import type { FolderSession } from '../../host/session.ts';
import { databaseItems } from '../databaseTexts.ts';
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
  const isLive = session.snapshot.state?.live !== undefined;
  const items = databaseItems(l10n.t, isLive ? 'live' : 'workspace');
  const picked = await window.showQuickPick(items, { placeHolder: l10n.t('Which memories does this folder share?') });
  if (picked) await sessions.chooseMemories(session, { database: picked.database });
}
