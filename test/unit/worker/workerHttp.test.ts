import { describe, expect, it } from 'vitest';
import type { Http, HttpRequest, HttpResponse } from '../../../src/engine/cloud/cloudPorts.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { HttpAnswers } from '../../../src/host/httpAnswers.ts';
import { WorkerHttp } from '../../../src/workerHttp.ts';
import type { FromWorker } from '../../../src/workerMessages.ts';

const request: HttpRequest = {
  method: 'POST',
  url: 'https://cloud.example/sync/push',
  body: Buffer.from('{"a":1}'),
  timeoutMs: 1000,
  maxBytes: 99,
};

/** Both sides, with copies in between as between two threads. */
function connected(http: Http) {
  const crossed: unknown[] = [];
  const logged: string[] = [];
  const answers = new HttpAnswers(
    http,
    (answer, transfer) => {
      const copy = structuredClone(answer, { transfer: [...transfer] });
      crossed.push(copy);
      worker.receive(copy);
    },
    (message) => logged.push(message),
  );
  const worker: WorkerHttp = new WorkerHttp((message) => {
    const copy: FromWorker = structuredClone(message);
    crossed.push(copy);
    if (copy.kind === 'http') void answers.answer(copy.id, copy.request);
    if (copy.kind === 'http-cancel') answers.cancel(copy.id);
  });
  return { worker, answers, crossed, logged };
}

const never = (signal: AbortSignal | undefined) =>
  new Promise<HttpResponse>((_, reject) => signal?.addEventListener('abort', () => reject(new EngramError('cancelled', 'Cancelled.'))));

describe('HTTP of the worker', () => {
  it('crosses the thread with body and headers, and leaves the request’s own bytes where they are', async () => {
    const shared = Buffer.from('xx{"ok":true}');
    const { worker } = connected({
      send: async ({ method, url, body }) => {
        expect([method, url, Buffer.from(body ?? []).toString()]).toEqual(['POST', request.url, '{"a":1}']);
        return { status: 409, headers: new Map([['retry-after', '3']]), body: shared.subarray(2) };
      },
    });
    const answer = await worker.send(request);
    expect([answer.status, answer.headers.get('retry-after'), Buffer.from(answer.body).toString()]).toEqual([409, '3', '{"ok":true}']);
    expect(Buffer.from(request.body ?? []).toString()).toBe('{"a":1}');
    expect(shared.toString()).toBe('xx{"ok":true}');
  });

  it('gives each asker the answer to their own question', async () => {
    const { worker } = connected({ send: async ({ url }) => ({ status: Number(url.at(-1)), headers: new Map(), body: new Uint8Array() }) });
    const urls = [1, 2, 3].map((number) => `https://cloud.example/${number}`);
    const answers = await Promise.all(urls.map((url) => worker.send({ ...request, url })));
    expect(answers.map(({ status }) => status)).toEqual([1, 2, 3]);
  });

  it('carries our errors across with their code, and no text of others', async () => {
    const failing = (error: Error) => connected({ send: () => Promise.reject(error) });
    const ours = failing(new EngramError('cloud-unreachable', 'The cloud server cannot be reached.', { subject: 'certificate' }));
    await expect(ours.worker.send(request)).rejects.toMatchObject({ code: 'cloud-unreachable', subject: 'certificate' });
    const foreign = failing(new TypeError('Headers: Bearer token-1'));
    await expect(foreign.worker.send(request)).rejects.toMatchObject({ code: 'cloud-unreachable' });
    expect(JSON.stringify([foreign.crossed, foreign.logged])).not.toContain('token-1');
  });

  it('stops on the other side, too, when it is cancelled', async () => {
    let stopped = false;
    const { worker, crossed } = connected({
      send: (_request, signal) => {
        signal?.addEventListener('abort', () => {
          stopped = true;
        });
        return never(signal);
      },
    });
    const controller = new AbortController();
    const answer = worker.send(request, controller.signal);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    await expect(worker.send(request, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect([stopped, crossed.length]).toEqual([true, 3]);
  });

  it('waits for no server when the window closes', async () => {
    const { worker, answers } = connected({ send: (_request, signal) => never(signal) });
    const answer = worker.send(request);
    answers.cancelAll();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  });
});
