import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { launchBrowser, openWindow } from '../../scripts/harness/browser.ts';
import { type Harness, installHarness } from '../../scripts/harness/install.ts';
import { shortTemporaryFolder, startServer } from '../../scripts/harness/server.ts';
import { results, root, vsix } from '../../scripts/paths.ts';
import type { Counts } from '../../scripts/suites.ts';
import type { Journey } from './journey.ts';
import { journeys } from './journeys.ts';
import { Workbench } from './workbench.ts';

export interface JourneyOptions {
  /** Only journeys whose name contains this text. */
  readonly only?: string;
  /** Pictures go into `docs/screenshots` too. */
  readonly docs?: boolean;
  /** Plays the journeys that have no theme of their own in this one; their pictures are named after it. */
  readonly theme?: 'light';
}

type Look = Omit<JourneyOptions, 'only'>;

const LIGHT_THEME = { 'workbench.colorTheme': 'Default Light Modern' };

/** Plays the journeys one after another on the packed extension (mode B), each on a server of its own. */
export async function runJourneys({ only = '', ...look }: JourneyOptions = {}): Promise<Counts> {
  const harness = await installHarness();
  for (const warning of harness.warnings) console.warn(warning);
  if (!harness.browser) return process.env['CI'] ? { passed: 0, failed: 1, skipped: 0 } : { passed: 0, failed: 0, skipped: 1 };
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const journey of journeys.filter(
    ({ name, server }) => name.includes(only) && !(look.theme && server?.settings?.['workbench.colorTheme']),
  )) {
    const reason = journey.skip?.();
    const start = performance.now();
    const error = reason === undefined ? await play(harness, journey, look).catch((failure: unknown) => failure) : undefined;
    const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
    if (reason !== undefined) counts.skipped++;
    else if (error === undefined) counts.passed++;
    else counts.failed++;
    console.log(
      reason !== undefined ? ` - ${journey.name} (skipped: ${reason})` : ` ${error === undefined ? '✓' : '✗'} ${journey.name} (${seconds})`,
    );
    if (error !== undefined) console.log(error);
  }
  return counts;
}

/** Gives the error where the journey failed, and rejects where there was no server or no browser for it; a picture of every window is then in `test-results`. */
async function play(harness: Harness, journey: Journey, look: Look): Promise<unknown> {
  const slug = journey.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const folder = shortTemporaryFolder();
  const settings = {
    'security.workspace.trust.enabled': journey.trusted === false,
    ...(look.theme && LIGHT_THEME),
    ...journey.server?.settings,
  };
  const server = await startServer(harness, { name: slug, install: [vsix], ...journey.server, settings });
  const windows: Workbench[] = [];
  const browser = await launchBrowser(harness, server);
  try {
    await journey.run({
      harness,
      server,
      folder,
      open: async (target) => {
        const window = new Workbench(await openWindow(browser, server, { folder: target }));
        windows.push(window);
        await window.ready();
        return window;
      },
      picture: (window, name) => keepPicture(window, look.theme ? `${name}-${look.theme}` : name, look.docs === true),
    });
    return undefined;
  } catch (error) {
    for (const [index, window] of windows.entries()) await keepPicture(window, `failed-${slug}-${index + 1}`, false);
    const logs = path.join(results, `logs-${slug}`);
    rmSync(logs, { recursive: true, force: true });
    cpSync(server.logs, logs, { recursive: true });
    for (const window of windows) console.log(`   the window says: ${await window.whatItSays()}`);
    printLogs(logs);
    return error;
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the extension itself wrote: the pictures do not leave the machine on which a run failed, the output does. */
function printLogs(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('Engram.log'));
  for (const file of files.sort()) {
    const lines = readFileSync(path.join(folder, file), 'utf8').trim().split('\n').slice(-20);
    console.log([`   ${file}`, ...lines].join('\n     '));
  }
}

async function keepPicture(window: Workbench, name: string, docs: boolean): Promise<void> {
  const file = path.join(results, `${name}.png`);
  await window.page.screenshot({ path: file });
  if (!docs) return;
  mkdirSync(path.join(root, 'docs/screenshots'), { recursive: true });
  cpSync(file, path.join(root, `docs/screenshots/${name}.png`));
}
