import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type FolderOptions } from '../../../src/engine/folderRequests.ts';
import { WorkerClient } from '../../../src/host/workerClient.ts';
import { startWorkerThread } from '../../../src/host/workerThread.ts';
import type { WorkerStart } from '../../../src/workerMessages.ts';

const wasmPath = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');

/** The bundle as it is shipped, in a real thread, on real files. */
describe('the worker thread', () => {
  const folder = mkdtempSync(join(tmpdir(), 'engram-thread-'));
  const bundle = join(folder, 'worker.js');
  const clients: WorkerClient[] = [];
  const starts: WorkerStart[] = [];
  let count = 0;

  beforeAll(() => bundled('src/worker.ts', bundle));
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function connect(idleMs = 60_000, script = bundle) {
    const exits: number[] = [];
    const logged: string[] = [];
    starts.length = 0;
    const client = new WorkerClient({
      start: (start, events) => {
        starts.push(start);
        const ended = () => {
          exits.push(Date.now());
          events.ended();
        };
        return startWorkerThread(script, start, { ...events, ended });
      },
      wasmPath,
      http: { send: () => Promise.reject(new Error('nothing is sent here')) },
      log: (level, message) => logged.push(`${level} ${message}`),
      idleMs,
    });
    clients.push(client);
    return { client, exits, logged };
  }

  function project(): FolderOptions {
    const parent = join(folder, `project${count++}`);
    mkdirSync(parent);
    const root = join(parent, '.engram');
    return {
      root,
      trusted: true,
      gitPath: '',
      limits: DEFAULT_LIMITS,
      author: 'ana',
      includePersonal: false,
      sessionId: 'vscode-1',
      keepFolder: join(folder, `kept${count}`),
    };
  }

  it('makes a folder, saves, shares, and another window imports the same', async () => {
    const { client } = connect();
    const mine = project();
    client.open(mine);
    await client.request(mine.root, 'initialise', []);
    await client.request(mine.root, 'save', [{ title: 'Ports', content: 'Every port is a number.' }]);
    const { exported } = await client.request(mine.root, 'sync', [{}]);
    expect(exported).toMatchObject({ memories: 1, chunkIds: [expect.any(String)] });

    const theirs = project();
    for (const part of ['manifest.json', 'chunks']) cpSync(join(mine.root, part), join(theirs.root, part), { recursive: true });
    const other = connect();
    other.client.open(theirs);
    expect((await other.client.request(theirs.root, 'state', [])).chunkTotals).toMatchObject({ all: 1, waiting: 1 });
    expect(await other.client.request(theirs.root, 'importChunks', [{}])).toMatchObject({ chunks: 1, memories: 1, authors: ['ana'] });
    expect((await other.client.request(theirs.root, 'state', [])).totals.observations).toBe(1);
  });

  it('in Restricted Mode it looks at the files and writes none', async () => {
    const { client } = connect();
    const options = project();
    mkdirSync(join(options.root, 'chunks'), { recursive: true });
    client.open({ ...options, trusted: false });
    expect(await client.request(options.root, 'state', [])).toMatchObject({ mode: 'browse' });
    expect(existsSync(join(options.root, 'engram.db'))).toBe(false);
    await expect(client.request(options.root, 'save', [{ title: 't', content: 'c' }])).rejects.toMatchObject({ code: 'untrusted' });
  });

  it('ends by itself when idle, with everything on disk, and comes back', async () => {
    const { client, exits } = connect(50);
    const options = project();
    client.open(options);
    await client.request(options.root, 'initialise', []);
    await client.request(options.root, 'save', [{ title: 'Kept', content: 'Before the thread ended.' }]);
    await expect.poll(() => exits.length, { timeout: 10_000 }).toBe(1);
    expect(existsSync(join(options.root, 'engram.db'))).toBe(true);
    expect(await client.request(options.root, 'search', ['thread', {}])).toMatchObject([{ title: 'Kept' }]);
    await client.dispose();
    expect(exits).toHaveLength(2);
  });

  it('cancels by the signal', async () => {
    const { client } = connect();
    const options = project();
    client.open(options);
    await client.request(options.root, 'initialise', []);
    const abort = new AbortController();
    const answer = client.request(options.root, 'importChunks', [{}], { signal: abort.signal });
    abort.abort();
    await expect(answer).rejects.toMatchObject({ name: 'EngramError', code: 'cancelled' });
  });

  it('a thread that cannot even start is an error of the request, not of the editor', async () => {
    const { client, logged } = connect(60_000, join(folder, 'no-such-file.js'));
    const options = project();
    client.open(options);
    await expect(client.request(options.root, 'state', [])).rejects.toMatchObject({ code: 'worker-lost' });
    expect(logged.join('\n')).toContain('no-such-file.js');
  });

  it('a thread that dies is started again, without the chunk that it was reading', async () => {
    const script = join(folder, 'fatal.js');
    await bundled('test/unit/worker/fatalThread.ts', script);
    const { client, exits } = connect(60_000, script);
    const options = project();
    client.open(options);
    await expect(client.request(options.root, 'importChunks', [{}])).rejects.toMatchObject({ code: 'worker-lost' });
    expect(exits).toHaveLength(1);
    expect(await client.request(options.root, 'state', [])).toBe('alive');
    expect(starts.at(-1)?.quarantined).toEqual([{ root: options.root, chunkId: 'fatal' }]);
  });
});

async function bundled(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [resolve(entry)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    outfile,
    logLevel: 'silent',
  });
}
