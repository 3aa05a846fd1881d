import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkKill } from '../../kills/checkKill.ts';
import { buildCommandLine } from '../../kills/commandLine.ts';
import { FolderChecker } from '../../support/checkFolder.ts';

let cli: string;
let checker: FolderChecker;
beforeAll(async () => {
  cli = await buildCommandLine();
  checker = await FolderChecker.load();
});
afterAll(() => rmSync(dirname(cli), { recursive: true, force: true }));

/** Five hundred seeds run in `npm run test:soak`. */
describe('the command line, killed at a random moment', () => {
  it.each(Array.from({ length: 25 }, (_, index) => index + 1))('loses nothing (seed %i)', async (seed) => {
    await expect(checkKill(cli, checker, seed)).resolves.toBeUndefined();
  });
});
