import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { checkLiveKill } from '../../kills/checkLiveKill.ts';
import { buildCommandLine } from '../../kills/commandLine.ts';

let cli: string;
beforeAll(async () => {
  cli = await buildCommandLine();
});
afterAll(() => rmSync(dirname(cli), { recursive: true, force: true }));

/** A hundred seeds and more run in `npm run test:soak`. */
describe.runIf(findNodeSqlite())('the command line on a live database, killed at a random moment', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))('harms nobody (seed %i)', async (seed) => {
    await expect(checkLiveKill(cli, seed)).resolves.toBeUndefined();
  });
});
