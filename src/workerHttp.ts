import type { Http, HttpRequest, HttpResponse } from './engine/cloud/cloudPorts.ts';
import { EngramError } from './engine/errors.ts';
import type { FromWorker, HttpAnswer } from './workerMessages.ts';

interface Waiting {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: EngramError) => void;
}

/** The worker's way to the cloud server: every exchange is the extension host's, where proxy, certificates and token are. */
export class WorkerHttp implements Http {
  readonly #post: (message: FromWorker) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    if (signal?.aborted) throw cancelled();
    const id = ++this.#lastId;
    const answer = new Promise<HttpResponse>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const cancel = (): void => {
      this.#post({ kind: 'http-cancel', id });
      this.#waiting.get(id)?.reject(cancelled());
    };
    signal?.addEventListener('abort', cancel, { once: true });
    this.#post({ kind: 'http', id, request });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#waiting.delete(id);
    }
  }

  /** What comes after a cancellation is nobody's. */
  receive(message: HttpAnswer): void {
    const waiting = this.#waiting.get(message.id);
    if ('response' in message) waiting?.resolve(message.response);
    else waiting?.reject(errorOf(message.error));
  }
}

function errorOf({ code, message, subject }: Extract<HttpAnswer, { readonly error: unknown }>['error']): EngramError {
  if (code === 'unknown') return new EngramError('cloud-unreachable', 'The request could not be sent. The log has details.');
  return new EngramError(code, message, { subject });
}

function cancelled(): EngramError {
  return new EngramError('cancelled', 'Cancelled.');
}
