import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockFile } from '../../src/adapters/lock.ts';

/** A process that takes the lock `rounds` times: `node lockHolder.ts <root> <log file> <rounds> <ms held>`. Prints `held` each time. */
const [root = '', log = '', rounds = '1', heldMs = '1000'] = process.argv.slice(2);
const lock = new LockFile(root);
for (let round = 0; round < Number(rounds); round += 1) {
  await lock.hold(async (guard) => {
    await appendFile(log, 'in ');
    process.stdout.write('held\n');
    await sleep(Number(heldMs));
    await guard();
    await appendFile(log, 'out ');
  }, 20_000);
}
