import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { layOutTeam } from '../../scripts/demoTeam.ts';
import type { Server } from '../../scripts/harness/server.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { TeamServer } from '../support/teamServer.ts';
import { atCommandLine, connect, dismissToasts, PROJECT, picture, sees, TOKEN } from './cloud.ts';
import type { Journey } from './journey.ts';
import { saveMemory } from './people.ts';

const sent = (server: TeamServer): number => server.chunks(PROJECT).filter(({ created_by }) => created_by === 'bob').length;

/** Where the editor keeps what a person sets for one machine. */
function setForMachine({ run }: Server, settings: object): void {
  const folder = path.join(run, 'data/data/Machine');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(settings));
}

/** `engram.cloud.automatic` is on: nobody syncs, and everything arrives. */
export const cloudByItself: Journey = {
  name: 'The cloud by itself',
  run: async (stage) => {
    const team = await layOutTeam(stage.folder);
    const server = await TeamServer.start();
    try {
      const alice = atCommandLine(team.alice, server);
      await alice('init');
      await alice('cloud', 'enroll', PROJECT);
      await alice('save', '--title', 'Prices are integers in cents', '--content', 'No floating point.', '--project', PROJECT);
      await alice('cloud', 'sync', '--created-by', 'alice');
      // Bob's folder has a database that says that the project is enrolled; in this editor nobody has said so.
      const bob = atCommandLine(team.bob, server);
      await bob('init');
      await bob('cloud', 'enroll', PROJECT);
      await bob('save', '--title', 'Local tests need TZ=UTC', '--content', 'Two invoice tests compare dates.', '--project', PROJECT);
      setForMachine(stage.server, { 'engram.cloud.automatic': true });
      const window = await stage.open(team.bob);
      await window.openSidebar();
      await window.seesStatus(/1 to share/);
      await connect(window, server, TOKEN);
      await sees(window, /to send.*By itself.*waits for your first sync by hand/);
      await dismissToasts(window);
      await window.page.waitForTimeout(6000); // longer than a change waits
      assert.equal(sent(server), 0, 'a database that says so by itself starts nothing');
      await picture(stage, window, 'cloud-automatic-waits');
      await window.rows('Cloud').filter({ hasText: 'waits for your first sync by hand' }).first().click();
      await eventually('the sync by hand', () => sent(server) === 1, 20_000);

      await saveMemory(window, 'Feature flags live in config/flags.yml', 'A flag has an owner.');
      await eventually('what was saved is sent by itself', () => sent(server) === 2, 20_000);
      await eventually('what a teammate sent is here', () => memoriesIn(team.bob).includes('Prices are integers in cents'));
      await sees(window, /By itself.*sent 1 memory/);
      await picture(stage, window, 'cloud-automatic');

      const { port } = server;
      await server.close();
      await saveMemory(window, 'Checkout retries must be idempotent', 'The gateway charged twice.');
      await sees(window, /kept here.*Next try: .*Cloud not reachable/);
      await picture(stage, window, 'cloud-automatic-away');
      await server.listen(port);
      await window.command('Engram: Sync with Cloud');
      await eventually('a sync by hand is possible at any time', () => sent(server) === 3, 20_000);
      await alice('save', '--title', 'Search index lagged', '--content', 'It acknowledged first.', '--project', PROJECT);
      await alice('cloud', 'sync', '--created-by', 'alice');
      await eventually('it goes on by itself', () => memoriesIn(team.bob).includes('Search index lagged'), 20_000);
      await sees(window, /By itself.*fetched 1 memory/);
    } finally {
      await server.close();
    }
  },
};
