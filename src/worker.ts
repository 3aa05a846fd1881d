import { parentPort, workerData } from 'node:worker_threads';
import { openMemoryFolder } from './openFolder.ts';
import type { ToWorker, WorkerStart } from './workerMessages.ts';
import { WorkerServer } from './workerServer.ts';

/** Entry of the thread that holds engine, store and adapters. Its other side is `host/workerClient.ts`. */
if (parentPort) {
  const port = parentPort;
  const server = new WorkerServer({
    start: workerData as WorkerStart,
    post: (message) => port.postMessage(message),
    open: openMemoryFolder,
    now: () => performance.now(),
    ended: () => port.close(),
  });
  // A promise that nobody waits for must not take the requests of all folders with it. What is thrown outside of any promise may.
  process.on('unhandledRejection', (reason) => {
    const message = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    port.postMessage({ kind: 'log', level: 'error', message });
  });
  port.on('message', (message: ToWorker) => server.receive(message));
  port.postMessage({ kind: 'ready' });
}
