import { type Simulation, simulateSeed } from './simulate.ts';

/** What fails of the scenarios 1 to `seeds`, as one text; `''`: nothing. */
export async function failuresOf(seeds: number, simulation: Simulation): Promise<string> {
  const failures: string[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) failures.push((await simulateSeed(seed, simulation)) ?? '');
  return failures.filter((failure) => failure !== '').join('\n\n');
}
