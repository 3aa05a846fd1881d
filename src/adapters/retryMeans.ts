import { setTimeout as sleep } from 'node:timers/promises';
import type { RetryMeans } from '../engine/cloud/retry.ts';
import { EngramError } from '../engine/errors.ts';
import { systemClock } from './systemClock.ts';

/** This machine's clock and timers, for repeating what failed for a while. */
export function retryMeans(): RetryMeans {
  return { clock: systemClock, random: Math.random, wait };
}

async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
  } catch {
    // The only reason for a timer to fail is the signal.
    throw new EngramError('cancelled', 'Cancelled.');
  }
}
