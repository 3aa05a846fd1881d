import fc from 'fast-check';
import { describe, it } from 'vitest';
import { loadSqlJs } from '../../../src/adapters/sqlJs.ts';
import { undoProperties } from '../../support/undoProperties.ts';
import { WASM_PATH } from '../../support/wasm.ts';

const properties = undoProperties(await loadSqlJs(WASM_PATH));

/** More of it: `npm run test:soak -- undo`. */
describe('undoing imports', () => {
  it.each(properties)('%s', async (_name, property) => {
    await fc.assert(property, { numRuns: 50 });
  });
});
