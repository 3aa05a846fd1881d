import type { RetryMeans } from '../../src/engine/cloud/retry.ts';
import { EngramError } from '../../src/engine/errors.ts';

/** A clock that only goes on when somebody waits, and how long that was. */
export class FakeRetry implements RetryMeans {
  readonly waits: number[] = [];
  nowMs = Date.parse('2026-01-02T03:04:05Z');
  chance = 0.5;
  readonly clock = { now: (): number => this.nowMs };
  readonly random = (): number => this.chance;
  readonly wait = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
    this.waits.push(ms);
    this.nowMs += ms;
    if (signal?.aborted) throw new EngramError('cancelled', 'Cancelled.');
  };
}
