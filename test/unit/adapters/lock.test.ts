import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LockFile } from '../../../src/adapters/lock.ts';
import { parseOwner } from '../../../src/adapters/lockOwner.ts';
import { ownIdentity } from '../../../src/adapters/processIdentity.ts';
import { scratchFolder } from '../../support/scratch.ts';

const HOLDER = join(import.meta.dirname, '../../support/lockHolder.ts');
/** A minute made short: the second look comes as soon. */
const QUICK = { heartbeatMs: 10_000, staleMs: 100 };
const allow = async (): Promise<void> => undefined;

async function engramFolder(): Promise<string> {
  const root = join(await scratchFolder(), '.engram');
  await mkdir(root);
  return root;
}

function startHolder(root: string, rounds: number, heldMs: number): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', HOLDER, root, join(root, '..', 'log'), String(rounds), String(heldMs)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function untilHeld(child: ChildProcess): Promise<void> {
  if (child.stdout) await once(child.stdout, 'data');
}

async function writeLock(root: string, owner: object, ageMs = 0): Promise<void> {
  await writeFile(join(root, '.lock'), JSON.stringify(owner));
  const time = new Date(Date.now() - ageMs);
  await utimes(join(root, '.lock'), time, time);
}

const stranger = { host: 'elsewhere', pid: 123, startedAt: '', space: '', token: 'theirs', program: 'engram-team-memory' };

describe('LockFile in one process', () => {
  it('gives the result, and leaves nothing behind', async () => {
    const root = await engramFolder();
    const seen = await new LockFile(root).hold(async (guard) => {
      await guard();
      return parseOwner(await readFile(join(root, '.lock'), 'utf8'));
    }, 0);
    expect(seen).toMatchObject({ ...(await ownIdentity()), host: hostname(), pid: process.pid, program: 'engram-team-memory' });
    expect(await readdir(root)).toEqual([]);
  });

  it('is released when the work throws', async () => {
    const root = await engramFolder();
    const lock = new LockFile(root);
    await expect(lock.hold(() => Promise.reject(new Error('work')), 0)).rejects.toThrow('work');
    await expect(lock.hold(async () => 'again', 0)).resolves.toBe('again');
  });

  it('lets one after another in, never two', async () => {
    const root = await engramFolder();
    let inside = 0;
    let most = 0;
    const work = async (guard: () => Promise<void>): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(3);
      await guard();
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 4 }, () => new LockFile(root).hold(work, 20_000)));
    expect(most).toBe(1);
    expect(await readdir(root)).toEqual([]);
  });

  it('names the holder when the time is up', async () => {
    const root = await engramFolder();
    await new LockFile(root).hold(async () => {
      const message = expect.stringContaining(`process ${process.pid}`);
      await expect(new LockFile(root).hold(allow, 60)).rejects.toMatchObject({ code: 'store-locked', message, subject: message });
    }, 0);
  });

  it('stops waiting when it is cancelled', async () => {
    const root = await engramFolder();
    await new LockFile(root).hold(async () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 30);
      await expect(new LockFile(root).hold(allow, 20_000, abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
      await expect(new LockFile(root).hold(allow, 20_000, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    }, 0);
  });

  it('is lost when the file is gone or somebody else’s, and leaves theirs alone', async () => {
    const root = await engramFolder();
    const lock = new LockFile(root);
    const gone = lock.hold(async (guard) => {
      await unlink(join(root, '.lock'));
      await guard();
    }, 0);
    await expect(gone).rejects.toMatchObject({ code: 'lock-lost' });
    const taken = lock.hold(async (guard) => {
      await writeLock(root, stranger);
      await guard();
    }, 0);
    await expect(taken).rejects.toMatchObject({ code: 'lock-lost' });
    expect(parseOwner(await readFile(join(root, '.lock'), 'utf8'))?.token).toBe('theirs');
  });

  it('refuses a link, a folder, and a folder that is not there', async () => {
    const root = await engramFolder();
    await expect(new LockFile(join(root, 'absent')).hold(allow, 0)).rejects.toMatchObject({ code: 'not-initialised' });
    await symlink(join(root, '..', 'precious'), join(root, '.lock'));
    await expect(new LockFile(root).hold(allow, 0)).rejects.toMatchObject({ code: 'not-regular-file' });
    await rm(join(root, '.lock'));
    await mkdir(join(root, '.lock'));
    await expect(new LockFile(root).hold(allow, 0)).rejects.toMatchObject({ code: 'not-regular-file' });
    const linked = join(root, '..', 'linked');
    await symlink(root, linked);
    await expect(new LockFile(linked).hold(allow, 0)).rejects.toMatchObject({ code: 'not-regular-file' });
    expect(await readdir(join(root, '..'))).toEqual(['.engram', 'linked']);
  });
});

describe('LockFile and owners that are gone', () => {
  it('waits for a lock of another computer until it has been silent for a minute', async () => {
    const root = await engramFolder();
    await writeLock(root, stranger, 50_000);
    await expect(new LockFile(root).hold(allow, 100)).rejects.toMatchObject({ code: 'store-locked', subject: 'elsewhere, process 123' });
    await writeLock(root, stranger, 61_000);
    await expect(new LockFile(root).hold(async () => 'mine', 5_000)).resolves.toBe('mine');
    expect(await readdir(root)).toEqual([]);
  });

  it('frees a lock whose time lies far ahead, because the clock was set back', async () => {
    const root = await engramFolder();
    await writeLock(root, stranger, -3_600_000);
    await expect(new LockFile(root, QUICK).hold(async () => 'mine', 5_000)).resolves.toBe('mine');
  });

  it('spares a silent owner that beats again at the second look', async () => {
    const root = await engramFolder();
    await writeLock(root, stranger, 61_000);
    setTimeout(() => void utimes(join(root, '.lock'), new Date(), new Date()), 200);
    await expect(new LockFile(root).hold(allow, 1_500)).rejects.toMatchObject({ code: 'store-locked' });
  });

  it.runIf(process.platform === 'linux')(
    'frees at once what a process of the same number, started at another time, left (needs /proc)',
    async () => {
      const root = await engramFolder();
      const own = await ownIdentity();
      await writeLock(root, { ...stranger, ...own, startedAt: '1' });
      await expect(new LockFile(root).hold(async () => 'mine', 0)).resolves.toBe('mine');
      await writeLock(root, { ...stranger, ...own, startedAt: '1', space: 'pid:[1]' });
      await expect(new LockFile(root).hold(allow, 0)).rejects.toMatchObject({ code: 'store-locked' });
    },
  );

  it.each(['', 'no json', '[]', '{"pid":-1,"host":"h","token":"t"}'])(
    'takes the file %j for a lock being made, and for nobody’s after a minute',
    async (text) => {
      const root = await engramFolder();
      await writeFile(join(root, '.lock'), text);
      await expect(new LockFile(root).hold(allow, 0)).rejects.toMatchObject({ code: 'store-locked', subject: 'another program' });
      await utimes(join(root, '.lock'), new Date(0), new Date(0));
      await expect(new LockFile(root, QUICK).hold(async () => 'mine', 5_000)).resolves.toBe('mine');
    },
  );

  it('is broken by many at once without two getting in', async () => {
    const root = await engramFolder();
    const own = await ownIdentity();
    for (let round = 0; round < 8; round += 1) {
      await writeLock(root, { ...stranger, ...own, pid: 2 ** 22 + 1 });
      let inside = 0;
      const work = async (guard: () => Promise<void>): Promise<void> => {
        inside += 1;
        expect(inside).toBe(1);
        await guard();
        inside -= 1;
      };
      const locks = Array.from({ length: 4 }, async () => {
        await sleep(Math.random() * 4);
        await new LockFile(root).hold(work, 20_000);
      });
      await Promise.all(locks);
    }
    expect(await readdir(root)).toEqual([]);
  });

  it('gets over a breaker that died', async () => {
    const root = await engramFolder();
    await writeLock(root, { ...stranger, ...(await ownIdentity()), pid: 2 ** 22 + 1 });
    await writeFile(join(root, '.lock.break'), '');
    await expect(new LockFile(root).hold(allow, 50)).rejects.toMatchObject({ code: 'store-locked' });
    await utimes(join(root, '.lock.break'), new Date(0), new Date(0));
    await expect(new LockFile(root).hold(async () => 'mine', 2_000)).resolves.toBe('mine');
  });
});

describe('LockFile between processes', () => {
  it('serialises two of them', async () => {
    const root = await engramFolder();
    const children = [startHolder(root, 15, 2), startHolder(root, 15, 2)];
    const codes = await Promise.all(children.map((child) => once(child, 'exit')));
    expect(codes.map(([code]) => code)).toEqual([0, 0]);
    expect(await readFile(join(root, '..', 'log'), 'utf8')).toBe('in out '.repeat(30));
    expect(await readdir(root)).toEqual([]);
  });

  it('is free at once when its holder was killed', async () => {
    const root = await engramFolder();
    const child = startHolder(root, 1, 60_000);
    await untilHeld(child);
    await expect(new LockFile(root).hold(allow, 50)).rejects.toMatchObject({
      code: 'store-locked',
      subject: `${hostname()}, process ${child.pid}`,
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const start = performance.now();
    await new LockFile(root).hold(allow, 5_000);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('beats while its thread is busy and can fire no timer', async () => {
    const root = await engramFolder();
    await new LockFile(root, { heartbeatMs: 50, staleMs: 60_000 }).hold(async () => {
      await utimes(join(root, '.lock'), new Date(0), new Date(0));
      const end = performance.now() + 1_000;
      while (performance.now() < end) Math.random();
      // Nothing above let this thread's event loop run since the lock was taken long enough for a beat of its own.
      const { mtimeMs } = await import('node:fs').then((fs) => fs.statSync(join(root, '.lock')));
      expect(Date.now() - mtimeMs).toBeLessThan(900);
    }, 0);
  });
});
