import { systemClock } from '../adapters/systemClock.ts';
import { deleteChange, rowChange, sessionChange } from '../engine/cloud/cloudChange.ts';
import type { SavedMemory } from '../engine/folderRequests.ts';
import { normalizeProject } from '../engine/goText.ts';
import { formatInstant } from '../engine/goTime.ts';
import { observationVersion } from '../engine/versions.ts';
import type { OpenDatabases } from './databases.ts';

/**
 * Changes a memory. In the live database the change is written into the Engram program's journal as well, in the same transaction: its cloud
 * sync sends what stands there, and nothing else.
 *
 * @param change returns what became of which memory
 */
export function journalled(databases: OpenDatabases, change: () => SavedMemory): Promise<SavedMemory> {
  return databases.store.transaction(async () => {
    const saved = change();
    if (databases.live) enqueue(databases, saved);
    return saved;
  });
}

function enqueue({ store, cloud }: OpenDatabases, { syncId, outcome }: SavedMemory): void {
  const record = store.observation(syncId);
  if (!record) return;
  const at = formatInstant(systemClock.now());
  const session = store.session(record.sessionId);
  const project = normalizeProject(record.project || (session?.project ?? '')).normalized;
  if (outcome === 'created' && session) cloud.enqueue(sessionChange(session, normalizeProject(session.project).normalized).mutation, at);
  const version = observationVersion(record);
  const { mutation } = outcome === 'deleted' ? deleteChange(version, project) : rowChange({ record, version }, project);
  cloud.enqueue(mutation, at);
}
