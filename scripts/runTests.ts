import { type Counts, type Suite, suites } from './suites.ts';

const only = new Set(process.argv.slice(2));
const unknown = [...only].filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`No suite ${unknown.join(', ')}. There are: ${suites.map((suite) => suite.name).join(', ')}`);
  process.exit(1);
}

// Colours of the tools are for people only.
if (!process.stdout.isTTY) process.env['NO_COLOR'] = '1';
// Exiting in the ordinary way runs the clean-up of the servers; dying of the signal would leave them behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const lines: string[] = [];
const total = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites) {
  if (only.size > 0 && !only.has(suite.name)) continue;
  console.log(`\n=== ${suite.name}`);
  const start = performance.now();
  const counts = await runSuite(suite);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  lines.push(`${suite.name.padEnd(10)}${seconds.padStart(7)} s   ${inWords(counts)}`);
}
console.log(`\n${lines.join('\n')}\n${inWords(total)}`);
process.exit(total.failed > 0 ? 1 : 0);

async function runSuite(suite: Suite): Promise<Counts> {
  try {
    return await suite.run();
  } catch (error) {
    console.error(error);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function inWords({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
