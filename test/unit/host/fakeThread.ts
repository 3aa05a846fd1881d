import type { WorkerEvents, WorkerThread } from '../../../src/host/workerThread.ts';
import type { ToWorker, WorkerStart } from '../../../src/workerMessages.ts';

/** A thread that records what it is sent and does what the test tells it. */
export class FakeThread implements WorkerThread {
  readonly start: WorkerStart;
  readonly events: WorkerEvents;
  readonly sent: ToWorker[] = [];
  isOver = false;

  constructor(start: WorkerStart, events: WorkerEvents) {
    this.start = start;
    this.events = events;
  }

  post(message: ToWorker): void {
    this.sent.push(message);
  }

  terminate(): void {
    this.die();
  }

  die(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.events.ended();
  }

  /** Ids of the requests, in order. */
  get asked(): number[] {
    return this.sent.flatMap((message) => (message.kind === 'request' ? [message.id] : []));
  }

  get kinds(): string[] {
    return this.sent.map((message) => message.kind);
  }

  answer(id: number | undefined, value: unknown): void {
    if (id === undefined) throw new Error('nothing was asked');
    this.events.message({ kind: 'result', id, value });
  }
}
