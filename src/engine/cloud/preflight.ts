import { EngramError } from '../errors.ts';
import { goQuote } from '../goText.ts';
import type { CloudStore } from './cloudPorts.ts';
import { cloudTargetKey } from './pendingFilter.ts';

/**
 * The first step of a sync, before anything is asked of the server (Go `ensureCloudPreflight`, in its words).
 *
 * @param project normalised
 * @param at `YYYY-MM-DD HH:MM:SS`, UTC, for the state that a refusal leaves
 * @throws {EngramError} cloud-config (no project), cloud-unenrolled
 */
export function preflight(cloud: CloudStore, project: string, at: string): void {
  if (project === '') {
    throw new EngramError('cloud-config', 'cloud sync requires an explicit --project scope; --all is not supported in cloud mode');
  }
  if (cloud.isEnrolled(project)) return;
  const message = `cloud sync blocked_unenrolled: project ${goQuote(project)} is not enrolled for cloud sync`;
  cloud.markBlocked(cloudTargetKey(project), 'blocked_unenrolled', message, at);
  throw new EngramError('cloud-unenrolled', message);
}
