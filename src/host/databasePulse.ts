export interface PulseParts {
  /** Whether other programs write the memories just now, and somebody looks at the window. */
  readonly isWanted: () => boolean;
  /** Differs whenever the memories may have changed. */
  readonly version: () => Promise<string>;
  readonly changed: () => void;
}

/** What agents save is to be seen within two seconds. */
const EVERY_MS = 1000;

/** Notices what other programs write into a database that stands outside of the folder, where no watcher looks. */
export class DatabasePulse {
  readonly #parts: PulseParts;
  readonly #timer: NodeJS.Timeout;
  #known: string | undefined;
  #isAsking = false;

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
    if (this.#isAsking || !this.#parts.isWanted()) return;
    this.#isAsking = true;
    try {
      const version = await this.#parts.version();
      if (this.#known !== version) this.#parts.changed();
      this.#known = version;
    } catch {
      // What is wrong with the database is in the folder's state.
    } finally {
      this.#isAsking = false;
    }
  }
}
