import { canonicalJson } from './goJson.ts';
import { formatInstant, instantToMs } from './goTime.ts';
import type { HardDelete } from './journal.ts';
import type { FolderIndex, MemoryStore } from './ports.ts';
import type { ObservationRecord, PromptTombstone, RelationRecord, SessionRecord } from './records.ts';

/**
 * Changes of an agent whose clock was behind what the changes were made from, each as it has to be: stamped one second after that. The stamp is
 * made of nothing but the version before, so that whoever stamps, however often, makes the same version; and it claims no time later than
 * needed, so that a change that somebody else made meanwhile loses nothing by when this one was noticed.
 */
export class SlowChanges {
  /** By `sync_id`, hidden ones too. */
  readonly observations = new Map<string, ObservationRecord>();
  readonly hardDeletes = new Map<string, HardDelete>();
  readonly promptTombstones = new Map<string, PromptTombstone>();
  readonly relations = new Map<string, RelationRecord>();
  /** By id, with all unknown fields; `x_at` says when which field was changed. */
  readonly sessions = new Map<string, SessionRecord>();

  get size(): number {
    const { observations, hardDeletes, promptTombstones, relations, sessions } = this;
    return [observations, hardDeletes, promptTombstones, relations, sessions].reduce((sum, { size }) => sum + size, 0);
  }

  /** The row as it has to be. Of several rows with one `sync_id` the last one counts. */
  observation(row: ObservationRecord): ObservationRecord {
    const stamped = this.observations.get(row.syncId);
    return stamped?.id === row.id ? stamped : row;
  }

  /** Inside a transaction of both. */
  write(store: MemoryStore, index: FolderIndex): void {
    for (const record of this.observations.values()) store.writeObservation(record);
    for (const gone of this.hardDeletes.values()) store.journal.restampHardDelete(gone);
    for (const tombstone of this.promptTombstones.values()) store.writePromptTombstone(tombstone);
    for (const record of this.relations.values()) store.writeRelation(record);
    for (const record of this.sessions.values()) {
      store.writeSession(record);
      const extra = record.extra ?? new Map();
      index.setExtra('session', record.id, extra.size === 0 ? undefined : canonicalJson(extra));
    }
  }
}

/** One second after an instant of `instantOf`, in the form of the database's columns. */
export function secondAfter(instant: string): string {
  return formatInstant(instantToMs(instant) + 1000);
}
