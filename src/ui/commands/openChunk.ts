import { chooseChunk } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.openChunk`: a chunk as a document to read; works in Restricted Mode too. */
export async function openChunk(context: CommandContext, argument: unknown): Promise<void> {
  const chosen = await chooseChunk(context, argument);
  if (chosen) await context.documents.open(chosen.session, { kind: 'chunk', id: chosen.id });
}
