import type { CloudSyncSummary } from '../engine/cloud/cloudState.ts';
import type { AutomaticRun, SessionSnapshot } from './session.ts';
import { toProblem } from './snapshotKeeper.ts';

/** One folder as far as automatic syncs with the cloud are concerned. */
export interface AutomaticFolder {
  /** See {@link maySyncByItself}. */
  readonly isReady: boolean;
  /** Changes that wait to be sent. */
  readonly toSend: number;
  /** When somebody has synced or enrolled by hand last, with success, in this window; milliseconds since 1970. */
  readonly workedAtMs: number | undefined;
  sync(signal: AbortSignal): Promise<CloudSyncSummary>;
  /** Shows it; what waits to be sent is counted anew then. */
  told(run: AutomaticRun): Promise<void>;
}

/** A person has let the folder's project take part, and nothing else is under way in it. */
export function maySyncByItself({ cloud, isConsented, activity }: SessionSnapshot): boolean {
  return cloud?.enrolled === true && isConsented === true && activity.kind === 'idle';
}

export interface AutomaticParts {
  /** Asked each time: the setting, a token, trust, and a window that somebody uses. */
  readonly isOn: () => boolean;
  readonly folders: () => readonly AutomaticFolder[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/** The server is asked so often whether it has something; a little more often than an idle worker thread lives. */
const POLL_MS = 45_000;
/** A change waits so long for the next one. */
const LOOK_EVERY_MS = 5_000;
/** After failures the pauses double, up to this. */
const LONGEST_PAUSE_MS = 300_000;
/** A server that was away so often in a row is only asked once in a while, but never given up. */
const MANY_FAILURES = 10;
const HALF_OPEN_MS = 1_800_000;

type Outcome = AutomaticRun['outcome'];

/**
 * Syncs enrolled projects with the cloud by itself while somebody uses the window: soon after a change, else once in a while; after a
 * failure later each time, with some chance in it, so that a team does not come back at the same moment.
 */
export class AutomaticSync {
  readonly #parts: AutomaticParts;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;
  #failures = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;
  /** What could not be sent stays counted, and is no new reason. */
  #lastToSend = 0;

  constructor(parts: AutomaticParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Syncs where it is time. Never rejects: what happened is told to the folder. */
  async look(): Promise<void> {
    const { isOn, now } = this.#parts;
    if (this.#isRunning || this.#abort.signal.aborted || !isOn()) return;
    const ready = this.#ready();
    this.#recover(ready);
    const toSend = toSendIn(ready);
    const isNews = this.#failures === 0 && toSend > this.#lastToSend;
    this.#lastToSend = toSend;
    if (ready.length === 0 || (!isNews && now() < this.#nextAt)) return;
    this.#isRunning = true;
    try {
      await this.#run(ready);
    } finally {
      this.#isRunning = false;
    }
  }

  #ready(): readonly AutomaticFolder[] {
    return this.#parts.folders().filter((folder) => folder.isReady);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#abort.abort();
  }

  /** What a person has seen to work is not waited for. */
  #recover(ready: readonly AutomaticFolder[]): void {
    if (this.#failures === 0 || !ready.some(({ workedAtMs = Number.NEGATIVE_INFINITY }) => workedAtMs > this.#failedAt)) return;
    this.#failures = 0;
    this.#nextAt = Number.NEGATIVE_INFINITY;
  }

  async #run(ready: readonly AutomaticFolder[]): Promise<void> {
    const outcomes: { readonly folder: AutomaticFolder; readonly outcome: Outcome }[] = [];
    for (const folder of ready) {
      const outcome = await this.#sync(folder);
      if (this.#abort.signal.aborted) return;
      if (outcome) outcomes.push({ folder, outcome });
    }
    const atMs = this.#parts.now();
    this.#failures = outcomes.some(({ outcome }) => 'problem' in outcome) ? this.#failures + 1 : 0;
    if (this.#failures > 0) this.#failedAt = atMs;
    this.#nextAt = atMs + this.#pause();
    await Promise.all(outcomes.map(({ folder, outcome }) => folder.told({ atMs, outcome, nextAtMs: this.#nextAt })));
    this.#lastToSend = toSendIn(this.#ready());
  }

  /** @returns `undefined` for a run that had to wait: there is nothing to tell. */
  async #sync(folder: AutomaticFolder): Promise<Outcome | undefined> {
    try {
      const summary = await folder.sync(this.#abort.signal);
      return summary.skipped ? undefined : { summary };
    } catch (error) {
      return { problem: toProblem(error) };
    }
  }

  #pause(): number {
    if (this.#failures === 0) return POLL_MS;
    const pause = this.#failures >= MANY_FAILURES ? HALF_OPEN_MS : Math.min(POLL_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    return Math.round(pause * (0.75 + 0.5 * this.#parts.random()));
  }
}

function toSendIn(folders: readonly AutomaticFolder[]): number {
  return folders.reduce((sum, { toSend }) => sum + toSend, 0);
}
