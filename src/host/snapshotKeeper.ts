import { EngramError } from '../engine/errors.ts';
import type { Progress } from '../engine/folderRequests.ts';
import type { FolderProblem } from '../engine/folderState.ts';
import type { Activity, SessionSnapshot } from './session.ts';

const IDLE: Activity = { kind: 'idle', done: 0, total: 0 };

/** Something that is under way and shows in the snapshot. */
export interface RunningActivity {
  progress(progress: Progress): void;
  /** Takes it out of the snapshot, together with what it brought. Idempotent. */
  end(change?: SnapshotChange): void;
}

/** Which kind of run failed or went well: reading the state, the automatic import, or what a person asked for. */
export type Step = 'state' | 'import' | 'command';

export type SnapshotChange = Partial<Pick<SessionSnapshot, 'state' | 'failure' | 'cloud' | 'automaticRun'>>;

/** Holds the one immutable snapshot of a session and replaces it whole. Of several activities the one begun last is shown. */
export class SnapshotKeeper {
  readonly #changed: (snapshot: SessionSnapshot) => void;
  readonly #isConsented: (snapshot: SessionSnapshot) => boolean;
  readonly #running = new Map<RunningActivity, Activity>();
  #failedStep: Step | undefined;
  #snapshot: SessionSnapshot;

  /** @param isConsented whether a person has let take part in the cloud what the snapshot shows */
  constructor(
    name: string,
    changed: (snapshot: SessionSnapshot) => void,
    isConsented: (snapshot: SessionSnapshot) => boolean = () => false,
  ) {
    this.#snapshot = { name, state: undefined, activity: IDLE, failure: undefined };
    this.#changed = changed;
    this.#isConsented = isConsented;
  }

  get snapshot(): SessionSnapshot {
    return this.#snapshot;
  }

  change(change: SnapshotChange): void {
    this.#replace({ ...this.#snapshot, ...change });
  }

  begin(kind: Activity['kind']): RunningActivity {
    const running: RunningActivity = {
      progress: ({ done, total }) => {
        if (!this.#running.has(running)) return;
        this.#running.set(running, { kind, done, total });
        this.#replace({ ...this.#snapshot, activity: this.#shown() });
      },
      end: (change = {}) => {
        if (!this.#running.delete(running)) return;
        this.#replace({ ...this.#snapshot, ...change, activity: this.#shown() });
      },
    };
    this.#running.set(running, { kind, done: 0, total: 0 });
    this.#replace({ ...this.#snapshot, activity: this.#shown() });
    return running;
  }

  failed(step: Step, error: unknown): void {
    this.#failedStep = step;
    this.change({ failure: toProblem(error) });
  }

  /** A success clears the failures of its own kind; a command that went well clears all. */
  succeeded(step: Step): void {
    if (this.#failedStep === undefined) return;
    if (step !== 'command' && step !== this.#failedStep && !this.#hasPassed()) return;
    this.#failedStep = undefined;
    this.change({ failure: undefined });
  }

  /** The person was told when the command failed; that somebody else was writing just then says nothing about now. */
  #hasPassed(): boolean {
    const code = this.#snapshot.failure?.code;
    return this.#failedStep === 'command' && (code === 'store-locked' || code === 'lock-lost' || code === 'worker-lost');
  }

  #shown(): Activity {
    return [...this.#running.values()].at(-1) ?? IDLE;
  }

  #replace({ isConsented: _before, ...next }: SessionSnapshot): void {
    this.#snapshot = this.#isConsented(next) ? { ...next, isConsented: true } : next;
    this.#changed(this.#snapshot);
  }
}

/** What a person is told of a failure. The sentence of one that is not ours stays in the log. */
export function toProblem(error: unknown): FolderProblem {
  if (!EngramError.is(error)) return { code: 'io-failed', severity: 'error', message: 'Engram could not finish. The log has details.' };
  const severity =
    error.code === 'store-locked' || error.code === 'worker-lost' || error.code === 'cloud-unreachable' ? 'warning' : 'error';
  const problem = { code: error.code, severity, message: error.message } as const;
  return error.subject === undefined ? problem : { ...problem, subject: error.subject };
}
