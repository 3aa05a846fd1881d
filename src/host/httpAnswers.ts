import type { Http, HttpRequest } from '../engine/cloud/cloudPorts.ts';
import { EngramError } from '../engine/errors.ts';
import type { RequestFailure } from '../engine/folderRequests.ts';
import type { HttpAnswer } from '../workerMessages.ts';

/** The extension host's side of the worker's HTTP: sends what the worker asks for and gives it the answer, or the reason why there is none. */
export class HttpAnswers {
  readonly #http: Http;
  readonly #post: (answer: HttpAnswer, transfer: readonly ArrayBuffer[]) => void;
  readonly #log: (message: string) => void;
  readonly #running = new Map<number, AbortController>();

  /** @param log for failures that are not ours; they have no text of a request. */
  constructor(http: Http, post: (answer: HttpAnswer, transfer: readonly ArrayBuffer[]) => void, log: (message: string) => void) {
    this.#http = http;
    this.#post = post;
    this.#log = log;
  }

  async answer(id: number, request: HttpRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const { status, headers, body } = await this.#http.send(request, controller.signal);
      // A copy of exactly these bytes: a buffer may be part of a larger one, and what is transferred is gone here.
      const own = new Uint8Array(body);
      this.#post({ kind: 'http-answer', id, response: { status, headers, body: own } }, [own.buffer]);
    } catch (error) {
      this.#post({ kind: 'http-answer', id, error: this.#failureOf(error) }, []);
    } finally {
      this.#running.delete(id);
    }
  }

  cancel(id: number): void {
    this.#running.get(id)?.abort();
  }

  cancelAll(): void {
    for (const controller of this.#running.values()) controller.abort();
  }

  /** Never the text of a foreign error: it may hold a header, and so the token. */
  #failureOf(error: unknown): RequestFailure {
    if (!EngramError.is(error)) {
      this.#log(`an exchange with the cloud server failed: ${error instanceof Error ? error.name : typeof error}`);
      return { code: 'cloud-unreachable', message: 'The cloud server could not be asked. Nothing is lost; try again later.' };
    }
    return { code: error.code, message: error.message, ...(error.subject !== undefined && { subject: error.subject }) };
  }
}
