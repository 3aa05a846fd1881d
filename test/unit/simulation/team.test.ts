import { beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { describeFailure, inMemory, type Simulation, simulateSeeds, withGit } from '../../simulation/simulate.ts';
import { WASM_PATH } from '../../support/folder.ts';

let kit: DatabaseKit;

beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

async function failuresOf(from: number, to: number, simulation: Simulation): Promise<string> {
  return (await simulateSeeds(from, to, simulation)).map(describeFailure).join('\n\n');
}

/** All 10,000 scenarios: `npm run test:soak`. */
describe('a team that saves, edits, deletes, merges, crashes and makes mistakes', () => {
  it('ends with the same memories everywhere, and with every one that nobody deleted', async () => {
    expect(await failuresOf(1, 250, inMemory(kit))).toBe('');
  }, 120_000);

  it('does so with the real git', async () => {
    expect(await failuresOf(1, 5, withGit(kit))).toBe('');
  }, 120_000);
});
