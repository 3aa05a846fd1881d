/** How long it must be quiet after the last event. A pull with 200 chunks reports all of them within 150 ms. */
export const QUIET_MS = 300;
/** However long events go on, something happens after this. */
export const LONGEST_MS = 3000;

/** Tells once when a burst of events is over. Every event means the same: look again at everything. */
export class Settling {
  readonly #settled: () => void;
  #timer: NodeJS.Timeout | undefined;
  #firstAt = 0;

  constructor(settled: () => void) {
    this.#settled = settled;
  }

  touch(): void {
    const now = Date.now();
    if (this.#timer === undefined) this.#firstAt = now;
    clearTimeout(this.#timer);
    // A clock that was set back must not make the wait longer.
    const left = Math.max(0, this.#firstAt + LONGEST_MS - now);
    this.#timer = setTimeout(() => this.#fire(), Math.min(QUIET_MS, left));
  }

  #fire(): void {
    this.#timer = undefined;
    this.#settled();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Tries something again after growing pauses, until it is told that it is well or the pauses are used up. */
export class Retry {
  readonly #pausesMs: readonly number[];
  readonly #again: () => void;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pausesMs: readonly number[], again: () => void) {
    this.#pausesMs = pausesMs;
    this.#again = again;
  }

  /** Plans the next try, unless one is planned already. @returns false when there is none left. */
  plan(): boolean {
    if (this.#timer !== undefined) return true;
    const pauseMs = this.#pausesMs[this.#used];
    if (pauseMs === undefined) return false;
    this.#used++;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#again();
    }, pauseMs);
    return true;
  }

  /** Everything is well, or the world has changed: the next pause is the first one again. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#used = 0;
  }
}
