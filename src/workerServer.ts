import { EngramError } from './engine/errors.ts';
import type { CallContext, FolderOptions, FolderRequests, Progress, RequestFailure } from './engine/folderRequests.ts';
import type { FolderEnvironment, MemoryFolder } from './openFolder.ts';
import { WorkerHttp } from './workerHttp.ts';
import type { FromWorker, RequestMessage, ToWorker, WorkerStart } from './workerMessages.ts';

/** What the server needs of its thread; tests give their own. */
export interface ServerParts {
  readonly start: WorkerStart;
  readonly post: (message: FromWorker) => void;
  readonly open: (options: FolderOptions, environment: FolderEnvironment) => MemoryFolder;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Everything is closed: the thread may end. */
  readonly ended: () => void;
}

/** A person cannot read faster, and every message costs the other thread a turn. */
const PROGRESS_EVERY_MS = 100;
/** They wait for a server and touch no database, so nobody has to wait for them. */
const ASIDE: ReadonlySet<keyof FolderRequests> = new Set(['cloudAsk', 'cloudCheck']);

/**
 * Answers the messages of the extension host. The jobs of one folder run one after another, those of different folders side by side.
 * No failure of a request goes further than to the one who asked.
 */
export class WorkerServer {
  readonly #parts: ServerParts;
  readonly #http: WorkerHttp;
  readonly #folders = new Map<string, FolderJobs>();
  /** By request id, until it is answered. */
  readonly #jobs = new Map<number, RequestJob>();

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#http = new WorkerHttp(parts.post);
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'open':
        this.#open(message.options);
        break;
      case 'close':
        this.#close(message.root);
        break;
      case 'request':
        this.#request(message);
        break;
      case 'cancel':
        this.#cancel(message.id);
        break;
      case 'http-answer':
        this.#http.receive(message);
        break;
      case 'end':
        this.#end();
        break;
    }
  }

  #open(options: FolderOptions): void {
    const jobs = this.#folders.get(options.root) ?? new FolderJobs();
    this.#folders.set(options.root, jobs);
    jobs.add(async () => {
      if (jobs.folder) jobs.folder.configure(options);
      else jobs.folder = this.#parts.open(options, this.#environment(options.root));
    }, this.#logFailure);
  }

  #close(root: string): void {
    const jobs = this.#folders.get(root);
    jobs?.add(async () => {
      const folder = jobs.folder;
      jobs.folder = undefined;
      await folder?.close();
    }, this.#logFailure);
  }

  #request(message: RequestMessage): void {
    const jobs = this.#folders.get(message.root);
    if (!jobs) {
      this.#fail(message.id, new EngramError('not-initialised', 'This folder is not open.'));
      return;
    }
    const shared = message.name === 'state' ? jobs.waitingState : undefined;
    if (shared) {
      shared.ids.add(message.id);
      this.#jobs.set(message.id, shared);
      return;
    }
    const job: RequestJob = { ids: new Set([message.id]), controller: new AbortController() };
    this.#jobs.set(message.id, job);
    const run = (): Promise<void> => this.#run(jobs, message, job);
    const failed = (error: unknown): void => this.#finish(job, (id) => this.#fail(id, error));
    if (jobs.folder && ASIDE.has(message.name)) {
      void run().catch(failed);
      return;
    }
    jobs.add(run, failed);
    if (message.name === 'state') jobs.waitingState = job;
  }

  async #run(jobs: FolderJobs, message: RequestMessage, job: RequestJob): Promise<void> {
    if (jobs.waitingState === job) jobs.waitingState = undefined;
    if (job.controller.signal.aborted) throw new EngramError('cancelled', 'Cancelled.');
    if (!jobs.folder) throw new EngramError('not-initialised', 'This folder is not open.');
    // The arguments belong to the name: both sides are typed by FolderRequests, which no generic signature can say for a union.
    const method = jobs.folder[message.name] as (...args: readonly unknown[]) => Promise<unknown>;
    const context: CallContext = { signal: job.controller.signal, onProgress: this.#throttled(job) };
    const value = await method.call(jobs.folder, ...message.args, context);
    this.#finish(job, (id) => this.#parts.post({ kind: 'result', id, value }));
  }

  #finish(job: RequestJob, answer: (id: number) => void): void {
    for (const id of job.ids) {
      this.#jobs.delete(id);
      answer(id);
    }
    job.ids.clear();
  }

  /** The run itself goes on to its next safe point and answers then; one of several that share it leaves at once. */
  #cancel(id: number): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    if (job.ids.size === 1) {
      job.controller.abort();
      return;
    }
    job.ids.delete(id);
    this.#jobs.delete(id);
    this.#fail(id, new EngramError('cancelled', 'Cancelled.'));
  }

  #end(): void {
    for (const root of this.#folders.keys()) this.#close(root);
    const idle = [...this.#folders.values()].map((jobs) => jobs.idle());
    void Promise.all(idle).then(() => this.#parts.ended());
  }

  #environment(root: string): FolderEnvironment {
    const { start, post } = this.#parts;
    const quarantined = new Set(start.quarantined.filter((entry) => entry.root === root).map((entry) => entry.chunkId));
    return {
      wasmPath: start.wasmPath,
      log: (level, message) => post({ kind: 'log', level, message }),
      onReading: (chunkId) => post({ kind: 'reading', root, chunkId }),
      quarantined: (chunkId) => quarantined.has(chunkId),
      http: this.#http,
    };
  }

  /** At most ten a second; the first of a new phase always passes. */
  #throttled(job: RequestJob): (progress: Progress) => void {
    let last = Number.NEGATIVE_INFINITY;
    let phase: Progress['phase'] | undefined;
    return (progress) => {
      const now = this.#parts.now();
      const isDue = now - last >= PROGRESS_EVERY_MS || progress.phase !== phase;
      if (!isDue) return;
      last = now;
      phase = progress.phase;
      for (const id of job.ids) this.#parts.post({ kind: 'progress', id, progress });
    };
  }

  #fail(id: number, error: unknown): void {
    this.#parts.post({ kind: 'failure', id, error: toFailure(error) });
  }

  readonly #logFailure = (error: unknown): void => {
    this.#parts.post({ kind: 'log', level: 'error', message: toFailure(error).stack ?? String(error) });
  };
}

interface RequestJob {
  /** Those who wait for it; more than one only for `state`. */
  readonly ids: Set<number>;
  readonly controller: AbortController;
}

/** What is to be done for one folder, in the order it was asked for. */
class FolderJobs {
  folder: MemoryFolder | undefined;
  /** The last job in the queue if it reads the state and has not begun: whoever asks now may share it. */
  waitingState: RequestJob | undefined;
  #tail: Promise<void> = Promise.resolve();

  add(work: () => Promise<void>, failed: (error: unknown) => void): void {
    this.waitingState = undefined;
    this.#tail = this.#tail.then(work).catch(failed);
  }

  idle(): Promise<void> {
    return this.#tail;
  }
}

/** An error as data. Of one that is not ours only the stack tells more, and that is for the log. */
export function toFailure(error: unknown): RequestFailure {
  const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  if (!EngramError.is(error)) return { code: 'unknown', message: error instanceof Error ? error.message : String(error), ...stack };
  const subject = error.subject === undefined ? {} : { subject: error.subject };
  return { code: error.code, message: error.message, ...subject, ...stack };
}
