import fc from 'fast-check';
import type { Player } from './cloudPlayers.ts';
import { live, type Row, type Rows } from './rows.ts';

/** Rounds that share a session. */
const SESSION_ROUNDS = 5;

/** What a member does in its turn besides saving a memory, to whatever rows the numbers pick. */
export interface Turn {
  readonly edit: number | undefined;
  readonly remove: number | undefined;
  readonly hard: boolean;
  readonly prompt: boolean;
  readonly unprompt: number | undefined;
  readonly topic: number | undefined;
}

const half = { nil: undefined, freq: 2 };
export const turns: fc.Arbitrary<Turn> = fc.record({
  edit: fc.option(fc.nat(), { nil: undefined, freq: 3 }),
  remove: fc.option(fc.nat(), half),
  hard: fc.boolean(),
  prompt: fc.boolean(),
  unprompt: fc.option(fc.nat(), half),
  topic: fc.option(fc.nat({ max: 2 }), half),
});

/** What a person sees. */
export type View = Readonly<Record<keyof Rows, readonly Row[]>>;

export function viewOf(rows: Rows): View {
  return { ...rows, observations: live(rows.observations) };
}

/** Resolves to the memories that were edited and deleted. */
export async function play(player: Player, round: number, turn: Turn): Promise<{ readonly edited: string; readonly removed: string }> {
  const session = `s-${player.name}-${Math.floor(round / SESSION_ROUNDS)}`;
  if (round % SESSION_ROUNDS === 0) await player.session(session);
  const pick = (table: 'observations' | 'prompts', number: number | undefined): string => {
    const rows = live(player.rows()[table]);
    return number === undefined || rows.length === 0 ? '' : String(rows[number % rows.length]?.['sync_id']);
  };
  const edited = pick('observations', turn.edit);
  if (edited !== '') await player.edit(edited, `Edited by ${player.name} in ${round}`);
  const removed = pick('observations', turn.remove);
  if (removed !== '') await player.remove(removed, turn.hard);
  // Behind the deletion, because a session stays home where all that it had was deleted before anybody saw it.
  await player.save(session, `Memory ${player.name} ${round}`);
  if (turn.topic !== undefined) await player.save(session, `Topic ${player.name} ${round}`, `topic/${turn.topic}`);
  if (turn.prompt) await player.prompt(session, `Prompt ${player.name} ${round}`);
  const unprompted = pick('prompts', turn.unprompt);
  if (unprompted !== '') await player.unprompt(unprompted);
  if (round % SESSION_ROUNDS === SESSION_ROUNDS - 1) await player.end(session);
  return { edited, removed };
}
