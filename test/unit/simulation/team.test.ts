import { expect, it } from 'vitest';
import { failuresOf } from '../../simulation/failures.ts';
import { loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { inMemory } from '../../simulation/simulate.ts';
import { WASM_PATH } from '../../support/wasm.ts';

/** 10,000 scenarios: `npm run test:soak -- team`. */
it('ends with the same memories everywhere, and with every one that nobody deleted, whatever a team does', async () => {
  expect(await failuresOf(200, inMemory(await loadDatabaseKit(WASM_PATH)))).toBe('');
}, 300_000);
