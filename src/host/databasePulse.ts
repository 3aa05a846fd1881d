export interface PulseParts {
  /** Whether other programs write the memories just now, and somebody looks at the window. */
  readonly isWanted: () => boolean;
  /** Differs whenever the memories may have changed. */
  readonly version: () => Promise<string>;
  /** Resolves when the change is to be seen. */
  readonly changed: () => Promise<void>;
}

/** What agents save is to be seen within two seconds. */
const EVERY_MS = 1000;
/** Of one processor, in the long run: more than agents that never stop may take. */
const SHARE = 0.1;
/** What looking may take at once: each memory of a burst is counted as it comes, also in a large database. */
const BURST_MS = 6_000;
const LONGEST_REST_MS = 30_000;

/** Notices what other programs write into a database that stands outside of the folder, where no watcher looks. */
export class DatabasePulse {
  readonly #parts: PulseParts;
  readonly #timer: NodeJS.Timeout;
  #known: string | undefined;
  #isBusy = false;
  /** Time that looking may still take; less than nothing: it rests. */
  #credit = BURST_MS;
  #creditedAt = performance.now();

  constructor(parts: PulseParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#beat(), EVERY_MS);
    this.#timer.unref();
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  /** An answer that takes longer than a second is waited for, not asked for again. */
  async #beat(): Promise<void> {
    if (this.#isBusy || !this.#hasCredit() || !this.#parts.isWanted()) return;
    this.#isBusy = true;
    try {
      const version = await this.#parts.version();
      if (this.#known !== version) await this.#look();
      this.#known = version;
    } catch {
      // What is wrong with the database is in the folder's state.
    } finally {
      this.#isBusy = false;
    }
  }

  #hasCredit(): boolean {
    const now = performance.now();
    this.#credit = Math.min(BURST_MS, this.#credit + (now - this.#creditedAt) * SHARE);
    this.#creditedAt = now;
    return this.#credit > 0;
  }

  async #look(): Promise<void> {
    const started = performance.now();
    await this.#parts.changed();
    this.#credit = Math.max(this.#credit - (performance.now() - started), -LONGEST_REST_MS * SHARE);
  }
}
