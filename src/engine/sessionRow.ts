import { isUnknownSession } from './merge.ts';
import type { SessionRecord } from './records.ts';
import { NO_EXTRA, PLACEHOLDER_DIRECTORY, PLACEHOLDER_START, type SessionVersion } from './versions.ts';

/** A session as a row of the memories; one of which nothing is known as a placeholder. @param fallbackProject where it names none */
export function sessionRow(session: SessionVersion, fallbackProject: string): SessionRecord {
  return {
    id: session.key,
    project: session.project || fallbackProject,
    directory: isUnknownSession(session) ? PLACEHOLDER_DIRECTORY : session.directory,
    startedAt: session.startedAt || PLACEHOLDER_START,
    ...(session.endedAt !== '' && { endedAt: session.endedAt }),
    ...(session.summary !== '' && { summary: session.summary }),
  };
}

/** A session of which nothing but its id is known. */
export function unknownSession(key: string): SessionVersion {
  return { entity: 'session', key, project: '', directory: '', startedAt: '', endedAt: '', summary: '', deletedAt: '', extra: NO_EXTRA };
}
