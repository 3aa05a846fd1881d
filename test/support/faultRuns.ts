import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ownIdentity } from '../../src/adapters/processIdentity.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import { type MemoryFolder, openMemoryFolder } from '../../src/openFolder.ts';
import { FolderChecker, leftOver, sharedTitles } from './checkFolder.ts';
import { callsThatCount, type Fault, FaultyDisk } from './faultyDisk.ts';
import { WASM_PATH } from './folder.ts';

const now = vi.hoisted(() => ({ disk: undefined as FaultyDisk | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const { withFaults } = await import('./faultyDisk.ts');
  return withFaults(await original(), now);
});

// A thread for each lock is most of the time here, and no call of this file system.
vi.mock('../../src/adapters/heartbeat.ts', () => ({ startHeartbeat: () => ({ stop: async () => undefined }) }));

// Its code is compiled once, not for each of some thousand folders.
vi.mock('sql.js', async (original) => {
  const { default: load } = await original<typeof import('sql.js')>();
  let loaded: ReturnType<typeof load> | undefined;
  return { default: (options: Parameters<typeof load>[0]) => (loaded ??= load(options)) };
});

// Waiting for a disk that does not come back by itself here is only time.
vi.mock('node:timers/promises', async (original) => {
  const real = await original<typeof import('node:timers/promises')>();
  return { ...real, setTimeout: (ms: number, ...rest: []) => real.setTimeout(Math.min(ms, 1), ...rest) };
});

/** No process has it: Linux, macOS and Windows all stop far below. */
const DEAD_PID = 2 ** 30;
const DAMAGED = 'no database';
const FAULTS: Readonly<Record<string, Fault>> = {
  'the process is killed at': { kind: 'stop', code: 'ESTOPPED' },
  'permission is refused once, at': { kind: 'fail', code: 'EACCES' },
  'the disk is gone from': { kind: 'fail-on', code: 'EIO' },
  'the disk is full from': { kind: 'full', code: 'ENOSPC' },
};

let base: string;
let checker: FolderChecker;
const oldPath = process.env['PATH'];
beforeAll(async () => {
  base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'engram-faults-'));
  checker = await FolderChecker.load();
  // Without git: its processes are not this process's file system, and most of the time.
  process.env['PATH'] = '';
});
afterAll(() => {
  process.env['PATH'] = oldPath;
  rmSync(base, { recursive: true, force: true });
});

interface Scenario {
  /** Makes what is there before, in `place/.engram` and `place/kept`. */
  readonly prepare: (place: string) => Promise<void>;
  readonly act: (folder: MemoryFolder) => Promise<unknown>;
  /** What a person does once more before they sync. */
  readonly again?: (folder: MemoryFolder) => Promise<unknown>;
  /** Memories of the database that must be there whatever happens. */
  readonly before: readonly string[];
  /** All memories after the next sync, in the database and in the shared chunks. */
  readonly after: readonly string[];
  /** What cannot be read in the old state. */
  readonly damaged?: 'manifest' | 'database';
}

function open(place: string): MemoryFolder {
  const options = { trusted: true, gitPath: '', limits: DEFAULT_LIMITS, author: 'alice', includePersonal: false, sessionId: 'vscode-test' };
  return openMemoryFolder(
    { ...options, root: join(place, '.engram'), keepFolder: join(place, 'kept') },
    { wasmPath: WASM_PATH, log: () => undefined, onReading: () => undefined, quarantined: () => false },
  );
}

async function use(place: string, work: (folder: MemoryFolder) => Promise<unknown>): Promise<void> {
  const folder = open(place);
  try {
    await work(folder);
  } finally {
    await folder.close();
  }
}

const save = (folder: MemoryFolder, ...titles: string[]) =>
  titles.reduce<Promise<unknown>>(
    (before, title) => before.then(() => folder.save({ title, content: `text of ${title}`, project: 'demo' })),
    Promise.resolve(),
  );

/** One shared memory and one that is not. */
async function twoMemories(place: string): Promise<void> {
  await use(place, async (folder) => {
    await folder.initialise();
    await save(folder, 'Shared');
    await folder.sync({});
    await save(folder, 'Mine');
  });
}

/** Chunks of a teammate, each with one memory, and the manifest that lists them. */
async function chunksOf(place: string, ...titles: string[]): Promise<void> {
  const teammate = `${place}-teammate`;
  await use(teammate, async (folder) => {
    mkdirSync(join(teammate, '.engram'), { recursive: true });
    for (const title of titles) {
      await save(folder, title);
      await folder.sync({});
    }
  });
  for (const name of ['chunks', 'manifest.json'])
    cpSync(join(teammate, '.engram', name), join(place, '.engram', name), { recursive: true });
}

/** What a person does every day. */
export const EVERY_DAY: Readonly<Record<string, Scenario>> = {
  'Saving a memory': {
    prepare: twoMemories,
    act: (folder) => save(folder, 'New'),
    again: (folder) => save(folder, 'New'),
    before: ['Mine', 'Shared'],
    after: ['Mine', 'New', 'Shared'],
  },
  Exporting: {
    prepare: twoMemories,
    act: (folder) => folder.exportNew({}),
    before: ['Mine', 'Shared'],
    after: ['Mine', 'Shared'],
  },
  Importing: {
    prepare: async (place) => {
      mkdirSync(join(place, '.engram'), { recursive: true });
      await use(place, (folder) => save(folder, 'Mine'));
      await chunksOf(place, 'One', 'Two');
    },
    act: (folder) => folder.importChunks({}),
    before: ['Mine'],
    after: ['Mine', 'One', 'Two'],
  },
  Initializing: {
    prepare: async (place) => void mkdirSync(place, { recursive: true }),
    act: (folder) => folder.initialise(),
    again: (folder) => folder.initialise(),
    before: [],
    after: [],
  },
};

/** What is done after something went wrong. */
export const AFTER_TROUBLE: Readonly<Record<string, Scenario>> = {
  'Repairing manifest and chunks': {
    prepare: async (place) => {
      await twoMemories(place);
      await chunksOf(place, 'One', 'Two');
      const path = join(place, '.engram/manifest.json');
      const text = readFileSync(path, 'utf8');
      const ours = text.replace(/,\s*\{[^{}]*\}(?=\s*\]\s*\}$)/, '');
      writeFileSync(path, `<<<<<<< HEAD\n${ours}\n=======\n${text}\n>>>>>>> theirs\n`);
    },
    act: (folder) => folder.heal({}),
    again: (folder) => folder.heal({}),
    before: ['Mine', 'Shared'],
    after: ['Mine', 'One', 'Shared', 'Two'],
    damaged: 'manifest',
  },
  'Restoring what was kept': {
    prepare: async (place) => {
      await twoMemories(place);
      for (const name of ['engram.db', 'index.db']) rmSync(join(place, '.engram', name));
    },
    act: (folder) => folder.restoreKept(),
    again: (folder) => folder.restoreKept(),
    before: [],
    after: ['Mine', 'Shared'],
  },
  'Taking the lock that a dead process left': {
    prepare: async (place) => {
      await twoMemories(place);
      const owner = { ...(await ownIdentity()), pid: DEAD_PID, token: 'theirs', program: 'engram-team-memory' };
      writeFileSync(join(place, '.engram/.lock'), JSON.stringify(owner));
    },
    act: (folder) => folder.initialise(),
    before: ['Mine', 'Shared'],
    after: ['Mine', 'Shared'],
  },
  'Setting a damaged database aside': {
    prepare: async (place) => {
      await twoMemories(place);
      writeFileSync(join(place, '.engram/engram.db'), DAMAGED);
    },
    act: (folder) => folder.state(),
    again: (folder) => folder.restoreKept(),
    before: [],
    after: ['Mine', 'Shared'],
    damaged: 'database',
  },
};

/** The same folder again for each run. */
async function template(name: string, { prepare }: Scenario): Promise<string> {
  const place = join(base, `${name.replaceAll(' ', '-')}-template`);
  await prepare(place);
  return place;
}

async function run(from: string, scenario: Scenario, disk: FaultyDisk) {
  const place = mkdtempSync(join(base, 'run-'));
  cpSync(from, place, { recursive: true, preserveTimestamps: true });
  const folder = open(place);
  const pid = process.pid;
  if (disk.kind === 'stop') Object.defineProperty(process, 'pid', { value: DEAD_PID, configurable: true });
  now.disk = disk;
  try {
    await scenario.act(folder);
    return { place, folder, error: undefined };
  } catch (error) {
    return { place, folder, error };
  } finally {
    now.disk = undefined;
    Object.defineProperty(process, 'pid', { value: pid, configurable: true });
  }
}

/** From here on the temporary files of this process are those of one that ended. */
function endProcess(place: string): void {
  for (const name of leftOver(place)) if (name.endsWith('.lock.break')) utimesSync(join(place, name), 0, 0);
  for (const name of leftOver(place)) renameSync(join(place, name), join(place, name.replace(`.tmp-${process.pid}-`, `.tmp-${DEAD_PID}-`)));
}

async function checkOne(from: string, scenario: Scenario, fault: Fault, at: number): Promise<void> {
  const { place, folder, error } = await run(from, scenario, new FaultyDisk(fault, at));
  const root = join(place, '.engram');
  try {
    if (fault.kind === 'stop') endProcess(place);
    else if (error) expect(error).toBeInstanceOf(EngramError);
    checkAfterFault(root, scenario);
    const next = fault.kind === 'stop' ? open(place) : folder;
    await scenario.again?.(next);
    await next.sync({});
    if (fault.kind === 'stop') expect((await next.sync({})).exported.chunkIds).toEqual([]);
    await next.close();
    expect(checker.titles(root)).toEqual(scenario.after);
    expect(sharedTitles(root)).toEqual(scenario.after);
    expect(leftOver(place).filter((name) => !/\.tmp-|\.break$/.test(name))).toEqual([]);
    if (leftOver(place).length > 0) {
      endProcess(place);
      await use(place, (last) => last.sync({}));
    }
    expect(leftOver(place)).toEqual([]);
  } finally {
    await folder.close();
    rmSync(place, { recursive: true, force: true });
  }
}

/** Old or new, nothing between, before anybody repairs anything. */
function checkAfterFault(root: string, scenario: Scenario): void {
  if (!existsSync(root)) return;
  if (scenario.damaged !== 'manifest') sharedTitles(root);
  const database = join(root, 'engram.db');
  const isAsItWas = scenario.damaged === 'database' && existsSync(database) && readFileSync(database, 'utf8') === DAMAGED;
  if (!isAsItWas) {
    const titles = checker.titles(root);
    expect(titles).toEqual(expect.arrayContaining([...scenario.before]));
    expect(scenario.after).toEqual(expect.arrayContaining(titles));
    const aside = readdirSync(root).filter((name) => name.startsWith('engram.db.damaged-'));
    expect(aside.map((name) => readFileSync(join(root, name), 'utf8'))).toEqual(scenario.damaged === 'database' ? [DAMAGED] : []);
  }
}

/**
 * A fault at each call of each scenario. What the program runs on is replaced where this file is loaded, so a test file imports the
 * program through it alone.
 */
export function describeFaults(scenarios: Readonly<Record<string, Scenario>>): void {
  describe.each(Object.entries(scenarios))('%s', (name, scenario) => {
    it.each(Object.entries(FAULTS))(
      'loses nothing, and the next sync completes it, when %s any call',
      async (what, fault) => {
        const from = await template(`${name} ${what}`, scenario);
        const counting = new FaultyDisk();
        const { place, folder } = await run(from, scenario, counting);
        await folder.close();
        rmSync(place, { recursive: true });
        const numbers = callsThatCount(fault.kind, counting.calls);
        expect(numbers.length).toBeGreaterThan(4);
        for (const at of numbers) {
          await checkOne(from, scenario, fault, at).catch((cause: unknown) => {
            throw new Error(`call ${at} of ${counting.calls.length}, ${counting.calls[at - 1]}`, { cause });
          });
        }
      },
      120_000,
    );
  });
}
