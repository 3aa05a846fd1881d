import { expect, it } from 'vitest';
import { failuresOf } from '../../simulation/failures.ts';
import { loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { withGit } from '../../simulation/simulate.ts';
import { WASM_PATH } from '../../support/wasm.ts';

/** Hundreds of scenarios: `npm run test:soak -- team-with-git`. */
it('ends with the same memories everywhere with the real git, too', async () => {
  expect(await failuresOf(5, withGit(await loadDatabaseKit(WASM_PATH)))).toBe('');
}, 300_000);
