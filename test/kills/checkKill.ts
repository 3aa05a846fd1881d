import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import { type MemoryFolder, openMemoryFolder } from '../../src/openFolder.ts';
import { Random } from '../simulation/random.ts';
import { type FolderChecker, leftOver, sharedTitles } from '../support/checkFolder.ts';
import { WASM_PATH } from '../support/wasm.ts';
import { type Run, runCommand } from './commandLine.ts';
import { writeInPlace } from './goWriter.ts';

/** Longer than any command takes here. */
const GIVE_UP_MS = 30_000;

/**
 * Kills the command line at a random moment, now and then beside a second one, or beside a program that writes in place. Afterwards the
 * databases are whole, every memory that was saved is there, and one repair and sync make everything shared and tidy.
 */
export async function checkKill(cli: string, checker: FolderChecker, seed: number): Promise<void> {
  const random = new Random(seed);
  const place = mkdtempSync(join(tmpdir(), 'engram-kill-'));
  const root = join(place, '.engram');
  try {
    await prepare(place);
    const saved = new Set(['Shared', 'Mine', 'Theirs']);
    if (random.chance(0.3)) await killHolder(cli, place, random, saved);
    else await killOne(cli, place, random, saved);
    const titles = checker.titles(root);
    for (const title of ['Shared', 'Mine']) assert.ok(titles.includes(title), `${title} is lost`);
    await recover(root);
    const after = checker.titles(root);
    for (const title of saved) assert.ok(after.includes(title), `${title} is lost`);
    assert.equal(new Set(after).size, after.length, 'a memory is there twice');
    assert.deepEqual(sharedTitles(root), after);
    assert.deepEqual(leftOver(place), []);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** One memory that is shared, one that is not, one that a teammate's chunk brings. */
async function prepare(place: string): Promise<void> {
  mkdirSync(join(place, '.engram'));
  await writeInPlace(join(place, '.engram'), 'Theirs', new Random(7));
  await use(join(place, '.engram'), async (folder) => {
    await folder.save({ title: 'Shared', content: 'a' });
    await folder.exportNew({});
    await folder.save({ title: 'Mine', content: 'b' });
  });
}

async function use(root: string, work: (folder: MemoryFolder) => Promise<unknown>): Promise<void> {
  const options = { trusted: true, gitPath: '', limits: DEFAULT_LIMITS, author: 'alice', includePersonal: false, sessionId: 'vscode-kill' };
  const folder = openMemoryFolder(
    { ...options, root, keepFolder: join(dirname(root), 'kept') },
    { wasmPath: WASM_PATH, log: () => undefined, onReading: () => undefined, quarantined: () => false },
  );
  try {
    await work(folder);
  } finally {
    await folder.close();
  }
}

function command(random: Random, title: string): string[] {
  return random.oneOf(['save', '--title', title, '--content', 'c'], ['sync'], ['import'], ['export'], ['init']);
}

/** Killed after some milliseconds, or at a change in the folder; in a third of the runs while another program writes. */
async function killOne(cli: string, place: string, random: Random, saved: Set<string>): Promise<void> {
  const root = join(place, '.engram');
  const run = runCommand(cli, place, ...command(random, 'New'));
  const moment = random.chance(0.25) ? sleep(random.int(1, 600)) : changes(root, random.int(1, 30));
  const stop = Promise.race([moment, run.ended]).then(() => run.process.kill('SIGKILL'));
  if (random.chance(0.35)) {
    await Promise.race([changes(root, random.int(1, 5)), run.ended]);
    if (await writeInPlace(root, 'Go', random)) saved.add('Go');
  }
  await stop;
  await run.ended;
}

/** Two at once; the first is killed while it holds the lock, the second does its work all the same. */
async function killHolder(cli: string, place: string, random: Random, saved: Set<string>): Promise<void> {
  const root = join(place, '.engram');
  const first = runCommand(cli, place, ...command(random, 'New'));
  const second = runCommand(cli, place, 'save', '--title', 'Second', '--content', 'd');
  await Promise.race([untilHeldBy(root, first), first.ended]);
  await sleep(random.int(0, 8));
  first.process.kill('SIGKILL');
  await first.ended;
  const { code, errors } = await second.ended;
  assert.equal(code, 0, errors);
  saved.add('Second');
}

async function untilHeldBy(root: string, run: Run): Promise<void> {
  for (const start = performance.now(); performance.now() - start < GIVE_UP_MS; await sleep(1)) {
    const path = join(root, '.lock');
    if (existsSync(path) && readQuietly(path).includes(`"pid":${run.process.pid},`)) return;
    if (run.process.exitCode !== null) return;
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Until so many things have happened in the folder and its chunks. */
function changes(root: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const heard = (): void => {
      left -= 1;
      if (left === 0) end();
    };
    const watchers = [watch(root, heard), watch(join(root, 'chunks'), heard)];
    const timer = setTimeout(end, GIVE_UP_MS).unref();
    function end(): void {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      resolve();
    }
  });
}

/** What a person does: the repair that is offered, then a sync; the next one has nothing left to do. */
async function recover(root: string): Promise<void> {
  await use(root, async (folder) => {
    await folder.heal({});
    await folder.sync({});
    assert.deepEqual((await folder.sync({})).exported.chunkIds, []);
  });
}
