import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import { DatabasePulse } from '../../../src/host/databasePulse.ts';

describe('DatabasePulse', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells of a change within two seconds, of nothing else, and only while it is wanted', async () => {
    let version = '1';
    let isWanted = true;
    let asked = 0;
    let told = 0;
    const pulse = new DatabasePulse({
      isWanted: () => isWanted,
      version: async () => {
        asked++;
        if (version === 'broken') throw new EngramError('io-failed', 'No.');
        return version;
      },
      changed: async () => void told++,
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(told).toBe(1); // what happened since the folder was opened
    await vi.advanceTimersByTimeAsync(5000);
    expect({ told, asked }).toEqual({ told: 1, asked: 6 });
    version = '2';
    await vi.advanceTimersByTimeAsync(1000);
    expect(told).toBe(2);
    isWanted = false;
    version = '3';
    await vi.advanceTimersByTimeAsync(10_000);
    expect({ told, asked }).toEqual({ told: 2, asked: 7 });
    isWanted = true;
    version = 'broken';
    await vi.advanceTimersByTimeAsync(1000);
    version = '4';
    await vi.advanceTimersByTimeAsync(1000);
    expect(told).toBe(3);
    pulse.dispose();
    version = '5';
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toBe(3);
  });

  it('waits for an answer that is late', async () => {
    let asked = 0;
    const late = Promise.withResolvers<string>();
    const version = (): Promise<string> => {
      asked++;
      return late.promise;
    };
    const pulse = new DatabasePulse({ isWanted: () => true, version, changed: async () => undefined });
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toBe(1);
    late.resolve('1');
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toBe(2);
    pulse.dispose();
  });

  it('shows each memory of a burst, and takes a tenth of the time in the long run, however often agents write', async () => {
    let writes = 0;
    let looked = 0;
    const version = async (): Promise<string> => String(writes);
    const changed = async (): Promise<void> => {
      looked++;
      await new Promise((resolve) => setTimeout(resolve, 800));
    };
    const pulse = new DatabasePulse({ isWanted: () => true, version, changed });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looked).toBe(1);
    for (let burst = 1; burst <= 5; burst++) {
      writes++;
      await vi.advanceTimersByTimeAsync(2000);
      expect(looked).toBe(1 + burst);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    looked = 0;
    for (let second = 0; second < 600; second++) {
      writes++;
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(looked * 800).toBeLessThanOrEqual(6000 + 60_000 + 800);
    expect(looked * 800).toBeGreaterThanOrEqual(60_000);
    await vi.advanceTimersByTimeAsync(40_000);
    const all = looked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looked).toBe(all);
    pulse.dispose();
  });
});
