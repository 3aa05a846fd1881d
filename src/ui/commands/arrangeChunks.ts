import type { CommandContext } from './commandContext.ts';

/** `engram.groupChunksByAuthor` */
export async function groupChunksByAuthor({ chunks }: CommandContext): Promise<void> {
  await chunks.arrange('author');
}

/** `engram.groupChunksByDay` */
export async function groupChunksByDay({ chunks }: CommandContext): Promise<void> {
  await chunks.arrange('day');
}

/** `engram.listChunks`: no groups. */
export async function listChunks({ chunks }: CommandContext): Promise<void> {
  await chunks.arrange('flat');
}

/** `engram.refresh`: looks for folders and reads every state again; changes nothing. */
export async function refresh({ sessions }: CommandContext): Promise<void> {
  await sessions.refresh();
}
