import { beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { inMemory, type Simulation, simulateSeed, withGit } from '../../simulation/simulate.ts';
import { WASM_PATH } from '../../support/wasm.ts';

let kit: DatabaseKit;

beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

async function failuresOf(seeds: number, simulation: Simulation): Promise<string> {
  const failures: string[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) failures.push((await simulateSeed(seed, simulation)) ?? '');
  return failures.filter((failure) => failure !== '').join('\n\n');
}

/** All 10,000 scenarios, and hundreds with the real git: `npm run test:soak`. */
describe('a team that saves, edits, deletes, merges, crashes and makes mistakes', () => {
  it('ends with the same memories everywhere, and with every one that nobody deleted', async () => {
    expect(await failuresOf(250, inMemory(kit))).toBe('');
  }, 300_000);

  it('does so with the real git', async () => {
    expect(await failuresOf(5, withGit(kit))).toBe('');
  }, 300_000);
});
