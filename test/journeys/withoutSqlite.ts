import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { integrityOf, withLive } from '../support/liveDatabase.ts';
import { sharedTeam } from './clones.ts';
import type { Journey, Stage } from './journey.ts';
import { answerQuestion, liveDatabaseOf, liveTitles } from './liveMemories.ts';
import { saveMemory } from './people.ts';
import type { Workbench } from './workbench.ts';

const PROJECT = 'lantern-shop';
const HEADLINE = 'Database of the Engram program';

/** The person's own program, the newest that `ENGRAM_BIN` names. */
const program = (process.env['ENGRAM_BIN'] ?? '').split(path.delimiter).findLast((file) => file !== '' && existsSync(file));

/** No engram program in PATH, and what asks GitHub for a newer release reaches nobody. */
const env = {
  PATH: (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => !existsSync(path.join(folder, 'engram')))
    .join(path.delimiter),
  HTTPS_PROXY: 'http://127.0.0.1:9',
};

/** The extension runs in a thread that takes its flags from the environment, and the editor's server takes `NODE_OPTIONS` away from what it starts. */
const NO_SQLITE = 'data:text/javascript,process.env.NODE_OPTIONS="--no-experimental-sqlite"';

async function openWithLive(stage: Stage, clone: string): Promise<Workbench> {
  const window = await stage.open(clone);
  await answerQuestion(window, 'Use the Program');
  await window.seesStatus(/read-only/);
  await window.openSidebar();
  return window;
}

/** Sets the path as a person does, from the notice on. */
async function setProgramPath(window: Workbench, file: string): Promise<void> {
  await window.view('Chunks').locator(`.monaco-list-row[aria-label^="${HEADLINE}. "]`).first().click();
  await window.answer('/usr/local/bin/engram', file);
}

/** A click on the item while something is under way does nothing. */
async function clickFor(window: Workbench, button: string): Promise<void> {
  await eventually(`the question with ${button}`, async () => {
    await window.statusItem.click();
    await window.modalButton(button).waitFor({ timeout: 2000 });
    return true;
  });
}

/** What the program does for a person who asks: an import, a save, an export, each shown before or after by what is there. */
async function workThroughProgram(stage: Stage, window: Workbench, of: { readonly clone: string; readonly file: string }): Promise<void> {
  const { clone, file } = of;
  await window.seesStatus(/to import/);
  await stage.picture(window, 'program-found');
  await clickFor(window, 'Import Only');
  await stage.picture(window, 'program-question');
  const before = liveTitles(file).length;
  await window.modalButton('Import Only').click();
  await eventually('what the team shared is in the program’s database', () => liveTitles(file).length > before, 20_000);
  await window.seesStatus(/read-only/);
  assert.equal(await git(clone, 'status', '--porcelain'), '', 'nothing has left');

  await saveMemory(window, 'Wicks are trimmed on Mondays', 'Before the shop opens.');
  const saved = `SELECT count(*) AS n FROM observations WHERE title = 'Wicks are trimmed on Mondays' AND project = '${PROJECT}'`;
  await eventually('the program has saved it', () => withLive(file, (database) => database.prepare(saved).get()?.['n'] === 1), 20_000);

  await clickFor(window, 'Share');
  await stage.picture(window, 'program-share');
  await window.modalButton('Share').click();
  await eventually('the memories are in a chunk', async () =>
    /chunks\//.test(await git(clone, 'status', '--porcelain', '--untracked-files=all')),
  );
  await window.seesStatus(/commit to share/);
  assert.deepEqual(integrityOf(file), ['ok']);
}

/** An older editor: what agents wrote is shown, and changed by the person's own program, or by nobody. */
export const withoutSqlite: Journey = {
  name: 'An editor without SQLite of its own',
  server: { env, nodeFlags: ['--import', NO_SQLITE] },
  run: async (stage) => {
    const { carol } = await sharedTeam(stage.folder);
    const file = liveDatabaseOf(stage, PROJECT);
    const window = await openWithLive(stage, carol);
    await window.seesNotice(
      HEADLINE,
      /read-only, as of their last commit.*in no folder of PATH.*install the engram program/,
      'Click to set its path',
    );
    await stage.picture(window, 'program-none');
    assert.match(await window.statusSpoken(), /read-only, Click to see what can be done$/);
    assert.equal(liveTitles(file).length, 2, 'nothing is imported by itself');
    assert.deepEqual(
      readdirSync(path.dirname(file)).filter((name) => !name.startsWith('engram.db')),
      [],
      'nothing else stands beside the database',
    );
    if (program === undefined) {
      console.log('   no engram program (ENGRAM_BIN): the part with it was left out');
      return;
    }
    await setProgramPath(window, program);
    await workThroughProgram(stage, window, { clone: carol, file });
  },
};
