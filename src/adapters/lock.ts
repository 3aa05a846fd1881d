import { randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngramError } from '../engine/errors.ts';
import type { FolderLock, WriteGuard } from '../engine/ports.ts';
import { temporaryPath } from './atomicFile.ts';
import { systemCode, translateFsError } from './fsErrors.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { holderName, type LockOwner, parseOwner } from './lockOwner.ts';
import { isDead, ownIdentity, type ProcessIdentity } from './processIdentity.ts';
import { isRealFolder, readRegularFile } from './regularFile.ts';

export interface LockTimes {
  readonly heartbeatMs: number;
  /** A lock without heartbeat for this long is nobody's. */
  readonly staleMs: number;
}

const DEFAULT_TIMES: LockTimes = { heartbeatMs: 10_000, staleMs: 60_000 };
const FIRST_WAIT_MS = 25;
const LONGEST_WAIT_MS = 250;
/** Long enough for a heartbeat that a sleeping computer held up. */
const SECOND_LOOK_MS = 1_000;
/** Taking a dead owner's lock away is the second look and a few system calls. Well below the time that a request waits for a lock. */
const BREAKER_STALE_MS = 5_000;
/** A virus scanner that looks at the lock, for example, is done after that. */
const RELEASE_PAUSES_MS = [0, 30, 100, 300];
/** A lock is some 200 bytes. */
const MAX_LOCK_BYTES = 64 * 1024;

interface Held {
  readonly token: string;
  readonly file: FileHandle;
  readonly heartbeat: Heartbeat;
}

/** What stands at the path of the lock: `undefined` when nothing does. */
interface Found {
  /** `undefined` while it is being written, and for a file that is no lock. */
  readonly owner: LockOwner | undefined;
  readonly mtimeMs: number;
}

/**
 * The file `.engram/.lock`: whoever made it may write in the folder. Excludes other windows, other programs and other threads of this
 * process alike, because each hold has a token of its own.
 *
 * Freed at once when the owner's process on this machine is gone, else after {@link LockTimes.staleMs} without a heartbeat. One object
 * for each folder: it remembers a lock of its own that it could not remove.
 */
export class LockFile implements FolderLock {
  readonly #root: string;
  readonly #path: string;
  readonly #times: LockTimes;
  readonly #subject: string;
  /** Of one hold: what the system does not say now it may say the next time. */
  #own: Promise<ProcessIdentity> | undefined;
  /** Of a hold that is over, whose lock could not be removed: the disk was gone. */
  #leftBehind: string | undefined;

  constructor(root: string, times: LockTimes = DEFAULT_TIMES) {
    this.#root = root;
    this.#path = join(root, '.lock');
    this.#times = times;
    this.#subject = `${basename(root)}/.lock`;
  }

  async hold<T>(work: (guard: WriteGuard) => Promise<T>, waitMs: number, signal?: AbortSignal): Promise<T> {
    this.#own = undefined;
    const held = await this.#acquire(waitMs, signal);
    try {
      await removeOld(this.#breaker);
      return await work(() => this.#guard(held.token));
    } finally {
      await this.#release(held);
    }
  }

  async #acquire(waitMs: number, signal: AbortSignal | undefined): Promise<Held> {
    const deadline = performance.now() + waitMs;
    for (let pause = FIRST_WAIT_MS; ; pause = Math.min(pause * 2, LONGEST_WAIT_MS)) {
      if (signal?.aborted) throw cancelled();
      const held = await this.#tryMake();
      if (held) return held;
      const found = await this.#look();
      if (!found || (await this.#breakIfStale(found))) continue;
      const left = deadline - performance.now();
      if (left <= 0) throw lockedBy(found.owner);
      await sleep(Math.min(pause, left), undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }

  /** @returns `undefined` when somebody else has the lock. */
  async #tryMake(): Promise<Held | undefined> {
    const folder = basename(this.#root);
    if (!(await isRealFolder(this.#root, folder)))
      throw new EngramError('not-initialised', `There is no ${folder} folder here.`, { subject: folder });
    if (await this.#look()) return undefined;
    const owner: LockOwner = { ...(await this.#identity()), token: randomUUID(), program: 'engram-team-memory' };
    try {
      const file = (await this.#makeWhole(JSON.stringify(owner))) ?? (await this.#makeInPlace(JSON.stringify(owner)));
      return file && { token: owner.token, file, heartbeat: startHeartbeat(file.fd, this.#times.heartbeatMs) };
    } catch (error) {
      if (systemCode(error) === 'EEXIST' || isWindowsDeleting(error)) return undefined;
      throw translateFsError(error, this.#subject);
    }
  }

  /**
   * Written beside and then linked to its name, which fails where somebody else has it: so a process that is killed at any moment leaves
   * no lock without an owner, which everybody would have to wait for.
   *
   * @returns `undefined` where that does not work: not every file system has hard links.
   * @throws the system's EEXIST
   */
  async #makeWhole(text: string): Promise<FileHandle | undefined> {
    const beside = temporaryPath(this.#path);
    let file: FileHandle | undefined;
    try {
      file = await open(beside, 'wx', 0o666);
      await file.writeFile(text);
      await link(beside, this.#path);
      return file;
    } catch (error) {
      await file?.close().catch(ignore);
      if (systemCode(error) === 'EEXIST') throw error;
      return undefined;
    } finally {
      await unlink(beside).catch(ignore);
    }
  }

  async #makeInPlace(text: string): Promise<FileHandle> {
    const file = await open(this.#path, 'wx', 0o666);
    try {
      await file.writeFile(text);
      return file;
    } catch (error) {
      await file.close().catch(ignore);
      await unlink(this.#path).catch(ignore);
      throw error;
    }
  }

  async #look(path: string = this.#path): Promise<Found | undefined> {
    const subject = this.#subject;
    try {
      const bytes = await readRegularFile(path, { subject, maxBytes: MAX_LOCK_BYTES, tooLarge: 'not-regular-file' });
      if (!bytes) return undefined;
      return { owner: parseOwner(Buffer.from(bytes).toString('utf8')), mtimeMs: (await lstat(path)).mtimeMs };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      if (EngramError.is(error) && isWindowsDeleting(error.cause)) return { owner: undefined, mtimeMs: Date.now() };
      throw translateFsError(error, subject, 'read');
    }
  }

  /** A time far ahead is as old as one far behind: the clock was set back, and nobody beats. */
  #isSilent(found: Found): boolean {
    return Math.abs(Date.now() - found.mtimeMs) > this.#times.staleMs;
  }

  async #isOwnerDead(found: Found): Promise<boolean> {
    if (found.owner === undefined) return false;
    return found.owner.token === this.#leftBehind || isDead(found.owner, await this.#identity());
  }

  #identity(): Promise<ProcessIdentity> {
    this.#own ??= ownIdentity();
    return this.#own;
  }

  /**
   * Takes a dead owner's lock away, one breaker at a time: between looking at the lock and removing it, another breaker could have
   * removed it and a new owner made the next one. So breakers exclude each other with a second file and look again behind it.
   *
   * @returns whether it is worth trying to make the lock at once.
   */
  async #breakIfStale(found: Found): Promise<boolean> {
    if (!this.#isSilent(found) && !(await this.#isOwnerDead(found))) return false;
    const breaker = this.#breaker;
    try {
      await (await open(breaker, 'wx')).close();
    } catch (error) {
      if (systemCode(error) !== 'EEXIST' && !isWindowsDeleting(error)) throw translateFsError(error, this.#subject);
      await removeOld(breaker);
      return false;
    }
    try {
      return await this.#lookAgainAndBreak();
    } finally {
      await unlink(breaker).catch(ignore);
    }
  }

  get #breaker(): string {
    return `${this.#path}.break`;
  }

  async #lookAgainAndBreak(): Promise<boolean> {
    const found = await this.#look();
    if (!found) return true;
    if (await this.#isOwnerDead(found)) return this.#takeAway(found.owner?.token);
    if (!this.#isSilent(found)) return false;
    await sleep(Math.min(SECOND_LOOK_MS, this.#times.staleMs));
    const later = await this.#look();
    return later === undefined || (this.#isSilent(later) && this.#takeAway(later.owner?.token));
  }

  /**
   * Removes the lock if it still has this token. It is moved aside before it is looked at, so what is looked at is what is removed; a lock
   * of somebody else, made in the meantime, is put back.
   */
  async #takeAway(token: string | undefined): Promise<boolean> {
    const aside = temporaryPath(this.#path);
    try {
      await rename(this.#path, aside);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return true;
      throw translateFsError(error, this.#subject);
    }
    const isTheirs = (await this.#look(aside).catch(ignore))?.owner?.token !== token;
    if (isTheirs) await link(aside, this.#path).catch(ignore); // the place is taken again: that owner's guard will tell
    await unlink(aside).catch(ignore);
    return !isTheirs;
  }

  /** Looks twice: somebody may be putting the lock back at this moment. */
  async #guard(token: string): Promise<void> {
    for (const pause of [0, FIRST_WAIT_MS]) {
      if (pause > 0) await sleep(pause);
      const found = await this.#look();
      if (found?.owner?.token === token) return;
    }
    const message = 'Another window or program took over the folder while this one was busy; nothing was written since.';
    throw new EngramError('lock-lost', message, { subject: this.#subject });
  }

  /** Never fails: what the work gave or threw is what matters, and a lock that stays behind is freed when its owner is gone. */
  async #release(held: Held): Promise<void> {
    await held.heartbeat.stop().catch(ignore);
    await held.file.close().catch(ignore);
    for (const pause of RELEASE_PAUSES_MS) {
      if (pause > 0) await sleep(pause);
      if (await this.#letGo(held.token).catch(ignore)) return;
    }
    this.#leftBehind = held.token;
  }

  /** @returns whether the lock is not, or no longer, this one's. */
  async #letGo(token: string): Promise<boolean> {
    const found = await this.#look();
    return found?.owner?.token !== token || this.#takeAway(token);
  }
}

/** A breaker that died has left it. */
async function removeOld(breaker: string): Promise<void> {
  const found = await lstat(breaker).catch(ignore);
  if (found && Math.abs(Date.now() - found.mtimeMs) > BREAKER_STALE_MS) await unlink(breaker).catch(ignore);
}

/** Windows refuses a name whose file is being deleted until the last handle is closed. */
function isWindowsDeleting(error: unknown): boolean {
  return process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error));
}

function lockedBy(owner: LockOwner | undefined): EngramError {
  const subject = owner ? holderName(owner) : 'another program';
  return new EngramError('store-locked', `Another window or program is writing in this folder (${subject}).`, { subject });
}

function cancelled(): EngramError {
  return new EngramError('cancelled', 'Cancelled while waiting for the folder.');
}

function ignore(_error: unknown): undefined {
  return undefined;
}
