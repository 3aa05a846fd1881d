import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { layOutTeam } from '../../scripts/demoTeam.ts';
import type { Server } from '../../scripts/harness/server.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { TeamServer } from '../support/teamServer.ts';
import { atCommandLine, connect, dismissToasts, PROJECT, picture, sees, TOKEN } from './cloud.ts';
import type { Journey, Stage } from './journey.ts';
import { saveMemory } from './people.ts';
import type { Workbench } from './workbench.ts';

/** Where the editor keeps what a person sets for one machine. */
function setForMachine({ run }: Server, settings: object): void {
  const folder = path.join(run, 'data/data/Machine');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(settings));
}

/** What a teammate's Engram program sends by itself: it never comes with a sync by hand. */
function teammateSends(server: TeamServer, title: string): void {
  const seq = server.mutations.length + 1;
  const at = new Date().toISOString();
  const common = { project: PROJECT, op: 'upsert', occurred_at: at };
  const session = { id: 's-alice', project: PROJECT, directory: '/lantern-shop', started_at: at };
  const row = { sync_id: `obs-${seq}`, session_id: 's-alice', type: 'decision', title, content: title, project: PROJECT, scope: 'project' };
  server.mutations.push({ ...common, seq, entity: 'session', entity_key: 's-alice', payload: session });
  server.mutations.push({ ...common, seq: seq + 1, entity: 'observation', entity_key: row.sync_id, payload: row });
}

const sent = (server: TeamServer): number => server.chunks(PROJECT).length;

/** `engram.cloud.automatic` is on: after one sync by hand nobody syncs any more, and everything arrives. */
export const cloudByItself: Journey = {
  name: 'The cloud by itself',
  run: async (stage) => {
    const team = await layOutTeam(stage.folder);
    const server = await TeamServer.start();
    try {
      // As in an archive: the database says that the project is enrolled, and in this editor nobody has said so.
      const elsewhere = atCommandLine(team.bob, server);
      await elsewhere('init');
      await elsewhere('cloud', 'enroll', PROJECT);
      await elsewhere('save', '--title', 'Local tests need TZ=UTC', '--content', 'Dates are compared as text.', '--project', PROJECT);
      setForMachine(stage.server, { 'engram.cloud.automatic': true });
      const window = await stage.open(team.bob);
      await window.openSidebar();
      await window.seesStatus(/to share/);
      const scene = { stage, server, window, bob: team.bob };
      await aPersonStarts(scene);
      await everythingArrives(scene);
      await anOutage(scene);
    } finally {
      await server.close();
    }
  },
};

interface Scene {
  readonly stage: Stage;
  readonly server: TeamServer;
  readonly window: Workbench;
  readonly bob: string;
}

async function aPersonStarts({ stage, server, window }: Scene): Promise<void> {
  await connect(window, server, TOKEN);
  await sees(window, /1 to send.*By itself.*waits for your first sync by hand/);
  await dismissToasts(window);
  await picture(stage, window, 'cloud-automatic-waits');
  assert.deepEqual([...new Set(server.asked.map(({ method }) => method))], ['GET'], 'what a database says starts nothing');
  teammateSends(server, 'Prices are integers in cents');
  await window.rows('Cloud').filter({ hasText: 'waits for your first sync by hand' }).first().click();
  await eventually('the sync by hand', () => sent(server) === 1, 20_000);
}

async function everythingArrives({ stage, server, window, bob }: Scene): Promise<void> {
  await saveMemory(window, 'Feature flags live in config/flags.yml', 'A flag has an owner.');
  await eventually('what was saved is sent by itself', () => sent(server) === 2, 20_000);
  await eventually('what a teammate sent is here', () => memoriesIn(bob).includes('Prices are integers in cents'));
  await sees(window, /By itself.*(sent|fetched) 1 memory/);
  // Nothing of this project goes through git, so the status item speaks of the cloud.
  await window.seesStatus(/synced/);
  await picture(stage, window, 'cloud-automatic');
}

async function anOutage({ stage, server, window, bob }: Scene): Promise<void> {
  const { port } = server;
  await server.close();
  await saveMemory(window, 'Checkout retries must be idempotent', 'The gateway charged twice.');
  await sees(window, /kept here.*Next try: .*Cloud not reachable/);
  await window.seesStatus(/1 to send/);
  await picture(stage, window, 'cloud-automatic-away');
  await server.listen(port);
  teammateSends(server, 'Search index lagged after a deploy');
  await window.statusItem.click();
  await eventually('a sync by hand is possible at any time', () => sent(server) === 3, 20_000);
  await eventually('and it goes on by itself', () => memoriesIn(bob).includes('Search index lagged after a deploy'), 20_000);
  await sees(window, /server has everything.*Up to date/);
}
