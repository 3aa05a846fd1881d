import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/nodeHttp.ts';
import { MutationTransport } from '../../src/engine/cloud/mutationTransport.ts';
import { RemoteTransport } from '../../src/engine/cloud/remoteTransport.ts';
import { loadDatabaseKit } from '../simulation/memberDatabases.ts';
import { CloudMember } from '../support/cloudMember.ts';
import { WASM_PATH } from '../support/wasm.ts';
import { CloudGopher } from './cloudGopher.ts';
import { type Player, theirPlayer } from './cloudPlayers.ts';
import { CloudServer } from './cloudServer.ts';
import { findPostgres, Postgres } from './postgres.ts';
import { type EngramProgram, findPrograms } from './programs.ts';
import { live } from './rows.ts';

const programs = findPrograms().filter((program) => program.generation !== 'newer');
const programsOfPostgres = programs.length === 0 ? 'no engram program found' : findPostgres();
const reason = typeof programsOfPostgres === 'string' ? programsOfPostgres : undefined;
if (reason !== undefined) console.log(`interop, automatic sync: ${reason}, skipped`);
const PROJECT = 'auto';
/** A program looks every 30 seconds, for the first time 30 seconds after its start. */
const PATIENCE_MS = 45_000;

/** In a file of its own, because it waits for the programs' clocks most of the time. */
describe.skipIf(reason !== undefined)('automatic sync through single mutations', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    if (typeof programsOfPostgres !== 'string') postgres = await Postgres.start(programsOfPostgres);
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('brings the rows, edits and deletions of ours and of each program to the other', { timeout: 180_000 }, async () => {
    await Promise.all(programs.map((program) => exchange(program, postgres)));
  });
});

async function exchange(program: EngramProgram, postgres: Postgres): Promise<void> {
  const server = await CloudServer.start(program, postgres, [PROJECT]);
  try {
    const ours = await ourMember(server);
    const manager = ours.autosync({ transport: new MutationTransport(connection(server)) });
    const gopher = await theirPlayer(new CloudGopher(program, server, 'gopher', { ENGRAM_CLOUD_AUTOSYNC: '1' }), PROJECT);
    await gopher.session('s-gopher');
    for (const title of ['Theirs', 'Theirs, gone']) await gopher.save('s-gopher', title);
    await gopher.prompt('s-gopher', 'Said there');
    for (const name of ['ours', 'ours-gone']) ours.save(name, { title: name });
    await manager.runOnce();
    await until(gopher, ['Theirs', 'Theirs, gone', 'ours', 'ours-gone']);

    await manager.runOnce();
    expect(ours.titles(), program.name).toEqual(titlesOf(gopher));
    ours.now = Date.now();
    ours.edit(idOf(gopher, 'Theirs'), { title: 'Theirs, edited here' });
    ours.remove('ours-gone');
    await manager.runOnce();
    await gopher.remove(idOf(gopher, 'Theirs, gone'), true);
    await gopher.edit('ours', 'ours, edited there');
    await until(gopher, ['Theirs, edited here', 'ours, edited there']);

    await manager.runOnce();
    expect(ours.titles(), program.name).toEqual(titlesOf(gopher));
    expect(manager.status).toMatchObject({ phase: 'healthy', problems: [] });
    const count = await server.query('SELECT count(*) FROM cloud_mutations');
    await manager.runOnce();
    expect(await server.query('SELECT count(*) FROM cloud_mutations'), program.name).toBe(count);
    ours.close();
  } finally {
    await server.stop();
  }
}

function connection(server: CloudServer): ConstructorParameters<typeof MutationTransport>[0] {
  return { http: nodeHttp({ server: server.url, token: async () => server.token }), server: server.url };
}

async function ourMember(server: CloudServer): Promise<CloudMember> {
  const transport = new RemoteTransport({ ...connection(server), project: PROJECT });
  const member = new CloudMember(await loadDatabaseKit(WASM_PATH), 'alice', transport, PROJECT);
  member.now = Date.now();
  return member;
}

function titlesOf(player: Player): readonly string[] {
  return live(player.rows().observations)
    .map((row) => String(row['title']))
    .sort();
}

function idOf(player: Player, title: string): string {
  return String(player.rows().observations.find((row) => row['title'] === title)?.['sync_id']);
}

/** Waits until the program has these memories and no others. */
async function until(player: Player, titles: readonly string[]): Promise<void> {
  const wanted = titles.toSorted();
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(500)) {
    if (JSON.stringify(titlesOf(player)) === JSON.stringify(wanted)) return;
  }
  expect(titlesOf(player)).toEqual(wanted);
}
