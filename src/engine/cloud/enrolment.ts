import { EngramError } from '../errors.ts';
import { normalizeProject } from '../goText.ts';
import type { CloudStore } from './cloudPorts.ts';
import { cloudTargetKey } from './pendingFilter.ts';

/**
 * Lets a project's changes go to the cloud. Nothing is journalled here: what is news for the cloud is found by content before each export,
 * so rows that were acknowledged unsent, or came before any journal, go as well.
 *
 * @param project in any form
 * @param at `YYYY-MM-DD HH:MM:SS`, UTC
 * @returns false when it was enrolled already. @throws {EngramError} invalid-input: a blank name
 */
export function enrollProject(cloud: CloudStore, project: string, at: string): boolean {
  const name = mustBeNamed(project);
  const isNew = cloud.enroll(name, at);
  const target = cloudTargetKey(name);
  // The Go program leaves it standing until a sync succeeds, so that the state contradicts the enrolment.
  if (isNew && cloud.syncState(target)?.reasonCode === 'blocked_unenrolled') cloud.markPending(target, at);
  return isNew;
}

/** Keeps a project's changes here from now on. The journal stays as it is. @throws {EngramError} invalid-input: a blank name */
export function unenrollProject(cloud: CloudStore, project: string): void {
  cloud.unenroll(mustBeNamed(project));
}

function mustBeNamed(project: string): string {
  const { normalized } = normalizeProject(project);
  if (normalized === '') throw new EngramError('invalid-input', 'project name must not be empty');
  return normalized;
}
