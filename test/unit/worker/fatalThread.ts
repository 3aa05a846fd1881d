import { parentPort } from 'node:worker_threads';
import type { FromWorker, ToWorker } from '../../../src/workerMessages.ts';

/** A thread that dies at one chunk, as a decompression bomb that got past every limit would make it. */
const port = parentPort;
const post = (message: FromWorker) => port?.postMessage(message);

port?.on('message', (message: ToWorker) => {
  if (message.kind === 'end') port.close();
  if (message.kind !== 'request') return;
  if (message.name === 'state') post({ kind: 'result', id: message.id, value: 'alive' });
  if (message.name !== 'importChunks') return;
  post({ kind: 'reading', root: message.root, chunkId: 'fatal' });
  setImmediate(() => {
    throw new RangeError('out of memory');
  });
});
