import { resolve } from 'node:path';
import { loadDatabaseKit } from './memberDatabases.ts';
import { realHosting } from './realClone.ts';
import { simulateSeeds } from './simulate.ts';

/** `node run.ts <from> <to> [--git]`: runs the scenarios of these seeds and prints what fails. A failure's seed alone runs it again. `--git`: with the real git. */
const [from = 1, to = from] = process.argv.slice(2, 4).map(Number);
const hosting = process.argv.includes('--git') ? { hosting: realHosting } : {};
const kit = await loadDatabaseKit(resolve('node_modules/sql.js/dist/sql-wasm.wasm'));
const started = performance.now();
const progress = (seed: number): void => {
  if (seed % 100 === 0) process.stderr.write(`${seed} `);
};
const failures = await simulateSeeds(from, to, kit, { progress, ...hosting });
for (const { seed, findings, trace } of failures) process.stdout.write(`seed ${seed}\n${[...trace, ...findings].join('\n')}\n\n`);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(
  `seeds ${from} to ${to}: ${failures.length} failed, ${seconds.toFixed(1)} s: ${failures.map(({ seed }) => seed).join(' ')}\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
