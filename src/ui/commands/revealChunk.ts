import { commands, l10n, Uri, workspace } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import { chooseChunk } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.revealChunk`: the chunk's file in the Explorer. */
export async function revealChunk(context: CommandContext, argument: unknown): Promise<void> {
  const chosen = await chooseChunk(context, argument);
  if (!chosen) return;
  const file = Uri.joinPath(chosen.session.root, 'chunks', `${chosen.id}.jsonl.gz`);
  const isThere = await workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
  if (!isThere)
    throw new EngramError('chunk-missing', l10n.t('The file of this chunk is not here yet. It comes with a pull.'), { subject: chosen.id });
  await commands.executeCommand('revealInExplorer', file);
}
