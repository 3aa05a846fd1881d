import { describe, expect, it } from 'vitest';
import { loadSqlJs } from '../../../src/adapters/sqlJs.ts';
import { BlankDatabases } from '../../support/ourMember.ts';
import { WASM_PATH } from '../../support/wasm.ts';
import { checkSeed } from '../../writerRules/checkHistory.ts';

const HISTORIES = 500;

describe('the writer rules F1 to F11', () => {
  it(`hold over ${HISTORIES} random histories`, { timeout: 300_000 }, async () => {
    const blank = new BlankDatabases(await loadSqlJs(WASM_PATH));
    const start = performance.now();
    for (let seed = 1; seed <= HISTORIES; seed += 1) await checkSeed(blank, seed);
    const ms = (performance.now() - start) / HISTORIES;
    console.log(
      `${HISTORIES} histories, seeds 1 to ${HISTORIES}, ${ms.toFixed(1)} ms each; one again: npm run test:soak -- writer-rules --from 7 --to 7`,
    );
    expect(ms).toBeGreaterThan(0);
  });
});
