import { setImmediate } from 'node:timers/promises';
import { EngramError } from '../engine/errors.ts';
import type { Turn } from '../engine/ports.ts';

/** Well below the 50 ms that a thread may be busy at a stretch. */
const SLICE_MS = 20;

/**
 * Makes the pause between small steps of long work. Most calls return at once; one after every 20 ms lets messages and timers through.
 *
 * @throws {EngramError} cancelled, at the first pause after the signal was aborted
 */
export function makeTurn(signal?: AbortSignal): Turn {
  let started = performance.now();
  const done = Promise.resolve();
  return () => {
    if (performance.now() - started < SLICE_MS) return done;
    return setImmediate().then(() => {
      if (signal?.aborted) throw new EngramError('cancelled', 'Cancelled.');
      started = performance.now();
    });
  };
}
