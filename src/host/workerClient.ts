import { EngramError } from '../engine/errors.ts';
import type { CallContext, FolderOptions, FolderRequests } from '../engine/folderRequests.ts';
import type { RequestMessage } from '../workerMessages.ts';
import type { Answer } from './call.ts';
import { RunningThread, type ThreadParts } from './runningThread.ts';

export interface WorkerClientParts extends ThreadParts {
  /** How long a thread without requests may live: WASM memory never shrinks. Default 60 s. */
  readonly idleMs?: number;
}

const IDLE_MS = 60_000;
const LONGEST_PAUSE_MS = 60_000;
/** A thread that lived this long was well: the next death counts as the first. */
const HEALTHY_MS = 60_000;
/** A last save is written long before. */
const END_LIMIT_MS = 20_000;

/**
 * The extension host's side of the worker thread. Starts it with the first request, ends it when idle, starts it again with growing
 * pauses (1 s to 60 s) when it died. The chunk that was being read at a death is not read again.
 */
export class WorkerClient {
  readonly #parts: WorkerClientParts;
  readonly #options = new Map<string, FolderOptions>();
  readonly #quarantined: { readonly root: string; readonly chunkId: string }[] = [];
  #thread: RunningThread | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Resolves when the thread that was told to end, or the pause after a death, is over. */
  #hold: Promise<void> | undefined;
  #deaths = 0;
  #lastId = 0;
  #active = 0;
  #disposed: Promise<void> | undefined;
  #cutPause: () => void = () => undefined;

  constructor(parts: WorkerClientParts) {
    this.#parts = parts;
  }

  /** Says how a folder is to be opened, or that this changed. Starts nothing. */
  open(options: FolderOptions): void {
    this.#options.set(options.root, options);
    if (this.#thread?.opened.has(options.root)) this.#thread.post({ kind: 'open', options });
  }

  close(root: string): void {
    this.#options.delete(root);
    if (this.#thread?.opened.delete(root)) this.#thread.post({ kind: 'close', root });
  }

  /**
   * Asks for one thing of a folder that was opened. Cancelled by the signal: the engine goes on to its next safe point and answers then.
   *
   * @throws {EngramError} whatever the engine throws; worker-lost when the thread ended, not-initialised when the folder is not open.
   */
  async request<Name extends keyof FolderRequests>(
    root: string,
    name: Name,
    args: Parameters<FolderRequests[Name]>,
    context: CallContext = {},
  ): Promise<Answer<Name>> {
    this.#active++;
    clearTimeout(this.#idleTimer);
    try {
      const thread = await this.#running(context.signal);
      const options = this.#options.get(root);
      if (!options) throw new EngramError('not-initialised', 'This folder is not open.');
      if (!thread.opened.has(root)) thread.post({ kind: 'open', options });
      thread.opened.add(root);
      const id = ++this.#lastId;
      return (await thread.ask({ kind: 'request', id, root, name, args } as RequestMessage, context)) as Answer<Name>;
    } finally {
      this.#active--;
      if (this.#active === 0) this.#endWhenIdle();
    }
  }

  /** Lets the running requests and their saves end. Idempotent; the promise is the one to wait for before the process may go. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    this.#cutPause();
    return this.#disposed;
  }

  async #running(signal: AbortSignal | undefined): Promise<RunningThread> {
    while (this.#hold && !this.#disposed) await orCancelled(this.#hold, signal);
    if (this.#disposed) throw new EngramError('cancelled', 'The window is closing.');
    if (signal?.aborted) throw new EngramError('cancelled', 'Cancelled.');
    this.#thread ??= this.#startThread();
    return this.#thread;
  }

  #startThread(): RunningThread {
    const thread: RunningThread = new RunningThread(this.#parts, this.#quarantined.slice(), (expected) => this.#ended(thread, expected));
    return thread;
  }

  #ended(thread: RunningThread, expected: boolean): void {
    if (this.#thread === thread) this.#thread = undefined;
    if (expected) return;
    this.#quarantined.push(...thread.reading());
    this.#deaths = performance.now() - thread.startedAt > HEALTHY_MS ? 1 : this.#deaths + 1;
    const pauseMs = Math.min(1000 * 2 ** (this.#deaths - 1), LONGEST_PAUSE_MS);
    this.#parts.log('error', `The worker thread ended unexpectedly (${this.#deaths}); it can start again in ${pauseMs / 1000} s.`);
    this.#holdUntil(this.#pause(pauseMs));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#cutPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #endWhenIdle(): void {
    if (!this.#thread || this.#disposed) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#end(), this.#parts.idleMs ?? IDLE_MS);
  }

  #end(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const ending = this.#thread?.end(END_LIMIT_MS);
    this.#thread = undefined;
    if (ending) this.#holdUntil(ending);
    return ending ?? this.#hold ?? Promise.resolve();
  }

  #holdUntil(over: Promise<void>): void {
    const hold = over.then(() => {
      if (this.#hold === hold) this.#hold = undefined;
    });
    this.#hold = hold;
  }
}

/** Waits for either; the other one goes on unheard. */
async function orCancelled(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work;
  const cancelled = Promise.withResolvers<never>();
  const cancel = () => cancelled.reject(new EngramError('cancelled', 'Cancelled.'));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    await Promise.race([work, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
