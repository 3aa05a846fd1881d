import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { type CloudStep, CloudTeam } from '../../support/cloudTeam.ts';
import { WASM_PATH } from '../../support/wasm.ts';

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

const member = fc.nat(2);
const row = fc.nat(5);
const step: fc.Arbitrary<CloudStep> = fc.oneof(
  fc.record({ kind: fc.constantFrom('save', 'edit', 'remove', 'prompt', 'removePrompt'), member, row }),
  fc.record({ kind: fc.constantFrom('sync', 'cycle', 'export', 'import', 'loseIndex', 'endSession'), member, row }),
  fc.record({ kind: fc.constantFrom('sync', 'cycle', 'echoPull', 'echo'), member, row }),
) as fc.Arbitrary<CloudStep>;

const runs = Number(process.env['ENGRAM_RUNS'] ?? 60);

it.each([false, true])(
  'members end the same whatever the order; nothing deleted returns, nothing is pushed back (newer server: %s)',
  async (isNewer) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const team = new CloudTeam(kit, isNewer);
        try {
          for (const each of steps) await team.take(each);
          await team.settle();
          team.check(expect);
          await team.checkQuiet(expect);
        } finally {
          team.close();
        }
      }),
      { numRuns: runs, ...(process.env['ENGRAM_SEED'] && { seed: Number(process.env['ENGRAM_SEED']) }) },
    );
  },
  600_000,
);
