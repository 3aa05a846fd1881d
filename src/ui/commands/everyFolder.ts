import type { FolderSession } from '../../host/session.ts';
import type { CommandContext } from './commandContext.ts';

/**
 * Asks every usable folder, one after another; what fails in one stops no other.
 *
 * @param isMeant only these
 * @throws the first failure, when all have had their turn.
 */
export async function everyFolder<T>(
  { sessions }: CommandContext,
  ask: (session: FolderSession) => Promise<T>,
  isMeant: (session: FolderSession) => boolean = () => true,
): Promise<readonly T[]> {
  const results: T[] = [];
  const failures: unknown[] = [];
  for (const session of sessions.all) {
    if ((session.snapshot.state && session.snapshot.state.folder !== 'ok') || !isMeant(session)) continue;
    try {
      results.push(await ask(session));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return results;
}
