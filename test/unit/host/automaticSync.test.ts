import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CloudSyncSummary } from '../../../src/engine/cloud/cloudState.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { AutomaticSync } from '../../../src/host/automaticSync.ts';
import type { AutomaticRun } from '../../../src/host/session.ts';
import { imported } from './fakeFolder.ts';

const summary: CloudSyncSummary = {
  imported: imported(1),
  exported: { chunkIds: [], sessions: 0, memories: 0, prompts: 0, mutations: 0, personal: 0, heldBack: 0 },
};

function setUp() {
  const world = { isOn: true, isReady: true, toSend: 0, workedAtMs: undefined as number | undefined, afterwards: (): void => undefined };
  const runs: AutomaticRun[] = [];
  let answer: () => Promise<CloudSyncSummary> = async () => summary;
  let syncs = 0;
  const automatic = new AutomaticSync({
    isOn: () => world.isOn,
    folders: () => [
      {
        isReady: world.isReady,
        toSend: world.toSend,
        workedAtMs: world.workedAtMs,
        sync: () => {
          syncs++;
          return answer();
        },
        told: async (run) => {
          runs.push(run);
          world.afterwards();
        },
      },
    ],
    now: Date.now,
    random: () => 0.5,
  });
  const answers = (next: () => Promise<CloudSyncSummary>) => {
    answer = next;
  };
  return { world, runs, automatic, answers, syncs: () => syncs };
}

describe('AutomaticSync', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('does nothing while it is off, and nothing where no project is enrolled', async () => {
    const { world, syncs } = setUp();
    world.isOn = false;
    await vi.advanceTimersByTimeAsync(600_000);
    world.isOn = true;
    world.isReady = false;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(syncs()).toBe(0);
  });

  it('asks once in a while, and soon after a change, once for each change', async () => {
    const { world, syncs, runs } = setUp();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(syncs()).toBe(1);
    world.toSend = 1;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(syncs()).toBe(2);
    world.toSend = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    world.toSend = 1;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(syncs()).toBe(3);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(syncs()).toBe(5);
    expect(runs).toHaveLength(5);
  });

  it('runs once at a time and not any more when it is disposed of', async () => {
    const { automatic, answers, syncs } = setUp();
    const slow = Promise.withResolvers<CloudSyncSummary>();
    answers(() => slow.promise);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(syncs()).toBe(1);
    slow.resolve(summary);
    automatic.dispose();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(syncs()).toBe(1);
  });

  it('waits longer after each failure, whatever is saved meanwhile, and starts over once it works', async () => {
    const { world, answers, syncs, runs } = setUp();
    answers(() => Promise.reject(new EngramError('cloud-unreachable', 'It cannot be reached.')));
    await vi.advanceTimersByTimeAsync(5_000);
    const pauses = [];
    for (let failures = 0; failures < 11; failures++) {
      const { atMs = 0, nextAtMs = 0 } = runs.at(-1) ?? {};
      pauses.push((nextAtMs - atMs) / 1000);
      world.toSend++;
      await vi.advanceTimersByTimeAsync(nextAtMs - Date.now() - 1);
      expect(syncs()).toBe(failures + 1);
      await vi.advanceTimersByTimeAsync(5_001);
      expect(syncs()).toBe(failures + 2);
    }
    expect(pauses).toEqual([45, 90, 180, 300, 300, 300, 300, 300, 300, 1800, 1800]);
    answers(async () => summary);
    await vi.advanceTimersByTimeAsync(1_800_000);
    expect(((runs.at(-1)?.nextAtMs ?? 0) - (runs.at(-1)?.atMs ?? 0)) / 1000).toBe(45);
  });

  it('sends soon what is saved right after a run, and does not try in vain what a server keeps refusing', async () => {
    const { world, syncs } = setUp();
    world.toSend = 1;
    world.afterwards = () => {
      world.toSend = 0;
    };
    await vi.advanceTimersByTimeAsync(5_000);
    world.toSend = 1;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(syncs()).toBe(2);
    world.afterwards = () => undefined;
    world.toSend = 2;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(syncs()).toBe(3);
    await vi.advanceTimersByTimeAsync(35_000);
    expect(syncs()).toBe(3);
  });

  it('takes up again at once when a sync by hand has worked after failures', async () => {
    const { world, answers, syncs, runs } = setUp();
    answers(() => Promise.reject(new EngramError('cloud-unreachable', 'It cannot be reached.')));
    await vi.advanceTimersByTimeAsync(400_000);
    const before = syncs();
    expect(before).toBeGreaterThan(2);
    answers(async () => summary);
    world.workedAtMs = Date.now();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(syncs()).toBe(before + 1);
    expect(((runs.at(-1)?.nextAtMs ?? 0) - (runs.at(-1)?.atMs ?? 0)) / 1000).toBe(45);
    world.toSend = 1;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(syncs()).toBe(before + 2);
    // That it worked once is no news for ever.
    answers(() => Promise.reject(new EngramError('cloud-unreachable', 'It cannot be reached.')));
    await vi.advanceTimersByTimeAsync(50_000);
    expect(runs.at(-1)?.outcome).toHaveProperty('problem');
    const failed = syncs();
    await vi.advanceTimersByTimeAsync((runs.at(-1)?.nextAtMs ?? 0) - Date.now() - 1);
    expect(syncs()).toBe(failed);
  });

  it('tells what it did and what failed, and nothing of a run that had to wait', async () => {
    const { answers, runs } = setUp();
    await vi.advanceTimersByTimeAsync(5_000);
    answers(async () => ({ ...summary, skipped: true }));
    await vi.advanceTimersByTimeAsync(60_000);
    answers(() => Promise.reject(new EngramError('cloud-unreachable', 'It cannot be reached.')));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs.map(({ outcome }) => outcome)).toMatchObject([
      { summary },
      { problem: { code: 'cloud-unreachable', severity: 'warning' } },
    ]);
  });
});
