import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import { type AutoImport, FolderLoop, type LoopParts } from '../../../src/host/folderLoop.ts';
import type { SessionSnapshot } from '../../../src/host/session.ts';
import { SnapshotKeeper } from '../../../src/host/snapshotKeeper.ts';
import { FakeFolder } from './fakeFolder.ts';

function setUp(autoImport: AutoImport = 'on', other: Partial<LoopParts> = {}) {
  const folder = new FakeFolder();
  const snapshots: SessionSnapshot[] = [];
  const arrivals: string[] = [];
  const logged: string[] = [];
  const keeper = new SnapshotKeeper('project', (snapshot) => snapshots.push(snapshot));
  const loop = new FolderLoop({
    call: folder.call,
    keeper,
    trusted: () => true,
    autoImport: () => autoImport,
    hasCloud: () => false,
    gitBusy: async () => false,
    arrived: (arrival) => arrivals.push(textOf(arrival)),
    log: (level, message) => logged.push(`${level} ${message}`),
    ...other,
  });
  return { folder, keeper, loop, snapshots, arrivals, logged };
}

function textOf(arrival: Parameters<LoopParts['arrived']>[0]): string {
  if (arrival.kind === 'ask') return `ask ${arrival.chunks}`;
  return arrival.kind === 'healed' ? `healed ${arrival.summary.kinds.join()}` : `imported ${arrival.summary.chunks}`;
}

const locked = () => new EngramError('store-locked', 'Another window is writing.');

describe('FolderLoop', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('imports at the start what waits, and tells once', async () => {
    const { folder, loop, keeper, arrivals, snapshots, logged } = setUp();
    folder.pull('a', 'b');
    await loop.look('start');
    expect(folder.calls).toEqual(['state', 'importChunks', 'state']);
    expect(keeper.snapshot).toMatchObject({ activity: { kind: 'idle' }, failure: undefined, state: { chunkTotals: { waiting: 0 } } });
    expect(new Set(snapshots.map((snapshot) => snapshot.activity.kind))).toEqual(new Set(['opening', 'idle', 'importing']));
    expect(arrivals).toEqual(['imported 2']);
    expect(logged).toEqual([expect.stringMatching(/^info import \(start\): 2 chunks imported .* \d+ ms$/)]);
  });

  it('a burst of events is one run, 300 ms after the last of them', async () => {
    const { folder, loop, arrivals } = setUp();
    for (let event = 0; event < 20; event++) {
      folder.pull(`chunk${event}`);
      loop.touch('files');
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(279);
    expect(folder.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(folder.calls).toEqual(['state', 'importChunks', 'state']);
    expect(arrivals).toEqual(['imported 20']);
  });

  it('a database that another program has to itself is tried again without a word from anybody, until it is free', async () => {
    const { folder, loop, keeper } = setUp();
    folder.problems = [{ code: 'store-locked', severity: 'error', message: 'Another program has it.' }];
    await loop.look('start');
    expect(keeper.snapshot.state?.problems).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1500);
    expect(folder.calls).toEqual(['state', 'state', 'state']);
    folder.problems = [];
    await vi.advanceTimersByTimeAsync(2000);
    expect(keeper.snapshot.state?.problems).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(folder.calls).toHaveLength(4);
    loop.dispose();
  });

  it('events without end delay it by 3 s at most', async () => {
    const { folder, loop } = setUp();
    folder.pull('a');
    for (let ms = 0; ms < 3000; ms += 100) {
      loop.touch('files');
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(folder.imported).toEqual(new Set(['a']));
    loop.dispose();
  });

  it('a chunk listed before its file is there is looked for after 1, 3 and 10 s, then left until something happens', async () => {
    const { folder, loop, arrivals } = setUp();
    folder.listed.add('late');
    await loop.look('start');
    await vi.advanceTimersByTimeAsync(3999);
    expect(folder.calls).toEqual(['state', 'state']);
    folder.onDisk.add('late');
    await vi.advanceTimersByTimeAsync(1);
    expect(arrivals).toEqual(['imported 1']);
    folder.listed.add('never');
    loop.touch('git');
    await vi.advanceTimersByTimeAsync(100_000);
    expect(folder.calls.slice(5)).toEqual(['state', 'state', 'state', 'state']);
    expect(vi.getTimerCount()).toBe(0);
    folder.onDisk.add('never');
    loop.touch('files');
    await vi.advanceTimersByTimeAsync(300);
    expect(arrivals).toEqual(['imported 1', 'imported 1']);
  });

  it('a lock of another window is quiet for 10 s, then shown, and gone when it worked', async () => {
    const { folder, loop, keeper, logged } = setUp();
    folder.pull('a');
    folder.importFailures.push(...Array.from({ length: 6 }, locked));
    await loop.look('start');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(keeper.snapshot.failure).toBeUndefined();
    expect(logged.every((line) => line.startsWith('debug'))).toBe(true);
    await vi.advanceTimersByTimeAsync(7_000);
    expect(keeper.snapshot.failure).toMatchObject({ code: 'store-locked', severity: 'warning' });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(folder.imported).toEqual(new Set(['a']));
    expect(keeper.snapshot.failure).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a lost worker is tried again; another failure stays until a success', async () => {
    const { folder, loop, keeper } = setUp();
    folder.pull('a');
    folder.importFailures.push(new EngramError('worker-lost', 'Ended.'), new EngramError('disk-full', 'The disk is full.'));
    await loop.look('start');
    expect(keeper.snapshot.failure?.code).toBe('worker-lost');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(keeper.snapshot.failure?.code).toBe('disk-full');
    expect(folder.calls.filter((name) => name === 'importChunks')).toHaveLength(2);
    loop.touch('files');
    await vi.advanceTimersByTimeAsync(300);
    expect(keeper.snapshot.failure).toBeUndefined();
    expect(folder.imported.size).toBe(1);
  });

  it('a state that cannot be read is shown and cleared', async () => {
    const { folder, loop, keeper } = setUp();
    folder.stateFailure = new EngramError('io-failed', 'No permission.', { subject: '.engram' });
    await loop.look('start');
    expect(keeper.snapshot).toMatchObject({ activity: { kind: 'idle' }, failure: { code: 'io-failed', subject: '.engram' } });
    folder.stateFailure = undefined;
    await loop.look('refresh');
    expect(keeper.snapshot.failure).toBeUndefined();
  });

  it('logs a problem once, and again when it comes back', async () => {
    const { folder, loop, logged } = setUp('off');
    folder.problems = [{ code: 'manifest-invalid', severity: 'error', message: 'manifest.json cannot be read.' }];
    await loop.look('start');
    await loop.look('files');
    expect(logged).toEqual(['error manifest.json cannot be read. [manifest-invalid]']);
    folder.problems = [];
    await loop.look('files');
    folder.problems = [{ code: 'manifest-invalid', severity: 'error', message: 'manifest.json cannot be read.' }];
    await loop.look('files');
    expect(logged).toHaveLength(2);
  });

  it('asks once for each batch, and imports nothing', async () => {
    const { folder, loop, arrivals } = setUp('ask');
    folder.pull('a');
    await loop.look('start');
    await loop.look('files');
    folder.pull('b');
    await loop.look('files');
    expect(arrivals).toEqual(['ask 1', 'ask 2']);
    expect(folder.calls).not.toContain('importChunks');
  });

  it.each([
    ['switched off', 'off', {}],
    ['in Restricted Mode', 'on', { trusted: () => false }],
  ] as const)('only looks when it is %s', async (_when, setting, other) => {
    const { folder, loop, arrivals } = setUp(setting, other);
    folder.pull('a');
    await loop.look('start');
    expect(folder.calls).toEqual(['state']);
    expect(arrivals).toEqual([]);
  });

  it('waits for git, but not for a lock that git left behind', async () => {
    let busyMs = 1000;
    const started = Date.now();
    const { folder, loop } = setUp('on', { gitBusy: async () => Date.now() - started < busyMs });
    void loop.look('files');
    await vi.advanceTimersByTimeAsync(999);
    expect(folder.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(folder.calls).toEqual(['state']);
    busyMs = Number.POSITIVE_INFINITY;
    void loop.look('files');
    await vi.advanceTimersByTimeAsync(2000);
    expect(folder.calls).toEqual(['state', 'state']);
  });

  it('leaves no timer and starts nothing after it is disposed', async () => {
    const { folder, loop, arrivals } = setUp();
    folder.listed.add('missing');
    await loop.look('start');
    loop.touch('files');
    loop.dispose();
    expect(vi.getTimerCount()).toBe(0);
    const before = folder.calls.length;
    loop.touch('files');
    await loop.look('refresh');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(folder.calls).toHaveLength(before);
    expect(arrivals).toEqual([]);
  });

  it('survives every failure of what it does not know', async () => {
    const { folder, loop, keeper } = setUp();
    folder.between = () => Promise.reject(new TypeError('secret text'));
    await loop.look('start');
    expect(keeper.snapshot.failure).toMatchObject({ code: 'io-failed' });
    expect(keeper.snapshot.failure?.message).not.toContain('secret');
  });
});

type Event = 'pull' | 'half a pull' | 'the other half' | 'focus' | 'look' | 'locked';

describe('a repair by itself', () => {
  const unlisted = { kinds: ['unlisted'], entries: 2, unlisted: 1, duplicates: 0, missing: 0, torn: 0, automatic: true } as const;

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('happens when it looks the same for a second, once, and is told', async () => {
    const { folder, loop, keeper, arrivals, logged } = setUp();
    folder.healing = unlisted;
    await loop.look('start');
    expect(folder.calls).toEqual(['state']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(folder.calls).toEqual(['state', 'state', 'heal', 'state']);
    expect(arrivals).toEqual(['healed unlisted']);
    expect(logged.some((line) => /^info repair \(retry\): repaired unlisted: 1 entries added/.test(line))).toBe(true);
    expect(keeper.snapshot).toMatchObject({ activity: { kind: 'idle' }, failure: undefined });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(folder.calls.filter((name) => name === 'heal')).toHaveLength(1);
  });

  it('waits for a pull that is half way, which looks like a lost entry', async () => {
    const { folder, loop } = setUp();
    folder.healing = unlisted;
    await loop.look('start');
    await vi.advanceTimersByTimeAsync(500);
    folder.healing = undefined;
    loop.touch('files');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(folder.calls).not.toContain('heal');
  });

  it('is not tried again when it changed nothing', async () => {
    const { folder, loop } = setUp();
    Object.defineProperty(folder, 'healing', { get: () => unlisted, set: () => undefined });
    await loop.look('start');
    for (let minute = 0; minute < 5; minute++) {
      await vi.advanceTimersByTimeAsync(60_000);
      loop.touch('focus');
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(folder.calls.filter((name) => name === 'heal')).toHaveLength(1);
  });

  it.each<[string, AutoImport, Partial<LoopParts>, { automatic?: boolean }]>([
    ['the person imports by hand', 'off', {}, {}],
    ['the person wants to be asked', 'ask', {}, {}],
    ['the folder is not trusted', 'on', { trusted: () => false }, {}],
    ['it takes a click', 'on', {}, { automatic: false }],
  ])('does not happen where %s', async (_name, autoImport, parts, healing) => {
    const { folder, loop } = setUp(autoImport, parts);
    folder.healing = { ...unlisted, ...healing };
    await loop.look('start');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(folder.calls).not.toContain('heal');
  });
});

describe('FolderLoop, in any order of events', () => {
  it('never overlaps, always runs once more after the last event, and everything that is there ends up imported', async () => {
    const events = fc.array(fc.constantFrom<Event>('pull', 'half a pull', 'the other half', 'focus', 'look', 'locked'), {
      minLength: 1,
      maxLength: 10,
    });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, fc.array(fc.integer({ min: 0, max: 700 })), async (s, happening, pauses) => {
        vi.useFakeTimers();
        const { folder, loop, keeper } = setUp();
        folder.between = (name) => s.schedule(Promise.resolve(), name);
        let next = 0;
        const happen: Record<Event, () => void> = {
          pull: () => folder.pull(`c${next++}`),
          'half a pull': () => folder.listed.add(`c${next++}`),
          'the other half': () => folder.pull(...folder.listed),
          focus: () => undefined,
          look: () => void loop.look('refresh'),
          locked: () => void folder.importFailures.push(locked()),
        };
        for (const [at, event] of happening.entries()) {
          happen[event]();
          loop.touch('files');
          await vi.advanceTimersByTimeAsync(pauses[at] ?? 0);
          if (s.count() > 0 && at % 2 === 0) await s.waitOne();
        }
        for (let quietRounds = 0; quietRounds < 3; quietRounds++) {
          if (vi.getTimerCount() > 0 || s.count() > 0) quietRounds = 0;
          await vi.advanceTimersByTimeAsync(500);
          await s.waitIdle();
        }
        expect(folder.mostActive).toBeLessThanOrEqual(1);
        expect(folder.imported).toEqual(folder.onDisk);
        expect(keeper.snapshot).toMatchObject({ state: folder.state, activity: { kind: 'idle' }, failure: undefined });
        expect(vi.getTimerCount()).toBe(0);
        loop.dispose();
      }),
    );
    vi.useRealTimers();
  });
});
