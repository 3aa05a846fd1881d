import { resolve } from 'node:path';
import { loadDatabaseKit } from './memberDatabases.ts';
import { describeFailure, inMemory, simulateSeeds, withGit } from './simulate.ts';

/** `node run.ts <from> <to> [--git]`: runs the scenarios of these seeds and prints what fails; `--git`: with the real git. */
const [from = 1, to = from] = process.argv.slice(2, 4).map(Number);
const kit = await loadDatabaseKit(resolve('node_modules/sql.js/dist/sql-wasm.wasm'));
const simulation = process.argv.includes('--git') ? withGit(kit) : inMemory(kit);
const started = performance.now();
const failures = await simulateSeeds(from, to, simulation, (seed) => {
  if (seed % 100 === 0) process.stderr.write(`${seed} `);
});
for (const failure of failures) process.stdout.write(`${describeFailure(failure)}\n\n`);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(
  `seeds ${from} to ${to}: ${failures.length} failed, ${seconds.toFixed(1)} s: ${failures.map(({ seed }) => seed).join(' ')}\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
