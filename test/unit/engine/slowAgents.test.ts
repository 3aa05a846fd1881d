import fc from 'fast-check';
import { it } from 'vitest';
import { loadSqlJs } from '../../../src/adapters/sqlJs.ts';
import { BlankDatabases } from '../../support/ourMember.ts';
import { slowClockProperty } from '../../support/slowTeam.ts';
import { WASM_PATH } from '../../support/wasm.ts';

/** More of them: `npm run test:soak -- slow-clocks`. */
it('a change is never replaced by what it was made from, and all end with the same, whatever the agents’ clocks say', async () => {
  await fc.assert(slowClockProperty(new BlankDatabases(await loadSqlJs(WASM_PATH))), { numRuns: 60 });
}, 120_000);
