import { runBatch } from './batch.ts';

/** A fresh process for one part of a seed: `node test/fuzz/seed.ts <folder> manifests|chunks`. Prints its costs as JSON; what it finds ends it. */
const [, , place = '', part] = process.argv;
process.stdout.write(`${JSON.stringify(await runBatch(place, part === 'manifests' ? part : 'chunks'))}\n`);
