import { isUnknownSession } from './merge.ts';
import type { SessionRecord } from './records.ts';
import { PLACEHOLDER_DIRECTORY, PLACEHOLDER_START, type SessionVersion } from './versions.ts';

/**
 * A session as a row of the memories. Only one of which nothing is known gets the placeholder's directory: beside it a known project would
 * count as unknown when the row is read again.
 *
 * @param fallbackProject where no version names one: the project of a row that needs the session
 */
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
