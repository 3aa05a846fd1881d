import type { Applied } from '../applyChunk.ts';
import type { FolderProblem } from '../folderState.ts';
import type { Clock, FolderIndex, MemoryStore, Turn } from '../ports.ts';
import type { CloudParts } from './cloudParts.ts';
import type { CloudStore } from './cloudPorts.ts';
import type { MutationTransport } from './mutationTransport.ts';

/** The databases while they are open; `store` and `cloud` are one. */
export interface OpenAutosync {
  readonly store: MemoryStore;
  readonly cloud: CloudStore;
  readonly index: FolderIndex;
  readonly turn: Turn;
}

/** What both directions of the automatic sync work with. */
export interface AutosyncContext {
  readonly transport: Pick<MutationTransport, 'push' | 'pullMutations'>;
  /** Runs `work` with the databases open and locked, and saves them before it resolves. Never held while a server is waited for. */
  readonly open: <T>(work: (databases: OpenAutosync) => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly includePersonal: boolean;
  /** As in {@link CloudParts}. */
  readonly includePrompts?: CloudParts['includePrompts'];
  /** Absent: what is enrolled is sent. What comes is of every enrolled project, because they share one cursor. */
  readonly maySend?: ((project: string) => boolean) | undefined;
  readonly batch: number;
  /** Told of what one project's part of a page has changed here. */
  readonly onPulled?: ((applied: Applied) => void) | undefined;
  /** Of the cycle that runs. */
  readonly problems: FolderProblem[];
}
