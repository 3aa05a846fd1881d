import { versionKey } from '../../src/engine/chunkVersions.ts';
import { mergeRows, mergeSessions } from '../../src/engine/merge.ts';
import type { RowVersion, SessionVersion } from '../../src/engine/versions.ts';

/** What people did with ours, merged: no more and no less must be in every database in the end. */
export class Ledger {
  readonly rows = new Map<string, RowVersion>();
  readonly sessions = new Map<string, SessionVersion>();
  /** What agents have changed, by key of the version. */
  readonly ofAgents = new Set<string>();

  addRow(version: RowVersion): void {
    const key = versionKey(version.entity, version.key);
    const other = this.rows.get(key);
    this.rows.set(key, other ? mergeRows(other, version) : version);
  }

  addSession(version: SessionVersion): void {
    const other = this.sessions.get(version.key);
    this.sessions.set(version.key, other ? mergeSessions(other, version) : version);
  }
}
