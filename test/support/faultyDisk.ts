import type * as FsPromises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What happens at the k-th operation; `''` for one whose name says all. Everything before it is done on the real disk. */
export interface Fault {
  /**
   * `stop`: the process is gone, neither this nor any later operation happens; a write is done by half.
   * `fail`: this operation fails, a write by half, and all others work. `fail-on`: so do all later ones.
   * `full`: from here on whatever needs room on the disk fails, a write by half, and all others work.
   */
  readonly kind: 'stop' | 'fail' | 'fail-on' | 'full';
  /** Errno of the failures. */
  readonly code: string;
}

type Functions = typeof FsPromises;
type Call = (...args: never[]) => Promise<unknown>;

/** What needs room on the disk. */
const NEEDS_ROOM: ReadonlySet<string> = new Set(['mkdir', 'link', 'appendFile', 'handle.write', 'handle.writeFile']);
/** What leaves the disk another than it was. */
const CHANGES: ReadonlySet<string> = new Set([...NEEDS_ROOM, 'open for writing', 'rename', 'unlink', 'rm', 'handle.truncate']);
/** Calls whose first argument is what is written. */
const WRITES: ReadonlySet<string> = new Set(['handle.write', 'handle.writeFile']);

/**
 * The calls of `node:fs/promises` that a piece of work makes, counted, with a fault at one of them. Use it with
 * `vi.mock('node:fs/promises', ...)` and {@link withFaults}; nothing of the program knows of it.
 */
export class FaultyDisk {
  readonly #fault: Fault | undefined;
  readonly #at: number;
  /** Names of the calls in their order. */
  readonly calls: string[] = [];

  /** @param at number of the first call that is hit, from 1; without a fault the calls are only counted */
  constructor(fault?: Fault, at = 0) {
    this.#fault = fault;
    this.#at = at;
  }

  get kind(): Fault['kind'] | undefined {
    return this.#fault?.kind;
  }

  async call(name: string, args: readonly unknown[], real: (args: readonly unknown[]) => Promise<unknown>): Promise<unknown> {
    this.calls.push(name);
    const isFirst = this.calls.length === this.#at;
    if (!this.#strikes(name, isFirst)) return real(args);
    if (WRITES.has(name) && (isFirst || this.#fault?.kind === 'full')) await real([half(args[0]), ...args.slice(1)]);
    // A descriptor is free after close(2), whatever that says.
    if (name === 'handle.close') await real(args);
    throw Object.assign(new Error(`${this.#fault?.code}: the test's disk, call ${this.calls.length} (${name})`), {
      code: this.#fault?.code,
    });
  }

  #strikes(name: string, isFirst: boolean): boolean {
    switch (this.#fault?.kind) {
      case 'fail':
        return isFirst;
      case 'full':
        return this.calls.length >= this.#at && NEEDS_ROOM.has(name);
      case 'stop':
      case 'fail-on':
        return this.calls.length >= this.#at;
      case undefined:
        return false;
    }
  }
}

/**
 * At which calls a fault makes a difference. A process that is killed, or a disk that is gone, at a call that only reads leaves what it
 * leaves at the next one that changes something; a full disk is met first by a call that needs room. The end of the work counts as a change.
 *
 * @param calls of a run without fault
 * @returns numbers from 1
 */
export function callsThatCount(kind: Fault['kind'], calls: readonly string[]): number[] {
  const counting = kind === 'full' ? NEEDS_ROOM : CHANGES;
  const numbers = [...calls.keys()].map((index) => index + 1);
  return kind === 'fail' ? numbers : [...numbers.filter((number) => counting.has(calls[number - 1] ?? '')), numbers.length];
}

function half(data: unknown): unknown {
  if (typeof data === 'string') return data.slice(0, data.length / 2);
  return data instanceof Uint8Array ? data.subarray(0, data.length / 2) : data;
}

/** The module with each of its functions, and those of the file handles it opens, going through the disk that is set at that moment. */
export function withFaults(real: Functions, now: { disk: FaultyDisk | undefined }): Functions {
  const through =
    (name: string, call: Call): Call =>
    async (...args: never[]): Promise<unknown> => {
      const result = now.disk
        ? await now.disk.call(
            name === 'open' && typeof args[1] === 'string' && args[1] !== 'r' ? 'open for writing' : name,
            args,
            (given) => call(...(given as never[])),
          )
        : await call(...args);
      return name === 'open' ? watched(result as FileHandle, through) : result;
    };
  const watchedCalls = Object.entries(real).map(([name, member]) => [
    name,
    typeof member === 'function' ? through(name, member as Call) : member,
  ]);
  return Object.fromEntries(watchedCalls) as Functions;
}

const HANDLE_CALLS: ReadonlySet<string> = new Set([
  'read',
  'readFile',
  'write',
  'writeFile',
  'appendFile',
  'stat',
  'sync',
  'datasync',
  'truncate',
  'close',
]);

function watched(handle: FileHandle, through: (name: string, call: Call) => Call): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const bound = member.bind(target) as Call;
      return HANDLE_CALLS.has(String(name)) ? through(`handle.${String(name)}`, bound) : bound;
    },
  });
}
