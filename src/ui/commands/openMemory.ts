import { EngramError } from '../../engine/errors.ts';
import { targetOf } from '../targets.ts';
import { chooseSession } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

/** `engram.openMemory`: a memory as a document. One that is not imported is read in the chunk it was seen in. */
export async function openMemory(context: CommandContext, argument: unknown): Promise<void> {
  const target = targetOf(argument);
  const session = target?.kind === 'memory' ? await chooseSession(context, target) : undefined;
  if (!target || !session) return;
  try {
    await context.documents.open(session, { kind: 'memory', id: target.id });
  } catch (error) {
    const isElsewhere = EngramError.is(error, 'not-found') || EngramError.is(error, 'untrusted');
    if (!isElsewhere || target.chunkId === '') throw error;
    await context.documents.open(session, { kind: 'chunk', id: target.chunkId });
  }
}
