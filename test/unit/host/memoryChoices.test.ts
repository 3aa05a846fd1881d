import { describe, expect, it } from 'vitest';
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
