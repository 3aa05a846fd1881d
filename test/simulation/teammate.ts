import type { Clone } from './clone.ts';

export type Program = 'ours' | 'v1.14.0' | 'v1.16.1';

/** Somebody of the team, whatever program they use. */
export interface Teammate {
  readonly name: string;
  readonly program: Program;
  readonly clone: Clone;
  /** @returns how many chunks were written; `undefined` where the export refused. */
  sync(): Promise<number | undefined>;
  importChunks(): Promise<void>;
  /** @returns as {@link sync} */
  exportNew(): Promise<number | undefined>;
  /** What happens after files have changed, without anybody asking. */
  settle(): Promise<void>;
  /** What a person does when told that something is wrong with the folder. */
  repair(): Promise<void>;
  /** Runs `work` and kills the process after so many writes; then a new one starts. */
  killedAfter(writes: number, work: () => Promise<unknown>): Promise<void>;
  /** Somebody deletes `index.db`. */
  loseIndex(): void;
  close(): void;
}
