import { EngramError } from '../errors.ts';
import { formatInstant, formatRfc3339 } from '../goTime.ts';
import type { Clock } from '../ports.ts';
import type { CloudStore } from './cloudPorts.ts';
import { HttpStatusError } from './httpStatusError.ts';

/** What the Go program's command line notes; it waits for nothing. */
const BACKOFF_MS = 30_000;

/** Errors that say nothing about the cloud. */
const OF_THIS_MACHINE = /^(cancelled|store-|lock-lost|read-only|disk-full|io-failed|cloud-unenrolled)/;

/** Why a sync failed, as the state of its target says it (cloud.md §2). */
export function reasonOf(error: unknown): string {
  if (EngramError.is(error, 'cloud-config')) return 'cloud_config_error';
  if (!(error instanceof HttpStatusError)) return 'transport_failed';
  if (error.isAuthFailure) return 'auth_required';
  if (error.isPolicyFailure) return 'policy_forbidden';
  return error.isPaused ? 'paused' : 'transport_failed';
}

/** Notes a failure in the state of the target. What a preflight found is noted already. */
export function markFailed(cloud: CloudStore, target: string, error: unknown, clock: Clock): void {
  if (EngramError.is(error) && OF_THIS_MACHINE.test(error.code)) return;
  const message = error instanceof Error ? error.message : String(error);
  const at = formatInstant(clock.now());
  const reason = reasonOf(error);
  if (reason === 'transport_failed') cloud.markFailure(target, message, formatRfc3339(clock.now() + BACKOFF_MS), at);
  else cloud.markBlocked(target, reason, message, at);
}

/** @param isPending something waits: a chunk that could not be imported, a change that was not taken */
export function markDone(cloud: CloudStore, target: string, isPending: boolean, clock: Clock): void {
  const at = formatInstant(clock.now());
  if (isPending) cloud.markPending(target, at);
  else cloud.markHealthy(target, at);
}
