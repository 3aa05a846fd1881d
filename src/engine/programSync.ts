import type { ExportPreview } from './exportPreview.ts';

/** What goes in and out through the Engram program, where only that can write the memories. Plain data for the thread boundary. */

export interface ProgramSyncOptions {
  /** Also writes what is new into a chunk. Absent: only what waits is imported. */
  readonly share?: boolean;
  /** Only that: what waits is left alone, because the program stops at it. */
  readonly skipImport?: boolean;
}

/** Rows of chunks, counted by what they are to the memories. */
export interface ArrivalCounts {
  readonly memories: number;
  readonly prompts: number;
  readonly relations: number;
  readonly edits: number;
  readonly deletes: number;
}

export interface ProgramPreview {
  /** Absolute path of the program. */
  readonly program: string;
  /** Chunks that wait. */
  readonly chunks: number;
  readonly arrivals: ArrivalCounts;
  /** Of the edits and deletions those of memories of other projects: the program holds none of them back. */
  readonly otherProjects: number;
  /** Memories that are here in a newer version than in the chunks that wait: some releases set them back. */
  readonly newerHere: number;
  /** Chunks that were altered after they were written: the program imports them all the same. */
  readonly altered: number;
  /** Chunks that cannot be read: the program stops at the first of them. */
  readonly unreadable: number;
  /**
   * What is new to the team as this extension sees it, prompts and personal memories included. The program decides by its own clock, so it may
   * write more or less.
   */
  readonly share: ExportPreview;
  /** Personal memories among them. */
  readonly personal: number;
  /** As whom the program shares. */
  readonly author: string;
}

/** What one run of the program changed, found out from its database and the chunks, not from what it said. */
export interface ProgramSyncSummary {
  readonly imported: ArrivalCounts & { readonly chunks: number };
  /** Changes in chunks that it has recorded as imported, and that its database does not have. */
  readonly notBrought: number;
  /** Memories that the program had set back to an older version, and that are as they were before again. */
  readonly putBack: number;
  /** Those that it has set back, and that could not be put back. */
  readonly setBack: number;
  /** Chunks that still wait. */
  readonly waiting: number;
  readonly shared: ProgramShared;
  /** Absent: it came to its end. */
  readonly stopped?: ProgramStop;
}

export interface ProgramShared {
  readonly chunkIds: readonly string[];
  readonly memories: number;
  /** Part of {@link memories}. */
  readonly personal: number;
  readonly prompts: number;
  readonly sessions: number;
  readonly mutations: number;
}

export interface ProgramStop {
  readonly step: 'import' | 'share';
  /** What the program said last, one line. Hostile text. */
  readonly reason: string;
}
