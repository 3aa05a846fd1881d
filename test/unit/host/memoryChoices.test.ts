import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import { DatabasePulse } from '../../../src/host/databasePulse.ts';
import { MemoryChoices } from '../../../src/host/memoryChoices.ts';
import { FakeStorage } from './fakeStorage.ts';

describe('MemoryChoices', () => {
  it('follows the setting until somebody was asked, and lets nothing leave before an answer', async () => {
    const choices = new MemoryChoices(new FakeStorage());
    expect(choices.optionsOf('/a', 'workspace')).toEqual({ database: 'workspace' });
    expect(choices.optionsOf('/a', 'auto')).toEqual({ database: 'auto', mayExport: false, includePrompts: true });
    await choices.change('/a', { database: 'live' });
    await choices.change('/a', { share: 'without-prompts', project: 'shop' });
    expect(choices.optionsOf('/a', 'workspace')).toEqual({
      database: 'live',
      mayExport: true,
      includePrompts: false,
      project: 'shop',
    });
    expect(choices.optionsOf('/b', 'workspace')).toEqual({ database: 'workspace' });
  });

  it('asks again about another project', async () => {
    const choices = new MemoryChoices(new FakeStorage());
    await choices.change('/a', { database: 'live', share: 'all', project: 'shop' });
    await choices.setProject('/a', 'bank');
    expect(choices.optionsOf('/a', 'workspace')).toEqual({
      database: 'live',
      mayExport: false,
      includePrompts: true,
      project: 'bank',
    });
  });

  it.each([null, 'live', 7, { database: 'elsewhere', share: 'everything', project: 3 }, { share: 'nothing', project: '' }])(
    'takes nothing from %j',
    async (kept) => {
      const storage = new FakeStorage();
      await storage.update('engram.memories:/a', kept);
      expect(new MemoryChoices(storage).of('/a')).toEqual({});
    },
  );
});

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

  it('takes a tenth of the time at most, however often agents write, and shows the first change at once', async () => {
    let writes = 0;
    let looked = 0;
    const version = async (): Promise<string> => String(writes);
    const changed = async (): Promise<void> => {
      looked++;
      await new Promise((resolve) => setTimeout(resolve, 800));
    };
    const pulse = new DatabasePulse({ isWanted: () => true, version, changed });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looked).toBe(1);
    for (let second = 0; second < 60; second++) {
      writes++;
      await vi.advanceTimersByTimeAsync(1000);
      if (second === 1) expect(looked).toBe(2);
    }
    expect(looked).toBeGreaterThanOrEqual(7);
    expect(looked * 800).toBeLessThanOrEqual(8000);
    await vi.advanceTimersByTimeAsync(10_000);
    const all = looked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looked).toBe(all);
    pulse.dispose();
  });
});
