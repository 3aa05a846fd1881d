import { expect, it } from 'vitest';
import { checkFuzzSeed } from '../../fuzz/checkSeed.ts';

/** Eighty spoiled chunks and twenty spoiled manifests each; a thousand seeds run in `npm run test:soak`. */
it.each([1, 2, 3])(
  'spoiled chunks and manifests of seed %i are imported or refused, and stop nothing',
  async (seed) => {
    await expect(checkFuzzSeed(seed)).resolves.toBeUndefined();
  },
  60_000,
);
