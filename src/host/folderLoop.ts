import type { CloudState } from '../engine/cloud/cloudState.ts';
import { EngramError } from '../engine/errors.ts';
import type { FolderState, ImportSummary } from '../engine/folderState.ts';
import { singleFlight } from '../engine/singleFlight.ts';
import { type Call, describeHeal, describeImport } from './call.ts';
import type { Arrival } from './session.ts';
import { Retry, Settling } from './settling.ts';
import type { SnapshotKeeper } from './snapshotKeeper.ts';

/** Why a folder is looked at; for the log. */
export type Reason = 'start' | 'files' | 'git' | 'retry' | 'settings' | 'trust' | 'focus' | 'refresh' | 'cloud' | 'memories';

export type AutoImport = 'on' | 'ask' | 'off';

type WithoutSession<T> = T extends unknown ? Omit<T, 'session'> : never;

export interface LoopParts {
  readonly call: Call;
  readonly keeper: SnapshotKeeper;
  readonly trusted: () => boolean;
  readonly autoImport: () => AutoImport;
  /** Whether a cloud server is configured: only then the folder is asked how it stands with it. */
  readonly hasCloud: () => boolean;
  /** Whether git is writing the work tree right now. Not asked in Restricted Mode. */
  readonly gitBusy: () => Promise<boolean>;
  readonly arrived: (arrival: WithoutSession<Arrival>) => void;
  readonly log: (level: 'info' | 'debug' | 'error', message: string) => void;
}

/** A listed chunk without file: the pull may still be under way, and the event of its file may never come. */
const MISSING_PAUSES_MS = [1000, 3000, 10_000];
/** Another window or program is writing, or the worker has to come back. */
const BLOCKED_PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15_000, ...Array<number>(20).fill(30_000)];
/** So long a lock of somebody else is nobody's concern. */
const QUIET_LOCK_MS = 10_000;
/** What is wrong with a manifest may be a pull half way: it has to look the same for so long. */
const REPAIR_AFTER_MS = 900;
const GIT_POLL_MS = 250;
/** A rebase may stand open for days and a crashed git leaves its lock: git may delay a run, never stop it. */
const GIT_LONGEST_MS = 2000;

/**
 * Keeps the snapshot of one folder true and imports what arrived. Whatever happens, the answer is the same: read the state again, import
 * what waits. At most one run at a time, and always one more after the last event.
 */
export class FolderLoop {
  readonly #parts: LoopParts;
  readonly #abort = new AbortController();
  readonly #settling = new Settling(() => void this.look());
  readonly #missing = new Retry(MISSING_PAUSES_MS, () => void this.look('retry'));
  readonly #blocked = new Retry(BLOCKED_PAUSES_MS, () => void this.look('retry'));
  readonly #flight = singleFlight(() => this.#run());
  #reason: Reason = 'start';
  #problems: ReadonlySet<string> = new Set();
  #blockedSince: number | undefined;
  #asked = '';
  /** What could be repaired by itself, since when, and whether that was tried. */
  #repair = { found: '', sinceMs: 0, isTried: false };

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Something happened: look again when it is quiet. */
  touch(reason: Reason): void {
    if (this.#abort.signal.aborted) return;
    this.#reason = reason;
    this.#missing.reset();
    this.#settling.touch();
  }

  /** Looks now, or once more after the run that is under way. Never rejects: a failure is in the snapshot. */
  look(reason: Reason = this.#reason): Promise<void> {
    this.#reason = reason;
    return this.#abort.signal.aborted ? Promise.resolve() : this.#flight();
  }

  /** Reads the state into the snapshot. @throws {EngramError} */
  async readState(): Promise<FolderState> {
    const { call, keeper } = this.#parts;
    const activity = keeper.snapshot.state === undefined ? keeper.begin('opening') : undefined;
    try {
      const state = await call('state', [], { signal: this.#abort.signal });
      const cloud = await this.#readCloud(state);
      keeper.change({ state, cloud });
      keeper.succeeded('state');
      this.#logProblems(state);
      return state;
    } finally {
      activity?.end();
    }
  }

  /** From the database alone: the server is not asked. What fails here is a matter of the cloud's view and no other. */
  async #readCloud({ mode, folder }: FolderState): Promise<CloudState | undefined> {
    const { call, hasCloud, log } = this.#parts;
    if (!hasCloud() || mode !== 'full' || folder !== 'ok') return undefined;
    try {
      return await call('cloudState', [], { signal: this.#abort.signal });
    } catch (error) {
      if (!EngramError.is(error, 'cancelled')) log('info', `cloud state failed: ${EngramError.is(error) ? error.code : String(error)}`);
      return undefined;
    }
  }

  /** A run that is under way stops at its next safe point; nothing starts after this. */
  dispose(): void {
    this.#abort.abort();
    this.#settling.dispose();
    this.#missing.reset();
    this.#blocked.reset();
  }

  /** Each sentence once, when it becomes true. A file that has not arrived yet alarms nobody. */
  #logProblems({ problems, chunks }: FolderState): void {
    const all = [...problems, ...chunks.flatMap(({ problem }) => (problem ? [problem] : []))];
    const sentences = new Map(all.map(({ code, message }) => [`${message} [${code}]`, code]));
    for (const [sentence, code] of sentences) {
      if (!this.#problems.has(sentence)) this.#parts.log(code === 'chunk-missing' ? 'info' : 'error', sentence);
    }
    this.#problems = new Set(sentences.keys());
  }

  async #run(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    let step: 'state' | 'import' = 'state';
    try {
      await this.#waitForGit();
      let state = await this.readState();
      step = 'import';
      if (this.#mayImport(state)) state = await this.#import();
      if (this.#mayRepair(state)) state = await this.#heal();
      this.#parts.keeper.succeeded('import');
      this.#blockedSince = undefined;
      if (state.problems.some(({ code }) => code === 'store-locked')) this.#blocked.plan();
      else this.#blocked.reset();
      if (isUnsettled(state) && !this.#abort.signal.aborted) this.#missing.plan();
    } catch (error) {
      this.#failed(step, error);
    }
  }

  async #waitForGit(): Promise<void> {
    const { trusted, gitBusy } = this.#parts;
    for (let waitedMs = 0; waitedMs < GIT_LONGEST_MS; waitedMs += GIT_POLL_MS) {
      if (this.#abort.signal.aborted || !trusted() || !(await gitBusy())) return;
      await new Promise((resolve) => setTimeout(resolve, GIT_POLL_MS));
    }
  }

  /** Asks the person, where that is the setting, once for each batch. */
  #mayImport(state: FolderState): boolean {
    if (!this.#parts.trusted() || !canImport(state)) return false;
    const setting = this.#parts.autoImport();
    if (setting === 'ask') this.#ask(state);
    return setting === 'on';
  }

  #ask(state: FolderState): void {
    const waiting = state.chunks.filter((chunk) => chunk.waiting).map((chunk) => chunk.id);
    const batch = waiting.sort().join(' ');
    if (batch === this.#asked) return;
    this.#asked = batch;
    this.#parts.arrived({ kind: 'ask', chunks: state.chunkTotals.waiting });
  }

  async #import(): Promise<FolderState> {
    const { call, keeper } = this.#parts;
    const activity = keeper.begin('importing');
    const started = performance.now();
    let summary: ImportSummary | undefined;
    try {
      summary = await call('importChunks', [{}], { signal: this.#abort.signal, onProgress: activity.progress });
      return await this.readState();
    } finally {
      activity.end();
      if (summary) this.#tell(summary, performance.now() - started);
    }
  }

  /** Where imports happen by themselves, so do repairs in which nothing is ambiguous; each once, when it was seen twice. */
  #mayRepair({ healing }: FolderState): boolean {
    const { trusted, autoImport } = this.#parts;
    const found = healing?.automatic && trusted() && autoImport() === 'on' ? JSON.stringify(healing) : '';
    if (found !== this.#repair.found) this.#repair = { found, sinceMs: performance.now(), isTried: false };
    return found !== '' && !this.#repair.isTried && performance.now() - this.#repair.sinceMs >= REPAIR_AFTER_MS;
  }

  async #heal(): Promise<FolderState> {
    const { call, keeper, log, arrived } = this.#parts;
    this.#repair.isTried = true;
    const activity = keeper.begin('healing');
    try {
      const summary = await call('heal', [{ automatic: true }], { signal: this.#abort.signal });
      log('info', `repair (${this.#reason}): ${describeHeal(summary)}`);
      if (summary.kinds.length > 0 && !this.#abort.signal.aborted) arrived({ kind: 'healed', summary });
      return await this.readState();
    } finally {
      activity.end();
    }
  }

  #tell(summary: ImportSummary, ms: number): void {
    this.#parts.log('info', `import (${this.#reason}): ${describeImport(summary)}, ${Math.round(ms)} ms`);
    if (summary.chunks > 0 && !this.#abort.signal.aborted) this.#parts.arrived({ kind: 'imported', summary });
  }

  #failed(step: 'state' | 'import', error: unknown): void {
    if (this.#abort.signal.aborted || EngramError.is(error, 'cancelled')) return;
    const isLocked = EngramError.is(error, 'store-locked') || EngramError.is(error, 'lock-lost');
    if (isLocked || EngramError.is(error, 'worker-lost')) this.#blocked.plan();
    this.#blockedSince = isLocked ? (this.#blockedSince ?? Date.now()) : undefined;
    const isQuiet = this.#blockedSince !== undefined && Date.now() - this.#blockedSince < QUIET_LOCK_MS;
    const code = EngramError.is(error) ? error.code : String(error);
    this.#parts.log(isQuiet ? 'debug' : 'error', `${step} (${this.#reason}) failed: ${code}`);
    if (!isQuiet) this.#parts.keeper.failed(step, error);
  }
}

/** A pull may still be writing: a chunk without its file, or files without their manifest, whose events may never come. */
function isUnsettled({ chunkTotals, chunks, manifest, healing }: FolderState): boolean {
  if (healing?.automatic) return true;
  return chunkTotals.missing > 0 || (manifest === 'absent' && chunkTotals.all > 0) || chunks.some((chunk) => chunk.state === 'unlisted');
}

/** Whether an import now could bring something. Databases that are only read, or not used at all, would refuse it. */
function canImport(state: FolderState): boolean {
  const isWritable = state.database === 'none' || state.database === 'ok' || state.database === 'rebuilt' || state.database === 'closed';
  return state.mode === 'full' && state.folder === 'ok' && state.chunkTotals.waiting > 0 && isWritable;
}
