import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CloudGopher } from './cloudGopher.ts';
import { ourPlayer, type Player, theirPlayer } from './cloudPlayers.ts';
import type { CloudServer } from './cloudServer.ts';
import { play, type Turn, turns, type View, viewOf } from './cloudTurns.ts';
import { OurCloudMember } from './ourCloud.ts';
import type { EngramProgram } from './programs.ts';
import type { Row, Rows } from './rows.ts';

const ROUNDS = Number(process.env['ENGRAM_CLOUD_ROUNDS'] ?? 50);
/** With a server of another release, which keeps what both send in the same form. */
const FEW_ROUNDS = Math.ceil(ROUNDS / 5);
const SEED = Number(process.env['ENGRAM_CLOUD_SEED'] ?? 1);
/** One of ours and one with the real program take turns on one project, each looking before it writes. */
export function cloudRounds(program: EngramProgram, server: () => CloudServer): void {
  it('agrees with ours after every turn, and ours sends nothing back', { timeout: 60_000 + ROUNDS * 5_000 }, async () => {
    const rounds = server().program.path === program.path ? ROUNDS : FEW_ROUNDS;
    const project = `rounds-${program.generation}`;
    const ours = await OurCloudMember.join(server(), project);
    const players = [ourPlayer(ours, project), await theirPlayer(new CloudGopher(program, server()), project)];
    const game = new Game(server(), project);
    const script = fc.sample(fc.noBias(fc.tuple(turns, turns)), { seed: SEED, numRuns: rounds });
    for (const [round, pair] of script.entries()) {
      for (const [index, player] of players.entries()) await game.turn(player, round, pair[index]);
    }
    for (const player of players) await game.look(player, 'at the end');
    const played = await game.counts(players.map(({ name }) => name));
    console.log(`interop: ${program.name} with the server of ${server().program.name}, ${rounds} rounds: ${JSON.stringify(played)}`);
    expect(Math.min(...Object.values(played))).toBeGreaterThan(0);
  });
}

class Game {
  readonly #server: CloudServer;
  readonly #project: string;
  #view: View = { sessions: [], observations: [], prompts: [], relations: [] };
  readonly #deleted = new Set<unknown>();

  constructor(server: CloudServer, project: string) {
    this.#server = server;
    this.#project = project;
  }

  async turn(player: Player, round: number, what: Turn | undefined): Promise<void> {
    const where = `round ${round}, ${player.name}`;
    await this.look(player, where);
    if (what) await play(player, round, what);
    const before = this.#view;
    this.#view = viewOf(player.rows());
    await player.push();
    if (player.name === 'alice') expect(await this.#lastSent(player.name), where).toEqual(changedBetween(before, this.#view));
    const alive = new Set(this.#view.observations.map(keyOf));
    for (const row of before.observations) if (!alive.has(keyOf(row))) this.#deleted.add(keyOf(row));
  }

  /** Pulls; then the player has what the other one left, and ours has nothing to say about it. */
  async look(player: Player, where: string): Promise<void> {
    await player.pull();
    const view = viewOf(player.rows());
    expect(view, `${where} after the pull`).toEqual(this.#view);
    expect(
      view.observations.filter((row) => this.#deleted.has(keyOf(row))),
      where,
    ).toEqual([]);
    if (player.name !== 'alice') return;
    const before = await this.#server.chunks(this.#project);
    await player.push();
    expect(await this.#server.chunks(this.#project), `${where} sends back`).toEqual(before);
  }

  /** Chunks of each member, and memories that were deleted. */
  async counts(names: readonly string[]): Promise<Readonly<Record<string, number>>> {
    const chunks = await this.#server.chunks(this.#project);
    const counts = names.map((name) => [`chunks of ${name}`, chunks.filter(({ created_by }) => created_by === name).length]);
    return { ...Object.fromEntries(counts), deleted: this.#deleted.size };
  }

  /** The mutations of the newest chunk of a member. */
  async #lastSent(by: string): Promise<readonly string[]> {
    const chunks = await this.#server.chunks(this.#project);
    const id = chunks.findLast(({ created_by }) => created_by === by)?.id;
    const { text } = await this.#server.get(`/sync/pull/${id}?project=${this.#project}`);
    const { mutations } = JSON.parse(text) as { readonly mutations: readonly { readonly entity: string; readonly entity_key: string }[] };
    return mutations.map(({ entity, entity_key }) => `${entity} ${entity_key}`).sort();
  }
}

function keyOf(row: Row): unknown {
  return row['sync_id'] ?? row['id'];
}

const KINDS = { sessions: 'session', observations: 'observation', prompts: 'prompt', relations: 'relation' } as const;

/** What is new, changed or gone, as `entity key`, sorted. */
function changedBetween(before: View, after: View): readonly string[] {
  const of = (table: keyof Rows): string[] => {
    const [old, now] = [before, after].map((view) => new Map(view[table].map((row) => [keyOf(row), JSON.stringify(row)])));
    const keys = new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]);
    return [...keys].filter((key) => old?.get(key) !== now?.get(key)).map((key) => `${KINDS[table]} ${key}`);
  };
  return [...of('sessions'), ...of('observations'), ...of('prompts'), ...of('relations')].sort();
}
