/** Milliseconds, except where it says so. Source: Engram v1.14.0 `autosync.DefaultConfig`; the last one is ours. */
export interface AutosyncSettings {
  readonly debounceMs: number;
  readonly pollMs: number;
  readonly leaseMs: number;
  /** Entries of one push or pull. */
  readonly batch: number;
  readonly baseBackoffMs: number;
  readonly maxBackoffMs: number;
  /** So many failures in a row, and it is tried only once in {@link halfOpenMs}. */
  readonly maxFailures: number;
  /** The Go program stays in backoff for good instead. */
  readonly halfOpenMs: number;
}

export const AUTOSYNC_DEFAULTS: AutosyncSettings = {
  debounceMs: 500,
  pollMs: 30_000,
  leaseMs: 60_000,
  batch: 100,
  baseBackoffMs: 1000,
  maxBackoffMs: 5 * 60_000,
  maxFailures: 10,
  halfOpenMs: 30 * 60_000,
};

/**
 * How long to wait after so many failures in a row: doubled each time, up to a quarter more or less, so that a team does not come back at
 * the same moment (Go `backoffDuration`).
 *
 * @param random at least 0, below 1
 */
export function backoffMs(failures: number, settings: AutosyncSettings, random: number): number {
  const { baseBackoffMs, maxBackoffMs, maxFailures, halfOpenMs } = settings;
  const jitter = (ms: number): number => Math.round(ms * (0.75 + 0.5 * random));
  if (failures >= maxFailures) return jitter(halfOpenMs);
  const delay = Math.min(baseBackoffMs * 2 ** (Math.max(1, failures) - 1), maxBackoffMs);
  return Math.max(Math.min(jitter(delay), maxBackoffMs), baseBackoffMs / 2);
}
