import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { cloudTeamProperty } from '../../support/cloudTeam.ts';
import { WASM_PATH } from '../../support/wasm.ts';

it.each([false, true])(
  'members end the same whatever the order; nothing deleted returns, nothing is pushed back (newer server: %s)',
  async (isNewer) => {
    const kit = await loadDatabaseKit(WASM_PATH);
    const details = await fc.check(cloudTeamProperty(kit, isNewer), { numRuns: 15 });
    expect(fc.defaultReportMessage(details)).toBeUndefined();
  },
);
