import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import { type CallContext, DEFAULT_LIMITS, type FolderOptions } from '../../../src/engine/folderRequests.ts';
import type { FolderEnvironment, MemoryFolder } from '../../../src/openFolder.ts';
import type { FromWorker, ToWorker } from '../../../src/workerMessages.ts';
import { WorkerServer } from '../../../src/workerServer.ts';

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

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly context: CallContext;
  readonly done: PromiseWithResolvers<unknown>;
}

/** A server over folders that answer when the test says so. */
function setUp() {
  const posted: FromWorker[] = [];
  const calls: Call[] = [];
  const events: string[] = [];
  const environments: FolderEnvironment[] = [];
  let now = 0;
  const open = (opened: FolderOptions, environment: FolderEnvironment): MemoryFolder => {
    events.push(`open ${opened.root}`);
    environments.push(environment);
    const answer =
      (name: string) =>
      (...all: unknown[]) => {
        const done = Promise.withResolvers<unknown>();
        calls.push({ name, args: all.slice(0, -1), context: all.at(-1) as CallContext, done });
        return done.promise;
      };
    const own = {
      configure: (changed: FolderOptions) => events.push(`configure ${changed.author}`),
      close: async () => {
        events.push('close');
      },
    };
    return new Proxy(own, { get: (target, name) => Reflect.get(target, name) ?? answer(String(name)) }) as unknown as MemoryFolder;
  };
  const server = new WorkerServer({
    start: { wasmPath: 'w', quarantined: [{ root, chunkId: 'fatal' }] },
    post: (message) => posted.push(structuredClone(message)),
    open,
    now: () => now,
    ended: () => events.push('ended'),
  });
  const send = async (...messages: ToWorker[]) => {
    for (const message of messages) server.receive(message);
    await settle();
  };
  const call = (at: number): Call => {
    const found = calls[at];
    if (!found) throw new Error(`there was no call ${at}`);
    return found;
  };
  const finish = async (at: number, value: unknown) => {
    call(at).done.resolve(value);
    await settle();
  };
  const later = (ms: number) => {
    now += ms;
  };
  return { server, posted, calls, call, events, environments, send, finish, later };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const opening: ToWorker = { kind: 'open', options };
const asking = (id: number, name: 'state' | 'initialise' = 'state', at = root): ToWorker => ({
  kind: 'request',
  id,
  root: at,
  name,
  args: [],
});

describe('WorkerServer', () => {
  it('answers with what the folder gives', async () => {
    const { send, finish, posted, call } = setUp();
    await send(opening, { kind: 'request', id: 7, root, name: 'search', args: ['words', { limit: 3 }] });
    expect(call(0)).toMatchObject({ name: 'search', args: ['words', { limit: 3 }] });
    await finish(0, []);
    expect(posted).toEqual([{ kind: 'result', id: 7, value: [] }]);
  });

  it('runs the requests of one folder one after another, of two side by side', async () => {
    const { send, finish, calls, posted } = setUp();
    const other = '/other/.engram';
    await send(opening, { kind: 'open', options: { ...options, root: other } });
    await send(asking(1, 'initialise'), asking(2, 'initialise'), asking(3, 'initialise', other));
    expect(calls).toHaveLength(2);
    await finish(0, undefined);
    expect(calls).toHaveLength(3);
    expect(posted.map((message) => 'id' in message && message.id)).toEqual([1]);
  });

  it('lets waiting questions for the state share one run, but never one that has begun or stands before a change', async () => {
    const { send, finish, calls, posted } = setUp();
    await send(opening, asking(1));
    await send(asking(2), asking(3), asking(4, 'initialise'), asking(5));
    expect(calls.map(({ name }) => name)).toEqual(['state']);
    await finish(0, 'old');
    await finish(1, 'newer');
    await finish(2, undefined);
    await finish(3, 'newest');
    expect(calls.map(({ name }) => name)).toEqual(['state', 'state', 'initialise', 'state']);
    expect(posted.map((message) => (message.kind === 'result' ? [message.id, message.value] : []))).toEqual([
      [1, 'old'],
      [2, 'newer'],
      [3, 'newer'],
      [4, undefined],
      [5, 'newest'],
    ]);
  });

  it('survives whatever a request throws, and tells who asked', async () => {
    const { send, call, posted, finish } = setUp();
    await send(opening, asking(1, 'initialise'), asking(2, 'initialise'), asking(3));
    call(0).done.reject(new EngramError('disk-full', 'The disk is full.', { subject: 'engram.db' }));
    await settle();
    call(1).done.reject(new TypeError('x is not a function'));
    await settle();
    await finish(2, 'fine');
    expect(posted).toMatchObject([
      { kind: 'failure', id: 1, error: { code: 'disk-full', message: 'The disk is full.', subject: 'engram.db' } },
      { kind: 'failure', id: 2, error: { code: 'unknown', message: 'x is not a function' } },
      { kind: 'result', id: 3, value: 'fine' },
    ]);
  });

  it('refuses a folder that is not open', async () => {
    const { send, posted } = setUp();
    await send(asking(1), opening, { kind: 'close', root }, asking(2));
    expect(posted).toMatchObject([
      { kind: 'failure', id: 1, error: { code: 'not-initialised' } },
      { kind: 'failure', id: 2, error: { code: 'not-initialised' } },
    ]);
  });

  it('cancels the request that runs by its signal, and one that waits without starting it', async () => {
    const { send, call, calls, posted } = setUp();
    await send(opening, asking(1, 'initialise'), asking(2, 'initialise'));
    await send({ kind: 'cancel', id: 2 }, { kind: 'cancel', id: 1 }, { kind: 'cancel', id: 99 });
    expect(call(0).context.signal?.aborted).toBe(true);
    call(0).done.reject(new EngramError('cancelled', 'Cancelled.'));
    await settle();
    expect(calls).toHaveLength(1);
    expect(posted).toMatchObject([
      { id: 1, error: { code: 'cancelled' } },
      { id: 2, error: { code: 'cancelled' } },
    ]);
  });

  it('one of several that share a run may leave; the others get their answer', async () => {
    const { send, finish, posted } = setUp();
    await send(opening, asking(1, 'initialise'), asking(2), asking(3));
    await send({ kind: 'cancel', id: 2 });
    await finish(0, undefined);
    await finish(1, 'state');
    expect(posted).toMatchObject([{ kind: 'failure', id: 2 }, { id: 1 }, { kind: 'result', id: 3, value: 'state' }]);
  });

  it('reports progress at most ten times a second', async () => {
    const { send, call, posted, later } = setUp();
    await send(opening, asking(1, 'initialise'));
    for (let done = 0; done < 1000; done++) {
      call(0).context.onProgress?.({ phase: 'importing', done, total: 1000 });
      later(1);
    }
    call(0).context.onProgress?.({ phase: 'saving', done: 0, total: 0 });
    expect(posted).toHaveLength(11);
    expect(posted.at(-1)).toMatchObject({ kind: 'progress', id: 1, progress: { phase: 'saving' } });
  });

  it('changes options between two requests, opens a closed folder anew, and ends when all is closed', async () => {
    const { send, finish, events } = setUp();
    await send(opening, asking(1, 'initialise'), { kind: 'open', options: { ...options, author: 'ana' } });
    expect(events).toEqual(['open /project/.engram']);
    await finish(0, undefined);
    await send({ kind: 'close', root }, opening, asking(2, 'initialise'), { kind: 'end' });
    expect(events).toEqual(['open /project/.engram', 'configure ana', 'close', 'open /project/.engram']);
    await finish(1, undefined);
    expect(events.slice(4)).toEqual(['close', 'ended']);
  });

  it('tells which chunk is read, and which ones must not be', async () => {
    const { send, environments, posted } = setUp();
    await send(opening);
    environments[0]?.onReading('a1');
    environments[0]?.onReading(undefined);
    expect(posted).toEqual([
      { kind: 'reading', root, chunkId: 'a1' },
      { kind: 'reading', root, chunkId: undefined },
    ]);
    expect(environments[0]?.quarantined('fatal')).toBe(true);
    expect(environments[0]?.quarantined('fine')).toBe(false);
  });

  it('a folder that cannot be opened fails its requests, not the thread', async () => {
    const posted: FromWorker[] = [];
    const server = new WorkerServer({
      start: { wasmPath: '', quarantined: [] },
      post: (message) => posted.push(message),
      open: () => {
        throw new Error('no such file');
      },
      now: () => 0,
      ended: () => undefined,
    });
    server.receive(opening);
    server.receive(asking(1));
    await settle();
    expect(posted).toMatchObject([
      { kind: 'log', level: 'error' },
      { kind: 'failure', id: 1 },
    ]);
  });
});
