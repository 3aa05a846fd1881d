import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_LIMITS, type FolderOptions } from '../../../src/engine/folderRequests.ts';
import { WorkerClient } from '../../../src/host/workerClient.ts';
import { FakeThread } from './fakeThread.ts';

const root = '/project/.engram';
const options: FolderOptions = {
  root,
  trusted: true,
  gitPath: '',
  limits: DEFAULT_LIMITS,
  author: '',
  includePersonal: false,
  sessionId: 'vscode-1',
  keepFolder: '',
};

function setUp(idleMs = 60_000) {
  const threads: FakeThread[] = [];
  const logged: string[] = [];
  const client = new WorkerClient({
    start: (start, events) => {
      const thread = new FakeThread(start, events);
      threads.push(thread);
      return thread;
    },
    wasmPath: '/dist/sql-wasm.wasm',
    http: { send: () => Promise.reject(new Error('nothing is sent here')) },
    log: (_level, message) => logged.push(message),
    idleMs,
  });
  const thread = (at = -1): FakeThread => {
    const found = threads.at(at);
    if (!found) throw new Error('no thread was started');
    return found;
  };
  return { client, threads, thread, logged };
}

/** Lets promises that are already resolved go on. */
const turn = () => vi.advanceTimersByTimeAsync(0);

describe('WorkerClient', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('starts nothing until something is asked, then opens the folder first', async () => {
    const { client, threads, thread } = setUp();
    client.open(options);
    expect(threads).toHaveLength(0);
    const answer = client.request(root, 'state', []);
    await turn();
    expect(thread().kinds).toEqual(['open', 'request']);
    thread().answer(thread().asked[0], 'the state');
    expect(await answer).toBe('the state');
  });

  it('refuses a folder that was not opened', async () => {
    const { client } = setUp();
    await expect(client.request(root, 'state', [])).rejects.toMatchObject({ name: 'EngramError', code: 'not-initialised' });
  });

  it('tells a running thread of changed options, once', async () => {
    const { client, thread } = setUp();
    client.open(options);
    const answer = client.request(root, 'state', []);
    await turn();
    client.open({ ...options, author: 'ana' });
    expect(thread().kinds).toEqual(['open', 'request', 'open']);
    client.close(root);
    expect(thread().kinds.at(-1)).toBe('close');
    thread().answer(1, 'x');
    await answer;
  });

  it('passes progress and failures on as they are, and hides what is for programmers', async () => {
    const { client, thread, logged } = setUp();
    client.open(options);
    const seen: number[] = [];
    const known = client.request(root, 'importChunks', [{}], { onProgress: (progress) => seen.push(progress.done) });
    const unknown = client.request(root, 'state', []);
    await turn();
    const { message } = thread().events;
    message({ kind: 'progress', id: 1, progress: { phase: 'importing', done: 3, total: 9 } });
    message({ kind: 'failure', id: 1, error: { code: 'disk-full', message: 'The disk is full.', subject: 'engram.db' } });
    message({
      kind: 'failure',
      id: 2,
      error: { code: 'unknown', message: 'x is not a function', stack: 'TypeError: x is not a function' },
    });
    await expect(known).rejects.toMatchObject({ code: 'disk-full', subject: 'engram.db', message: 'The disk is full.' });
    await expect(unknown).rejects.toMatchObject({ name: 'EngramError', code: 'io-failed' });
    await expect(unknown).rejects.not.toMatchObject({ message: expect.stringContaining('function') });
    expect(seen).toEqual([3]);
    expect(logged.join()).toContain('x is not a function');
  });

  it('asks the thread to cancel, and waits for its answer', async () => {
    const { client, thread } = setUp();
    client.open(options);
    const abort = new AbortController();
    const answer = client.request(root, 'sync', [{}], { signal: abort.signal });
    await turn();
    abort.abort();
    expect(thread().sent.at(-1)).toEqual({ kind: 'cancel', id: 1 });
    thread().events.message({ kind: 'failure', id: 1, error: { code: 'cancelled', message: 'Cancelled.' } });
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('does not ask at all when the signal came first', async () => {
    const { client, thread } = setUp();
    client.open(options);
    const abort = new AbortController();
    const answer = expect(client.request(root, 'sync', [{}], { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
    abort.abort();
    await answer;
    expect(thread().kinds).toEqual(['open']);
  });

  it('after a death rejects what was asked, waits 1, 2, 4 … 60 s, and leaves the fatal chunk alone', async () => {
    const { client, threads, thread } = setUp();
    client.open(options);
    const pauses: number[] = [];
    for (let death = 0; death < 8; death++) {
      const before = Date.now();
      const count = threads.length;
      const answer = client.request(root, 'importChunks', [{}]);
      const rejected = expect(answer).rejects.toMatchObject({ code: 'worker-lost' });
      while (threads.length === count) await vi.advanceTimersByTimeAsync(500);
      pauses.push(Date.now() - before);
      if (death === 0) {
        thread().events.message({ kind: 'reading', root, chunkId: 'fine' });
        thread().events.message({ kind: 'reading', root, chunkId: undefined });
        thread().events.message({ kind: 'reading', root, chunkId: 'fatal' });
      }
      await turn();
      thread().die();
      await rejected;
    }
    expect(pauses.map((ms) => ms / 1000)).toEqual([0, 1, 2, 4, 8, 16, 32, 60]);
    expect(thread(0).start.quarantined).toEqual([]);
    expect(thread(1).start.quarantined).toEqual([{ root, chunkId: 'fatal' }]);
    expect(thread(7).start.quarantined).toEqual([{ root, chunkId: 'fatal' }]);
  });

  it('can be cancelled while it waits for the thread to come back', async () => {
    const { client, threads, thread } = setUp();
    client.open(options);
    const first = expect(client.request(root, 'state', [])).rejects.toMatchObject({ code: 'worker-lost' });
    await turn();
    thread().die();
    await first;
    const abort = new AbortController();
    const second = expect(client.request(root, 'state', [], { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
    abort.abort();
    await second;
    expect(threads).toHaveLength(1);
  });

  it('ends an idle thread, and starts another only when the first is gone', async () => {
    const { client, threads, thread } = setUp(60_000);
    client.open(options);
    const first = client.request(root, 'state', []);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(thread().kinds).not.toContain('end');
    thread().answer(1, 'x');
    await first;
    await vi.advanceTimersByTimeAsync(59_000);
    expect(thread().kinds).not.toContain('end');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(thread().kinds.at(-1)).toBe('end');
    const second = client.request(root, 'state', []);
    await turn();
    expect(threads).toHaveLength(1);
    thread().die();
    await turn();
    expect(threads).toHaveLength(2);
    expect(thread().kinds).toEqual(['open', 'request']);
    thread().answer(2, 'y');
    expect(await second).toBe('y');
  });

  it('disposes when the thread is done, answers what runs, refuses what comes later', async () => {
    const { client, thread } = setUp();
    client.open(options);
    const saving = client.request(root, 'save', [{ title: 't', content: 'c' }]);
    await turn();
    let isDone = false;
    const done = client.dispose().then(() => {
      isDone = true;
    });
    await turn();
    expect(thread().kinds.at(-1)).toBe('end');
    expect(isDone).toBe(false);
    thread().answer(1, 'saved');
    expect(await saving).toBe('saved');
    await expect(client.request(root, 'state', [])).rejects.toMatchObject({ code: 'cancelled' });
    thread().die();
    await done;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not wait for ever for a thread that hangs', async () => {
    const { client, thread } = setUp();
    client.open(options);
    const hanging = expect(client.request(root, 'state', [])).rejects.toMatchObject({ code: 'worker-lost' });
    await turn();
    const done = client.dispose();
    await vi.advanceTimersByTimeAsync(20_000);
    await done;
    await hanging;
    expect(thread().isOver).toBe(true);
  });
});
