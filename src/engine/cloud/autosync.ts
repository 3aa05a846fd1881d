import { randomUUID } from 'node:crypto';
import { EngramError } from '../errors.ts';
import type { FolderProblem } from '../folderState.ts';
import { goTrim } from '../goText.ts';
import { formatInstant, formatRfc3339 } from '../goTime.ts';
import { singleFlight } from '../singleFlight.ts';
import type { UpgradeLifecycleHooks } from '../upgrade/rollback.ts';
import type { AutosyncContext } from './autosyncContext.ts';
import { AutosyncPull } from './autosyncPull.ts';
import { AutosyncPush } from './autosyncPush.ts';
import { AUTOSYNC_DEFAULTS, type AutosyncSettings, backoffMs } from './autosyncSettings.ts';
import { HttpStatusError } from './httpStatusError.ts';
import { reasonOf } from './outcome.ts';

export type AutosyncPhase = 'idle' | 'pushing' | 'pulling' | 'push_failed' | 'pull_failed' | 'backoff' | 'healthy' | 'disabled';

export interface AutosyncStatus {
  readonly phase: AutosyncPhase;
  readonly consecutiveFailures: number;
  /** `''`: none. */
  readonly lastError: string;
  readonly reasonCode: string;
  readonly reasonMessage: string;
  /** Milliseconds since 1970; `undefined`: no wait. */
  readonly backoffUntilMs: number | undefined;
  readonly lastSyncMs: number | undefined;
  /** What the last whole cycle passed over; none of it held up the rest. */
  readonly problems: readonly FolderProblem[];
}

/** Starts something once, later. @returns what takes it back */
export type Later = (delayMs: number, run: () => void) => () => void;

export interface AutosyncOptions extends Omit<AutosyncContext, 'problems' | 'batch'> {
  readonly later: Later;
  /** At least 0, below 1. */
  readonly random: () => number;
  readonly settings?: Partial<AutosyncSettings>;
  readonly onStatus?: (status: AutosyncStatus) => void;
}

const TARGET = 'cloud';
const IDLE: AutosyncStatus = {
  phase: 'idle',
  consecutiveFailures: 0,
  lastError: '',
  reasonCode: '',
  reasonMessage: '',
  backoffUntilMs: undefined,
  lastSyncMs: undefined,
  problems: [],
};

/**
 * Syncs the enrolled projects by itself, through single mutations (Go `autosync.Manager`). One window at a time: whoever holds the lease of
 * target `cloud`. Nothing runs before {@link start}, and nothing after {@link stop}. A failure waits longer each time, and after many once in a
 * long while: it never gives up for good.
 */
export class AutosyncManager implements UpgradeLifecycleHooks {
  readonly #options: AutosyncOptions;
  readonly #settings: AutosyncSettings;
  readonly #owner = `autosync-${randomUUID()}`;
  readonly #problems: FolderProblem[] = [];
  readonly #push: AutosyncPush;
  readonly #pull: AutosyncPull;
  readonly #cycle = singleFlight(() => this.#run());
  #status = IDLE;
  #isStarted = false;
  #cancel: () => void = () => undefined;

  constructor(options: AutosyncOptions) {
    this.#options = options;
    this.#settings = { ...AUTOSYNC_DEFAULTS, ...options.settings };
    const context: AutosyncContext = { ...options, batch: this.#settings.batch, problems: this.#problems };
    this.#push = new AutosyncPush(context);
    this.#pull = new AutosyncPull(context);
  }

  get status(): AutosyncStatus {
    return this.#status;
  }

  /** The first cycle comes after one interval. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#schedule(this.#settings.pollMs);
  }

  /** Something was saved here: a cycle comes soon. */
  notifyDirty(): void {
    if (this.#isStarted && this.#status.phase !== 'disabled') this.#schedule(this.#settings.debounceMs);
  }

  /** Waits for the cycle that runs, and gives the lease to another window. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#cancel();
    await this.#cycle();
    await this.#options.open(async ({ cloud }) => cloud.releaseLease(TARGET, this.#owner));
  }

  /** One cycle now, unless it is paused, has to wait, or another window is at it. Never throws for what a server does. */
  runOnce(): Promise<void> {
    return this.#isStarted ? this.#cycle() : Promise.resolve();
  }

  /** Resolves when nothing runs any more. @throws {EngramError} invalid-input */
  async stopForUpgrade(project: string): Promise<void> {
    if (goTrim(project) === '') throw new EngramError('invalid-input', 'autosync stop requires project');
    this.#set({ phase: 'disabled', reasonCode: 'paused', reasonMessage: 'paused for a cloud upgrade' });
    this.#cancel();
    await this.#cycle();
  }

  /** @throws {EngramError} invalid-input */
  async resumeAfterUpgrade(project: string): Promise<void> {
    if (goTrim(project) === '') throw new EngramError('invalid-input', 'autosync resume requires project');
    if (this.#status.phase !== 'disabled') return;
    this.#set({ phase: 'idle', reasonCode: '', reasonMessage: '' });
    this.notifyDirty();
  }

  #schedule(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#options.later(delayMs, () => {
      this.#schedule(this.#settings.pollMs);
      void this.#cycle();
    });
  }

  async #run(): Promise<void> {
    if (!this.#isActive() || this.#options.clock.now() < (this.#status.backoffUntilMs ?? 0)) return;
    this.#problems.length = 0;
    try {
      if (!(await this.#hasLease())) return;
      if ((await this.#pull.isBlind()) && !(await this.#go('pulling', this.#pull))) return;
      if (!(await this.#go('pushing', this.#push))) return;
      if (await this.#go('pulling', this.#pull)) await this.#succeed();
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** @returns whether the cycle may go on: it is not paused, and the lease is still ours */
  async #go(phase: 'pushing' | 'pulling', direction: { run(): Promise<void> }): Promise<boolean> {
    this.#set({ phase });
    await direction.run();
    if (!this.#isActive()) return false;
    if (await this.#hasLease()) return true;
    this.#set({ phase: 'idle' });
    return false;
  }

  #isActive(): boolean {
    return this.#isStarted && this.#status.phase !== 'disabled';
  }

  #hasLease(): Promise<boolean> {
    const { open, clock } = this.#options;
    return open(async ({ cloud }) => cloud.acquireLease(TARGET, this.#owner, this.#settings.leaseMs, clock.now()));
  }

  async #succeed(): Promise<void> {
    const { open, clock } = this.#options;
    await open(async ({ cloud }) => cloud.markHealthy(TARGET, formatInstant(clock.now())));
    if (this.#isActive()) this.#set({ ...IDLE, phase: 'healthy', lastSyncMs: clock.now(), problems: [...this.#problems] });
  }

  async #fail(error: unknown): Promise<void> {
    const { open, clock, random } = this.#options;
    if (EngramError.is(error, 'cancelled')) return;
    const isPush = this.#status.phase === 'pushing';
    const consecutiveFailures = this.#status.consecutiveFailures + 1;
    const lastError = `${isPush ? 'push' : 'pull'}: ${error instanceof Error ? error.message : String(error)}`;
    const backoffUntilMs = clock.now() + backoffMs(consecutiveFailures, this.#settings, random());
    const reasonCode = reasonOf(EngramError.is(error) && error.cause instanceof HttpStatusError ? error.cause : error);
    const phase = consecutiveFailures >= this.#settings.maxFailures ? 'backoff' : isPush ? 'push_failed' : 'pull_failed';
    const problems = [...this.#problems];
    if (!this.#isActive()) return;
    this.#set({ phase, consecutiveFailures, lastError, reasonCode, reasonMessage: lastError, backoffUntilMs, problems });
    const mark = open(async ({ cloud }) => cloud.markFailure(TARGET, lastError, formatRfc3339(backoffUntilMs), formatInstant(clock.now())));
    // What kept the databases from being opened may be the very failure; it is in the status.
    await mark.catch(() => undefined);
  }

  #set(change: Partial<AutosyncStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onStatus?.(this.#status);
  }
}
