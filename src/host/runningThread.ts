import type { Http } from '../engine/cloud/cloudPorts.ts';
import { EngramError } from '../engine/errors.ts';
import type { CallContext, RequestFailure } from '../engine/folderRequests.ts';
import type { FromWorker, RequestMessage, ToWorker, WorkerStart } from '../workerMessages.ts';
import { HttpAnswers } from './httpAnswers.ts';
import type { WorkerEvents, WorkerThread } from './workerThread.ts';

/** What a thread is started with; tests start none. */
export interface ThreadParts {
  readonly start: (start: WorkerStart, events: WorkerEvents) => WorkerThread;
  /** Absolute path of `sql-wasm.wasm`. */
  readonly wasmPath: string;
  /** Sends what the worker wants to say to the cloud server; decides whether anything leaves, and adds the token. */
  readonly http: Http;
  readonly log: (level: 'info' | 'debug' | 'warn' | 'error', message: string) => void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EngramError) => void;
  readonly onProgress: CallContext['onProgress'];
}

/** One life of the thread: its open folders, what it was asked, and what it was reading last. */
export class RunningThread {
  readonly opened = new Set<string>();
  readonly startedAt = performance.now();
  readonly #parts: ThreadParts;
  readonly #thread: WorkerThread;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reading = new Map<string, string>();
  readonly #over: Promise<void>;
  readonly #http: HttpAnswers;
  #isEnding = false;
  #gone = false;

  constructor(parts: ThreadParts, quarantined: WorkerStart['quarantined'], ended: (expected: boolean) => void) {
    this.#parts = parts;
    const over = Promise.withResolvers<void>();
    this.#over = over.promise;
    this.#http = new HttpAnswers(
      parts.http,
      (answer, transfer) => this.post(answer, transfer),
      (message) => parts.log('error', message),
    );
    const events: WorkerEvents = {
      message: (message) => this.#receive(message),
      error: (error) => parts.log('error', error.stack ?? error.message),
      ended: () => {
        this.#gone = true;
        this.#http.cancelAll();
        this.#rejectAll();
        ended(this.#isEnding);
        over.resolve();
      },
    };
    this.#thread = parts.start({ wasmPath: parts.wasmPath, quarantined }, events);
  }

  post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#gone) this.#thread.post(message, transfer);
  }

  /** @throws {EngramError} cancelled, without asking, when the signal says so already */
  async ask(message: RequestMessage, { signal, onProgress }: CallContext): Promise<unknown> {
    if (signal?.aborted) throw new EngramError('cancelled', 'Cancelled.');
    const cancel = () => this.post({ kind: 'cancel', id: message.id });
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(message.id, { resolve, reject, onProgress }));
    this.post(message);
    if (this.#gone) this.#rejectAll();
    signal?.addEventListener('abort', cancel, { once: true });
    return answer.finally(() => signal?.removeEventListener('abort', cancel));
  }

  /** Chunks that were being read. */
  reading(): { readonly root: string; readonly chunkId: string }[] {
    return [...this.#reading].map(([root, chunkId]) => ({ root, chunkId }));
  }

  /** Lets it finish; one that does not within the limit is ended. A server is not waited for. */
  async end(limitMs: number): Promise<void> {
    this.#isEnding = true;
    this.#http.cancelAll();
    this.post({ kind: 'end' });
    const timer = setTimeout(() => this.#thread.terminate(), limitMs);
    await this.#over;
    clearTimeout(timer);
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#parts.log('debug', 'The worker thread is ready.');
        break;
      case 'log':
        this.#parts.log(message.level, message.message);
        break;
      case 'reading':
        if (message.chunkId === undefined) this.#reading.delete(message.root);
        else this.#reading.set(message.root, message.chunkId);
        break;
      case 'http':
        void this.#http.answer(message.id, message.request);
        break;
      case 'http-cancel':
        this.#http.cancel(message.id);
        break;
      case 'progress':
        this.#waiting.get(message.id)?.onProgress?.(message.progress);
        break;
      case 'result':
        this.#take(message.id)?.resolve(message.value);
        break;
      case 'failure':
        this.#take(message.id)?.reject(this.#toError(message.error));
        break;
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #rejectAll(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(
        new EngramError(
          'worker-lost',
          'The worker thread ended before it could answer. Nothing is half written; it starts again by itself.',
        ),
      );
    }
    this.#waiting.clear();
  }

  /** What is not ours has a text for programmers: it goes to the log, and a sentence to the person. */
  #toError(failure: RequestFailure): EngramError {
    if (failure.code !== 'unknown') return new EngramError(failure.code, failure.message, { subject: failure.subject });
    this.#parts.log('error', failure.stack ?? failure.message);
    return new EngramError('io-failed', 'Engram could not finish. The log has details.');
  }
}
