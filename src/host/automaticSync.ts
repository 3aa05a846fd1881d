import type { CloudSyncSummary } from '../engine/cloud/cloudState.ts';
import type { AutomaticRun } from './session.ts';
import { toProblem } from './snapshotKeeper.ts';

/** One folder as far as automatic syncs with the cloud are concerned. */
export interface AutomaticFolder {
  /** Its project is enrolled, and nothing else is under way in it. */
  readonly isReady: boolean;
  /** Changes that wait to be sent. */
  readonly toSend: number;
  sync(signal: AbortSignal): Promise<CloudSyncSummary>;
  told(run: AutomaticRun): void;
}

export interface AutomaticParts {
  /** Asked each time: the setting, a token, trust, and a window that somebody uses. */
  readonly isOn: () => boolean;
  readonly folders: () => readonly AutomaticFolder[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The server is asked so often whether it has something. */
const POLL_MS = 60_000;
/** A change waits so long for the next one. */
const LOOK_EVERY_MS = 5_000;

/**
 * Syncs enrolled projects with the cloud by itself while somebody uses the window: soon after a change, else once a minute. How long a
 * failure is waited for, and that only one window at a time syncs, is decided where the database is (`skipped`).
 */
export class AutomaticSync {
  readonly #parts: AutomaticParts;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** What could not be sent stays counted, and is no new reason. */
  #lastToSend = 0;

  constructor(parts: AutomaticParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Syncs where it is time. Never rejects: what happened is told to the folder. */
  async look(): Promise<void> {
    const { isOn, folders, now } = this.#parts;
    if (this.#isRunning || this.#abort.signal.aborted || !isOn()) return;
    const ready = folders().filter((folder) => folder.isReady);
    const toSend = ready.reduce((sum, folder) => sum + folder.toSend, 0);
    const isDue = now() - this.#lastAt >= POLL_MS || toSend > this.#lastToSend;
    this.#lastToSend = toSend;
    if (ready.length === 0 || !isDue) return;
    this.#isRunning = true;
    try {
      for (const folder of ready) await this.#sync(folder);
    } finally {
      this.#lastAt = now();
      this.#isRunning = false;
    }
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#abort.abort();
  }

  async #sync(folder: AutomaticFolder): Promise<void> {
    try {
      const summary = await folder.sync(this.#abort.signal);
      if (!summary.skipped) folder.told({ atMs: this.#parts.now(), outcome: { summary } });
    } catch (error) {
      if (!this.#abort.signal.aborted) folder.told({ atMs: this.#parts.now(), outcome: { problem: toProblem(error) } });
    }
  }
}
