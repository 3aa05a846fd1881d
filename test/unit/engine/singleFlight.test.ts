import fc from 'fast-check';
import { expect, it } from 'vitest';
import { singleFlight } from '../../../src/engine/singleFlight.ts';

it('never overlaps, and always runs once more after the last call', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (s, failures) => {
      let active = 0;
      let world = 0; // bumped by each "file event"
      let seen = 0; // what the last finished run observed
      const sync = singleFlight(async () => {
        expect(++active).toBe(1);
        const snapshot = world;
        await s.schedule(Promise.resolve(), 'read chunks');
        seen = snapshot;
        active--;
        if (failures[snapshot - 1]) throw new Error('this run failed');
      });
      const steps = failures.map(() => ({
        label: 'call',
        builder: async () => {
          world++;
          sync().catch(() => undefined);
        },
      }));
      const events = s.scheduleSequence(steps);
      await s.waitIdle();
      expect((await events.task).done).toBe(true);
      expect(seen).toBe(world);
    }),
  );
});
