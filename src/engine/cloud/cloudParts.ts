import type { Clock, FolderIndex, MemoryStore, Transport, Turn } from '../ports.ts';
import type { CloudStore } from './cloudPorts.ts';

/** What a sync of one project with the cloud works with. `store` and `cloud` are the same database. */
export interface CloudParts {
  /** The project's, as the server has it: chunks in their canonical form. */
  readonly transport: Transport;
  readonly store: MemoryStore;
  readonly cloud: CloudStore;
  /** The folder's; the cloud's chunks stand in it beside the folder's. */
  readonly index: FolderIndex;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Normalised here. */
  readonly project: string;
  /** False: a person has said that prompts stay here, as far as the cloud does not have them. */
  readonly includePrompts?: boolean | undefined;
  /**
   * Brings both databases to disk. Called before something is sent that the journal must know of, and after the record that it was: a crash
   * between any two steps is mended by the next run.
   */
  readonly save: () => Promise<void>;
}
