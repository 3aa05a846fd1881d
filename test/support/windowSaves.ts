import { EngramError } from '../../src/engine/errors.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import { openMemoryFolder } from '../../src/openFolder.ts';
import { WASM_PATH } from './wasm.ts';

/**
 * What a window does, in a process of its own: `node windowSaves.ts <root> <name> <count>` saves so many memories, and syncs after every
 * tenth. Prints how many times it was told that another window is writing; a person would try again, and so does it.
 */
const [, , root = '', name = '', count = '1'] = process.argv;
const options = { trusted: true, gitPath: '', limits: DEFAULT_LIMITS, author: name, includePersonal: false, sessionId: `vscode-${name}` };
const folder = openMemoryFolder(
  { ...options, root, keepFolder: '' },
  { wasmPath: WASM_PATH, log: () => undefined, onReading: () => undefined, quarantined: () => false },
);
let refused = 0;

async function untilDone(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!EngramError.is(error, 'store-locked') && !EngramError.is(error, 'lock-lost')) throw error;
      refused += 1;
    }
  }
}

for (let number = 1; number <= Number(count); number += 1) {
  await untilDone(() => folder.save({ title: `${name} ${number}`, content: `memory ${number} of ${name}`, project: 'demo' }));
  if (number % 10 === 0) await untilDone(() => folder.sync({}));
}
await untilDone(() => folder.sync({}));
await folder.close();
process.stdout.write(`${refused}\n`);
