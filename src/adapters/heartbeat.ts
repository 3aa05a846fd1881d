import { Worker } from 'node:worker_threads';

/** The whole program of the thread. It beats on the open file, not on a path, so it can never touch a lock that somebody else made since. */
const PROGRAM = `
const { futimesSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
setInterval(() => {
  const now = new Date();
  try { futimesSync(workerData.file, now, now); } catch { /* the disk may come back */ }
}, workerData.everyMs);
`;

export interface Heartbeat {
  stop(): Promise<void>;
}

/**
 * Sets the time of an open file again and again, so that others see that its owner lives.
 *
 * A thread of its own, and started at once: a thread that is busy with SQL for a minute fires no timer, neither one that would beat nor one
 * that would start the beating later. Starting costs the calling thread about a millisecond.
 *
 * @param file descriptor; the caller closes it after {@link Heartbeat.stop}.
 */
export function startHeartbeat(file: number, everyMs: number): Heartbeat {
  const thread = new Worker(PROGRAM, {
    eval: true,
    workerData: { file, everyMs },
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  thread.on('error', () => undefined); // no beating then: the guard of the lock notices if somebody took it away
  thread.unref();
  return {
    async stop(): Promise<void> {
      await thread.terminate();
    },
  };
}
