import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { layOutTeam, type Team } from '../../scripts/demoTeam.ts';
import { mustExec } from '../../scripts/exec.ts';
import { dist } from '../../scripts/paths.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { TeamServer } from '../support/teamServer.ts';
import { accessibilityFindings } from './accessibility.ts';
import type { Journey, Stage } from './journey.ts';
import { saveMemory } from './people.ts';
import type { Workbench } from './workbench.ts';

export const PROJECT = 'lantern-shop';
export const TOKEN = 'fake-token';

/** Somebody works at the command line, with the same server. @param clone their folder */
export function atCommandLine(clone: string, server: TeamServer) {
  const env = {
    ...process.env,
    ELECTRON_RUN_AS_NODE: '1',
    ENGRAM_DATA_DIR: path.join(clone, '../data'),
    ENGRAM_CLOUD_SERVER: server.url,
    ENGRAM_CLOUD_TOKEN: TOKEN,
  };
  return (...args: string[]) => mustExec(process.execPath, [path.join(dist, 'cli.js'), ...args, '--dir', clone], { env });
}

/** The sentence above the rows is drawn a little after them. */
export async function picture(stage: Stage, window: Workbench, name: string): Promise<void> {
  if ((await window.view('Cloud').count()) > 0) await toTop(window);
  await window.page.mouse.move(800, 200); // a tooltip would cover a row
  await window.page.waitForTimeout(500);
  await stage.picture(window, name);
}

async function setUp({ folder, open }: Stage): Promise<{ team: Team; server: TeamServer; bob: Workbench }> {
  const team = await layOutTeam(folder);
  const server = await TeamServer.start();
  const bob = await open(team.bob);
  await bob.command('Engram: Initialize .engram Here');
  await bob.seesStatus(/nothing yet/);
  await saveMemory(bob, 'Local tests need TZ=UTC', 'Two invoice tests compare dates as text.');
  await bob.seesStatus(/1 to share/);
  await bob.openSidebar();
  return { team, server, bob };
}

/** Address and token, as typed; the server says what it makes of them. */
export async function connect(window: Workbench, server: TeamServer, token: string): Promise<void> {
  await window.command('Engram: Connect to Cloud');
  await window.answer('https://memories.example.com', server.url);
  await window.answer('Token', token);
}

async function clickToast(window: Workbench, text: string, button: string): Promise<void> {
  const toast = window.toasts().filter({ hasText: text }).first();
  await toast.waitFor({ timeout: 20_000 });
  await toast.locator('.monaco-button', { hasText: button }).click();
}

export async function dismissToasts(window: Workbench): Promise<void> {
  await window.command('Notifications: Clear All Notifications');
}

/** The sentence above the rows, and the rows. */
export async function sees(window: Workbench, wanted: RegExp, limitMs = 20_000): Promise<void> {
  await eventually(
    `the view Cloud says ${wanted}`,
    async () => {
      const texts = [...(await window.view('Cloud').allInnerTexts()), ...(await window.rowTexts('Cloud'))];
      const text = texts.join(' ').replaceAll(/\s+/g, ' ');
      if (!wanted.test(text)) throw new Error(`read: ${text}`);
      return true;
    },
    limitMs,
  );
}

/** Looking for rows has scrolled through them. */
async function toTop(window: Workbench): Promise<void> {
  await window.view('Cloud').locator('.monaco-list').first().hover({ force: true });
  await window.page.mouse.wheel(0, -100_000);
}

async function clickNext(window: Workbench, text: string): Promise<void> {
  await toTop(window);
  await window.rows('Cloud').filter({ hasText: text }).first().click();
}

/** From the first connection to a teammate's memory, then everything that a server can refuse. */
const connecting: Journey = {
  name: 'The cloud from connecting to a refused token',
  run: async (stage) => {
    const { harness, server: editor } = stage;
    const { team, server, bob } = await setUp(stage);
    try {
      assert.equal(await bob.view('Cloud').count(), 0, 'no view before there is a server');
      assert.deepEqual(server.asked, [], 'nothing was asked before somebody connected');

      await connect(bob, server, 'mistyped');
      await bob.toasts().filter({ hasText: 'refuses this token. Nothing was kept.' }).waitFor();
      assert.equal(await bob.view('Cloud').count(), 0, 'an address whose token was refused is not kept');
      await clickToast(bob, 'refuses this token', 'Try Again');
      await bob.answer('https://memories.example.com', server.url);
      await bob.answer('Token', TOKEN);
      await sees(bob, /takes no part.*Not enrolled/);
      await picture(stage, bob, 'cloud-not-enrolled');
      assert.deepEqual([...new Set(server.asked.map(({ method }) => method))], ['GET'], 'connecting only reads');

      await clickToast(bob, 'Connected to', 'Enroll Project');
      await bob.page.locator('.monaco-dialog-box', { hasText: `Enroll the project “${PROJECT}”` }).waitFor();
      await picture(stage, bob, 'cloud-enroll-question');
      await bob.modalButton('Enroll').first().click();
      await sees(bob, /1 to send/);
      assert.equal(server.chunks(PROJECT).length, 0, 'enrolling sends nothing');
      await clickToast(bob, 'is enrolled. Nothing was sent yet.', 'Sync with Cloud');
      await sees(bob, /Last sync.*Up to date/);
      assert.deepEqual(
        server.chunks(PROJECT).map(({ created_by }) => created_by),
        ['bob'],
      );
      await picture(stage, bob, 'cloud-up-to-date');
      await aTeammatesRow({ team, server, bob, stage });
      await refusals({ server, bob, stage });
      assert.deepEqual(await accessibilityFindings(harness, bob.page, ['.pane:has(.pane-header[aria-label^="Cloud"]) .pane-body']), []);
      assert.deepEqual(filesWith(TOKEN, [editor.logs, path.join(editor.run, 'data/data/User'), team.bob]), [], 'files that hold the token');
    } finally {
      await server.close();
    }
  },
};

interface Scene {
  readonly server: TeamServer;
  readonly bob: Workbench;
  readonly stage: Stage;
}

async function aTeammatesRow({ team, server, bob, stage }: Scene & { readonly team: Team }): Promise<void> {
  const alice = atCommandLine(team.alice, server);
  await alice('init');
  await alice('cloud', 'enroll', PROJECT);
  await alice('save', '--title', 'Prices are integers in cents', '--content', 'No floating point.', '--project', PROJECT);
  await alice('cloud', 'sync', '--created-by', 'alice');
  assert.deepEqual(memoriesIn(team.alice), ['Local tests need TZ=UTC', 'Prices are integers in cents']);
  await bob.command('Engram: Refresh');
  await sees(bob, /1 to fetch/);
  await picture(stage, bob, 'cloud-to-fetch');
  await clickNext(bob, 'Sync with the cloud');
  await eventually('the row of alice has arrived', () => memoriesIn(team.bob).includes('Prices are integers in cents'), 20_000);
  await sees(bob, /Up to date/);
  assert.equal(server.chunks(PROJECT).length, 2, 'what was fetched is not sent back');
}

/** Each as a row that says what is safe, with nothing lost. */
async function refusals({ server, bob, stage }: Scene): Promise<void> {
  await saveMemory(bob, 'Checkout retries must be idempotent', 'The gateway charged twice.');
  await sees(bob, /1 to send/);
  await picture(stage, bob, 'cloud-to-send');
  server.paused = true;
  await bob.command('Engram: Sync with Cloud');
  await sees(bob, /Paused by the server/);
  await dismissToasts(bob);
  await picture(stage, bob, 'cloud-paused');
  server.paused = false;

  server.allowed = [];
  await clickNext(bob, 'Sync with the cloud');
  await sees(bob, /Project refused/);
  await dismissToasts(bob);
  await picture(stage, bob, 'cloud-project-refused');
  server.allowed = [PROJECT];

  const { port } = server;
  await server.close();
  await bob.command('Engram: Refresh');
  await sees(bob, /kept here.*Cloud not reachable/);
  await dismissToasts(bob);
  await picture(stage, bob, 'cloud-not-reachable');
  await server.listen(port);

  server.token = 'renewed';
  await bob.command('Engram: Sync with Cloud');
  await sees(bob, /Token refused/);
  await bob.toasts().filter({ hasText: 'does not accept the token' }).waitFor();
  await picture(stage, bob, 'cloud-token-refused');
  await dismissToasts(bob);
  assert.equal(server.chunks(PROJECT).length, 2);
  server.token = TOKEN;
  await bob.command('Engram: Sync with Cloud');
  await sees(bob, /Up to date/);
  assert.equal(server.chunks(PROJECT).length, 3, 'what could not be sent was kept, and is sent once');
}

/** From git to the cloud and back: diagnosed, stopped half way, gone on with, rolled back. */
const upgrading: Journey = {
  name: 'The cloud upgrade there and back',
  run: async (stage) => {
    const { server, bob, team } = await setUp(stage);
    try {
      await connect(bob, server, TOKEN);
      await sees(bob, /Not enrolled/);
      await dismissToasts(bob);
      await bob.command('Engram: Diagnose Cloud Upgrade');
      await bob.toasts().filter({ hasText: 'can go to the cloud' }).waitFor({ timeout: 20_000 });
      await sees(bob, /Ready to upgrade/);
      await picture(stage, bob, 'cloud-upgrade-ready');
      server.broken = 404;
      await clickToast(bob, 'can go to the cloud', 'Bootstrap');
      await bob.page.locator('.monaco-dialog-box', { hasText: 'Bring the project' }).waitFor();
      await picture(stage, bob, 'cloud-bootstrap-question');
      await bob.modalButton('Bootstrap').first().click();
      await bob.toasts().filter({ hasText: 'Nothing is lost' }).waitFor({ timeout: 20_000 });
      await bob.command('Engram: Roll Back Cloud Upgrade');
      await bob.modalButton('Roll Back').first().click();
      await sees(bob, /Not enrolled.*rolled back/);
      await picture(stage, bob, 'cloud-rolled-back');
      assert.equal(server.chunks(PROJECT).length, 0);

      server.broken = undefined;
      await dismissToasts(bob);
      await bob.command('Engram: Bootstrap Cloud Upgrade');
      await bob.modalButton('Bootstrap').first().click();
      await bob.toasts().filter({ hasText: 'is in the cloud' }).waitFor({ timeout: 20_000 });
      await sees(bob, /Up to date.*done and checked/);
      await picture(stage, bob, 'cloud-upgrade-done');
      assert.equal(server.chunks(PROJECT).length, 1);

      await bob.command('Engram: Unenroll Project from Cloud');
      await sees(bob, /Not enrolled/);
      await bob.command('Engram: Disconnect from Cloud');
      await sees(bob, /No token/);
      await picture(stage, bob, 'cloud-no-token');
      assert.deepEqual(memoriesIn(team.bob), ['Local tests need TZ=UTC']);
    } finally {
      await server.close();
    }
  },
};

/** Files below these folders that hold a text, as it is. */
function filesWith(text: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file, 'latin1').includes(text)),
  );
}

export const cloud: readonly Journey[] = [connecting, upgrading];
