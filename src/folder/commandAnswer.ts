import type { MemoryFolder } from '../openFolder.ts';

/**
 * Exit codes of the command line (docs/command-line.md). `incomplete`: everything else was done, but some chunk could not be imported, or
 * the doctor found something.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, incomplete: 3 } as const;

/** What one command printed and how it ended. */
export interface Answer {
  readonly json: unknown;
  readonly lines: readonly string[];
  readonly exitCode?: number;
}

export type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly usage: string;
  readonly run: (folder: MemoryFolder, values: Values, words: readonly string[]) => Promise<Answer>;
}
