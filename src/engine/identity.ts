import { createHash } from 'node:crypto';
import type { ObservationRecord, PromptRecord } from './records.ts';

/**
 * The identity of a record that has no `sync_id`: the same on every machine that reads the same chunk, because it is made of session,
 * creation time, title and content alone. The prefix tells a derived one from the random ones of the Go program.
 *
 * @returns `obs-derived-` or `prompt-derived-` and 32 hex digits.
 */
export function derivedSyncId(record: ObservationRecord | PromptRecord): string {
  const isObservation = 'title' in record;
  const parts = [record.sessionId, record.createdAt, isObservation ? record.title : '', record.content].map((part) => part.toWellFormed());
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
  return `${isObservation ? 'obs' : 'prompt'}-derived-${hash}`;
}

/** Whether an id is one of {@link derivedSyncId}. */
export function isDerived(syncId: string): boolean {
  return /^(obs|prompt)-derived-[0-9a-f]{32}$/.test(syncId);
}
