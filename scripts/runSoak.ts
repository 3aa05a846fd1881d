import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type SoakSuite, soakSuites } from './soakSuites.ts';

const PROGRESS_EVERY_MS = 10_000;
const MOST_FAILURES = 10;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { from: { type: 'string' }, to: { type: 'string' } } });
const from = Number(values.from ?? 1);
const unknown = positionals.filter((name) => !soakSuites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`No soak suite ${unknown.join(', ')}. There are: ${soakSuites.map((suite) => suite.name).join(', ')}`);
  process.exit(1);
}

/** What has to be said when the run is broken off: where to go on. */
let resume = '';
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    console.log(`Broken off. Go on with: ${resume}`);
    process.exit(130);
  });
}

let failed = 0;
for (const suite of soakSuites) {
  if (positionals.length === 0 || positionals.includes(suite.name)) failed += await run(suite, Number(values.to ?? suite.seeds));
}
process.exit(failed > 0 ? 1 : 0);

/** @returns how many seeds failed. */
async function run(suite: SoakSuite, to: number): Promise<number> {
  console.log(`=== ${suite.name}, seeds ${from} to ${to}`);
  const check = await suite.prepare();
  const failures: number[] = [];
  const start = performance.now();
  let told = start;
  let seed = from;
  for (; seed <= to && failures.length < MOST_FAILURES; seed += 1) {
    resume = `npm run test:soak -- ${suite.name} --from ${seed} --to ${to}`;
    if (!(await passes(suite, check, seed))) failures.push(seed);
    // Nothing of a seed need ever leave the thread, and Ctrl+C comes only in between.
    await turn();
    if (performance.now() - told < PROGRESS_EVERY_MS) continue;
    told = performance.now();
    console.log(`    seed ${seed} of ${to}, ${failures.length} failed, ${perSeed(start, seed)}`);
  }
  const failing = failures.length > 0 ? ` (seeds ${failures.join(', ')})` : '';
  console.log(`${suite.name}: seeds ${from} to ${seed - 1}, ${failures.length} failed${failing}, ${perSeed(start, seed - 1)}`);
  return failures.length;
}

async function passes(suite: SoakSuite, check: (seed: number) => Promise<void>, seed: number): Promise<boolean> {
  try {
    await check(seed);
    return true;
  } catch (error) {
    console.error(`\n${suite.name} fails for seed ${seed}; once more: npm run test:soak -- ${suite.name} --from ${seed} --to ${seed}`);
    console.error(error);
    return false;
  }
}

function perSeed(start: number, seed: number): string {
  return `${((performance.now() - start) / Math.max(1, seed - from + 1)).toFixed(0)} ms each`;
}
