import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerStart } from '../workerMessages.ts';

/** A running thread as the client sees it; tests give one without a thread. */
export interface WorkerThread {
  /** @param transfer memory that is the thread's from now on; none: all is copied */
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Ends it at once, whatever it is doing. */
  terminate(): void;
}

/** What a thread tells of itself. `ended` comes exactly once, last. */
export interface WorkerEvents {
  readonly message: (message: FromWorker) => void;
  readonly error: (error: Error) => void;
  readonly ended: () => void;
}

/** JavaScript objects of the thread; packed bytes and the databases' memory are not counted in it. A runaway ends the thread, not the editor. */
const MAX_HEAP_MEGABYTES = 1024;

/** @param path absolute path of the bundle `worker.js`. */
export function startWorkerThread(path: string, start: WorkerStart, events: WorkerEvents): WorkerThread {
  const worker = new Worker(path, {
    name: 'engram',
    workerData: start,
    // The editor starts its process with flags that a thread must not repeat.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEGABYTES },
  });
  worker.on('message', events.message);
  worker.on('error', events.error);
  worker.on('exit', events.ended);
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
  };
}
