import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/nodeHttp.ts';
import { MutationTransport } from '../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../src/engine/cloud/remoteTransport.ts';
import { loadDatabaseKit } from '../simulation/memberDatabases.ts';
import { CloudMember } from '../support/cloudMember.ts';
import { WASM_PATH } from '../support/wasm.ts';
import { LastWords, SEED, STEPS, steps } from './cloudCrowd.ts';
import { CloudGopher } from './cloudGopher.ts';
import { type Player, theirPlayer } from './cloudPlayers.ts';
import type { CloudServer } from './cloudServer.ts';
import { play } from './cloudTurns.ts';
import type { EngramProgram } from './programs.ts';

const PROJECT = 'channels';
const MAX_CYCLES = 8;

/** Two of ours that use both ways to the server, beside programs that know the chunks only. A server of v1.16 copies from each way to the other. */
export function cloudChannels(programs: readonly EngramProgram[], server: () => CloudServer): void {
  it('of ours over chunks and single mutations come to rest, and agree', { timeout: 120_000 + STEPS * 5_000 }, async () => {
    const ours = [await bothWays(server(), 'alice'), await bothWays(server(), 'bob')];
    const theirs = programs.map((program) => theirPlayer(new CloudGopher(program, server(), `gopher-${program.generation}`), PROJECT));
    const players = [...ours.map(({ player }) => player), ...(await Promise.all(theirs))];
    const gone = new LastWords();
    const rounds = new Map<Player, number>();
    for (const { who, kind, turn } of fc.sample(fc.noBias(steps), { seed: SEED, numRuns: STEPS })) {
      const player = players[who % players.length];
      if (player === undefined) return;
      if (kind !== 'work') await player[kind]();
      else {
        const round = rounds.get(player) ?? 0;
        gone.note(await play(player, round, turn));
        rounds.set(player, round + 1);
      }
    }
    const cycles = await settle(server(), players);
    const [alice, bob] = ours.map(({ member }) => member);
    expect(bob?.live()).toEqual(alice?.live());
    const alive = alice?.databases.store.observations() ?? [];
    const returned = [...alive].filter((row) => !row.deletedAt && row.topicKey === undefined && gone.isGone(row.syncId));
    expect(returned).toEqual([]);
    console.log(
      `interop: ${STEPS} steps over both ways to the server of ${server().program.name}: at rest after ${cycles} cycles, ${gone.count} gone`,
    );
    for (const { member } of ours) member.close();
  });
}

async function settle(server: CloudServer, players: readonly Player[]): Promise<number> {
  const count = (): Promise<string> =>
    server.query(`SELECT (SELECT count(*) FROM cloud_chunks WHERE project_name = '${PROJECT}'),
      (SELECT count(*) FROM cloud_mutations WHERE project = '${PROJECT}')`);
  for (let cycle = 1; cycle <= MAX_CYCLES; cycle += 1) {
    const before = await count();
    for (const player of players) {
      await player.pull();
      await player.push();
    }
    if ((await count()) === before) return cycle;
  }
  throw new Error(`not at rest after ${MAX_CYCLES} cycles`);
}

/** Pulls single mutations, then chunks; pushes by turns the one way and the other. */
async function bothWays(server: CloudServer, name: string): Promise<{ readonly member: CloudMember; readonly player: Player }> {
  const connection = { http: nodeHttp({ server: server.url, token: async () => server.token }), server: server.url };
  const transport = new RemoteTransport({ ...connection, project: PROJECT });
  const member = new CloudMember(await loadDatabaseKit(WASM_PATH), name, transport, PROJECT);
  const manager = member.autosync({ transport: new MutationTransport(connection) });
  const single = async (): Promise<void> => {
    await manager.runOnce();
    expect(manager.status, name).toMatchObject({ phase: 'healthy' });
  };
  let pushes = 0;
  // The member's clock makes one step with each change, and is to be right after it.
  const now = async (work: () => unknown): Promise<void> => {
    member.now = Date.now() - 1_000;
    await work();
  };
  const player: Player = {
    name,
    rows: () => rowsOf(member),
    pull: () =>
      now(async () => {
        await single();
        await member.syncer.import();
      }),
    push: () =>
      now(() => {
        pushes += 1;
        return pushes % 2 === 0 ? single() : member.sync();
      }),
    session: (id) => now(() => member.session(id)),
    end: (id) =>
      now(() => {
        const session = member.databases.store.session(id);
        if (session) member.databases.store.writeSession({ ...session, endedAt: member.at, summary: 'Done' });
      }),
    save: (sessionId, title, topicKey) => now(() => member.save(`obs-${title}`, { sessionId, title, ...(topicKey && { topicKey }) })),
    edit: (syncId, title) => now(() => member.edit(syncId, { title })),
    remove: (syncId) => now(() => member.remove(syncId)),
    prompt: (_session, text) => now(() => member.prompt(`prompt-${text}`)),
    unprompt: (syncId) => now(() => member.removePrompt(syncId)),
  };
  return { member, player };
}

function rowsOf(member: CloudMember): ReturnType<Player['rows']> {
  const { store } = member.databases;
  return {
    sessions: [],
    observations: [...store.observations()].map((row) => ({ sync_id: row.syncId, deleted_at: row.deletedAt ?? null })),
    prompts: [...store.prompts()].map((row) => ({ sync_id: row.syncId })),
    relations: [],
  };
}
