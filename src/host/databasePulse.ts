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
/** So many times as long as it took to look at a change nobody looks again: agents that never stop take a tenth of one processor at most. */
const REST = 9;
const LONGEST_REST_MS = 30_000;

/** Notices what other programs write into a database that stands outside of the folder, where no watcher looks. */
export class DatabasePulse {
  readonly #parts: PulseParts;
  readonly #timer: NodeJS.Timeout;
  #known: string | undefined;
  #isBusy = false;
  #restUntil = 0;

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
    if (this.#isBusy || performance.now() < this.#restUntil || !this.#parts.isWanted()) return;
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

  async #look(): Promise<void> {
    const started = performance.now();
    await this.#parts.changed();
    const ended = performance.now();
    this.#restUntil = ended + Math.min((ended - started) * REST, LONGEST_REST_MS);
  }
}
