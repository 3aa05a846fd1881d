import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CloudGopher } from './cloudGopher.ts';
import { ourPlayer, type Player, theirPlayer } from './cloudPlayers.ts';
import type { CloudServer } from './cloudServer.ts';
import { play, type Turn, turns, viewOf } from './cloudTurns.ts';
import { OurCloudMember } from './ourCloud.ts';
import type { EngramProgram } from './programs.ts';
import { live } from './rows.ts';

const STEPS = Number(process.env['ENGRAM_CLOUD_STEPS'] ?? 40);
const SEED = Number(process.env['ENGRAM_CLOUD_SEED'] ?? 1);
const PROJECT = 'crowd';
/** Programs send rows back after whatever they import, each once. */
const MAX_CYCLES = 8;

interface Step {
  readonly who: number;
  readonly kind: 'pull' | 'push' | 'work';
  readonly turn: Turn;
}

const steps: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(),
  kind: fc.oneof(
    { weight: 1, arbitrary: fc.constant('pull' as const) },
    { weight: 1, arbitrary: fc.constant('push' as const) },
    { weight: 2, arbitrary: fc.constant('work' as const) },
  ),
  turn: turns,
});

/** Two of ours and every program at once, nobody waiting for anybody. What the programs make of it is their affair; ours agree in the end. */
export function cloudCrowd(programs: readonly EngramProgram[], server: () => CloudServer): void {
  it('of two of ours and every program comes to rest, and ours agree on what the cloud holds', {
    timeout: 120_000 + STEPS * 5_000,
  }, async () => {
    const join = async (name: string): Promise<Player> => ourPlayer(await OurCloudMember.join(server(), PROJECT, { name }), PROJECT);
    const ours = [await join('alice'), await join('bob')];
    const theirs = programs.map((program) => theirPlayer(new CloudGopher(program, server(), `gopher-${program.generation}`), PROJECT));
    const players = [...ours, ...(await Promise.all(theirs))];
    const gone = new LastWords();
    const script = fc.sample(fc.noBias(steps), { seed: SEED, numRuns: STEPS });
    const rounds = new Map<Player, number>();
    for (const { who, kind, turn } of script) {
      const player = players[who % players.length] ?? players[0];
      if (player === undefined) return;
      const round = rounds.get(player) ?? 0;
      if (kind === 'work') gone.note(await play(player, round, turn));
      else await player[kind]();
      if (kind === 'work') rounds.set(player, round + 1);
    }
    const cycles = await settle(server(), players);
    const [alice, bob] = ours.map((player) => viewOf(player.rows()));
    expect(bob).toEqual(alice);
    const late = await join('carol');
    await late.pull();
    expect(viewOf(late.rows())).toEqual(alice);
    // Who saves to a topic revises a memory that another may have deleted meanwhile.
    const returned = live(late.rows().observations).filter((row) => row['topic_key'] === null && gone.isGone(String(row['sync_id'])));
    expect(returned).toEqual([]);
    const counts = { chunks: (await server().chunks(PROJECT)).length, alive: alice?.observations.length ?? 0, gone: gone.count };
    console.log(
      `interop: ${STEPS} steps of ${players.length} at once with the server of ${server().program.name}: at rest after ${cycles} cycles, ${JSON.stringify(counts)}`,
    );
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });
}

/** Everybody pulls and pushes until nobody has sent anything for a whole cycle. Resolves to the number of cycles. */
async function settle(server: CloudServer, players: readonly Player[]): Promise<number> {
  for (let cycle = 1; cycle <= MAX_CYCLES; cycle += 1) {
    const before = await server.chunks(PROJECT);
    for (const player of players) {
      await player.pull();
      await player.push();
    }
    if ((await server.chunks(PROJECT)).length === before.length) return cycle;
  }
  throw new Error(`not at rest after ${MAX_CYCLES} cycles`);
}

/** Which memories were deleted, in a second after the last edit that anybody made. */
class LastWords {
  readonly #edited = new Map<string, number>();
  readonly #removed = new Map<string, number>();

  note({ edited, removed }: { readonly edited: string; readonly removed: string }): void {
    const second = Math.floor(Date.now() / 1000);
    if (edited !== '') this.#edited.set(edited, second);
    if (removed !== '') this.#removed.set(removed, second);
  }

  get count(): number {
    return [...this.#removed.keys()].filter((syncId) => this.isGone(syncId)).length;
  }

  isGone(syncId: string): boolean {
    return (this.#removed.get(syncId) ?? -1) > (this.#edited.get(syncId) ?? 0);
  }
}
