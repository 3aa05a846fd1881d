import { LockFile } from '../adapters/lock.ts';
import type { WriteGuard } from '../engine/ports.ts';

/** How long a request waits for another window's writing before it says so. */
export const LOCK_WAIT_MS = 10_000;

/**
 * Runs `work` while holding the lock of each of the folders, in their order.
 *
 * @param work gets a guard that asks all of them.
 * @throws {EngramError} store-locked, lock-lost, not-initialised (a folder is not there), read-only, disk-full, cancelled
 */
export function holdLocks<T>(folders: readonly string[], work: (guard: WriteGuard) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const [first, ...others] = folders;
  if (first === undefined) return work(async () => undefined);
  const holdOthers = (guard: WriteGuard): Promise<T> => {
    const withAll = (inner: WriteGuard): Promise<T> =>
      work(async () => {
        await guard();
        await inner();
      });
    return holdLocks(others, withAll, signal);
  };
  return new LockFile(first).hold(holdOthers, LOCK_WAIT_MS, signal);
}
