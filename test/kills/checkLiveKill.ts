import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LIMITS, type FolderOptions } from '../../src/engine/folderRequests.ts';
import { openMemoryFolder } from '../../src/openFolder.ts';
import { Random } from '../simulation/random.ts';
import { agentSaves, integrityOf, journalModeOf, makeLiveDatabase, searchAsProgram } from '../support/liveDatabase.ts';
import { memoryRow, receive, sessionRow } from '../support/liveMember.ts';
import { WASM_PATH } from '../support/wasm.ts';

const GIVE_UP_MS = 30_000;
/** Memories that are not shared. */
const OWN = 40;

/** What waits to be imported. */
interface Load {
  readonly chunks: number;
  readonly rows: number;
  /** How long an import may take, in ms. */
  readonly longestMs: number;
}

const SMALL: Load = { chunks: 5, rows: 40, longestMs: 250 };
/** Its import is committed in several pieces. */
const LARGE: Load = { chunks: 1, rows: 5000, longestMs: 2500 };

interface Place {
  readonly folder: string;
  readonly root: string;
  readonly data: string;
  readonly livePath: string;
  readonly load: Load;
}

/**
 * Kills the command line at a random moment of an import or export on a live database, while an agent's program has it open and writes.
 * Afterwards the database is whole, that program goes on, and the next sync completes what was begun.
 */
export async function checkLiveKill(cli: string, seed: number): Promise<void> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'engram-live-kill-'));
  const data = join(folder, 'data');
  const place = {
    folder,
    data,
    root: join(folder, 'team', '.engram'),
    livePath: join(data, 'engram.db'),
    load: random.chance(0.1) ? LARGE : SMALL,
  };
  for (const path of [place.root, data]) mkdirSync(path, { recursive: true });
  try {
    const expected = prepare(place);
    const agent = new DatabaseSync(place.livePath);
    try {
      agent.exec('PRAGMA busy_timeout = 5000');
      await killOne(cli, place, agent, random, () => expected.add(save(agent, expected.size)));
      assert.equal(agent.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
      expected.add(save(agent, expected.size));
      await recover(place);
    } finally {
      agent.close();
    }
    check(place, expected);
    assert.equal(await sharedWithTeam(place.root), expected.size);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Memories of an agent that are not shared, and chunks of a teammate that wait. @returns all titles */
function prepare({ root, livePath, load }: Place): Set<string> {
  makeLiveDatabase(livePath);
  const titles = new Set<string>();
  const agent = new DatabaseSync(livePath);
  agent.exec('PRAGMA synchronous = OFF');
  for (let index = 0; index < OWN; index++) titles.add(save(agent, index));
  agent.close();
  for (let chunk = 0; chunk < load.chunks; chunk++) {
    const names = Array.from({ length: load.rows }, (_, index) => `bob-${chunk}-${index}`);
    receive(root, {
      sessions: [sessionRow('s-bob')],
      observations: names.map((name) => memoryRow(`obs-${name}`, { title: `${name} narwhal` })),
    });
    for (const name of names) titles.add(`${name} narwhal`);
  }
  return titles;
}

function save(agent: DatabaseSync, number: number): string {
  const title = `agent-${number} walrus`;
  agent.exec('BEGIN IMMEDIATE');
  agentSaves(agent, `obs-agent-${number}`, { title });
  agent.exec('COMMIT');
  return title;
}

/** After some milliseconds of work, after so many chunks, or when so many files have changed. */
async function killOne(cli: string, place: Place, agent: DatabaseSync, random: Random, agentSavesOne: () => void): Promise<void> {
  const command = random.oneOf('sync', 'sync', 'import', 'export');
  const args = [cli, command, '--dir', join(place.folder, 'team'), '--database', 'live', '--project', 'demo'];
  const child = spawn(process.execPath, args, { env: { ...process.env, ENGRAM_DATA_DIR: place.data }, stdio: 'ignore' });
  const ended = once(child, 'close');
  const meanwhile = writing(child, random, agentSavesOne);
  const work = until(child, () => existsSync(join(place.root, '.lock')));
  const wanted = random.int(1, command === 'export' ? 1 : place.load.chunks + 1);
  const moment = random.oneOf(
    async () => sleep(random.int(0, place.load.longestMs)),
    async () => until(child, () => recordedChunks(agent) >= wanted).then(() => sleep(random.int(0, 12))),
    async () => changes([place.root, join(place.root, 'chunks')], random.int(1, 12)),
  );
  await Promise.race([work.then(moment), ended]);
  child.kill('SIGKILL');
  await ended;
  await meanwhile;
}

function recordedChunks(agent: DatabaseSync): number {
  return Number(agent.prepare('SELECT count(*) AS n FROM sync_chunks').get()?.['n']);
}

async function until(child: ChildProcess, isSo: () => boolean): Promise<void> {
  for (const start = performance.now(); !isSo() && isRunning(child) && performance.now() - start < GIVE_UP_MS; ) await sleep(2);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && !child.killed;
}

/** The agent goes on meanwhile. */
async function writing(child: ChildProcess, random: Random, agentSavesOne: () => void): Promise<void> {
  while (isRunning(child)) {
    agentSavesOne();
    await sleep(random.int(5, 60));
  }
}

/** Until so many things have happened in these folders. */
function changes(paths: readonly string[], count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const watchers = paths.map((path) =>
      watch(path, () => {
        left -= 1;
        if (left === 0) end();
      }),
    );
    const timer = setTimeout(end, GIVE_UP_MS).unref();
    function end(): void {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      resolve();
    }
  });
}

async function recover(place: Place): Promise<void> {
  await withFolder(place.root, { database: 'live', livePath: place.livePath, project: 'demo' }, async (folder) => {
    await folder.sync({});
    const again = await folder.sync({});
    assert.deepEqual(again.exported.chunkIds, []);
    assert.equal(again.imported.chunks, 0);
    assert.deepEqual(again.imported.problems, []);
  });
}

async function withFolder(
  root: string,
  options: Partial<FolderOptions>,
  work: (folder: ReturnType<typeof openMemoryFolder>) => Promise<void>,
) {
  const usual = { trusted: true, gitPath: '', limits: DEFAULT_LIMITS, author: 'ann', includePersonal: false, sessionId: 'vscode-kill' };
  const environment = { wasmPath: WASM_PATH, log: () => undefined, onReading: () => undefined, quarantined: () => false };
  const folder = openMemoryFolder({ ...usual, root, keepFolder: '', ...options }, environment);
  try {
    await work(folder);
  } finally {
    await folder.close();
  }
}

function check({ livePath, load }: Place, expected: ReadonlySet<string>): void {
  const database = new DatabaseSync(livePath);
  const rows = database.prepare('SELECT title FROM observations WHERE deleted_at IS NULL').all();
  database.close();
  const titles = rows.map((row) => String(row['title']));
  assert.deepEqual(titles.toSorted(), [...expected].toSorted());
  assert.equal(searchAsProgram(livePath, 'narwhal').length, load.chunks * load.rows);
  assert.deepEqual(integrityOf(livePath), ['ok']);
  assert.equal(journalModeOf(livePath), 'wal');
}

/** What the team gets: titles in the chunks, as a teammate imports them. */
async function sharedWithTeam(root: string): Promise<number> {
  let count = 0;
  await withFolder(root, {}, async (folder) => {
    await folder.importChunks({});
    count = (await folder.state()).totals.observations;
  });
  return count;
}
