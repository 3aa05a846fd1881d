import type { Int, SyncMutation } from './records.ts';

export interface HardDelete {
  readonly syncId: string;
  readonly sessionId: string;
  readonly project: string;
  readonly deletedAt: string;
}

/** One line of the Go program's journal, without its payload. */
export interface JournalLine {
  readonly seq: Int;
  readonly entity: string;
  readonly entityKey: string;
  readonly op: string;
  /** The clock of who wrote it, `YYYY-MM-DD HH:MM:SS`. */
  readonly occurredAt: string;
}

/** The Go program's journal (table `sync_mutations`): every change that it makes here has a line, nothing that it imports or pulls has one. */
export interface Journal {
  /** `undefined`: there is none. */
  newest(): JournalLine | undefined;
  line(seq: Int): SyncMutation | undefined;
  /** Behind a line, oldest first: saved, edited and deleted memories, deleted prompts, ended sessions. Not what was journalled hours after it happened. */
  localChanges(after: Int): Iterable<JournalLine>;
  /** The time of the latest change to this row before a line, `YYYY-MM-DD HH:MM:SS`; `''` where there is none. */
  latestBefore(line: JournalLine): string;
  /** The deletion of an observation that is gone without a trace in its table: the last line for it. Absence alone is no deletion. */
  hardDelete(syncId: string): HardDelete | undefined;
  hardDeletes(): readonly HardDelete[];
  /** Gives the deletion that {@link hardDelete} finds another time. */
  restampHardDelete(gone: HardDelete): void;
  /** Whether that program has a cloud for any project: what it pulls from there, also what is older, it puts into the tables without a line. */
  hasCloud(): boolean;
}
