import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { EngramError } from '../engine/errors.ts';

export interface ProgramRun {
  /** Absolute. */
  readonly path: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Of what it writes, both streams together. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** What it writes to its standard output, as it comes; UTF-8. */
  readonly onOutput?: (text: string) => void;
  /** From asking it to end to ending it. For tests. */
  readonly graceMs?: number;
}

/** How a run came to its end. */
export type ProgramEnd =
  | { readonly how: 'exited'; readonly code: number | null }
  /** There is no such program, or it may not be run: the system's code, such as `ENOENT`. */
  | { readonly how: 'not-started'; readonly code: string }
  | { readonly how: 'timeout' | 'too-much' | 'cancelled' };

const GRACE_MS = 2000;
const CLOSING_MS = 5000;

/**
 * A program that is running: no shell, a process group of its own, so that what it starts ends with it, and limits on time and output. It
 * never outlives {@link ended} by more than the system needs.
 */
export class BoundedProgram {
  readonly ended: Promise<ProgramEnd>;
  readonly #run: ProgramRun;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #timers = new Set<NodeJS.Timeout>();
  #output = '';
  #errors = '';
  #bytes = 0;
  #stopped: Exclude<ProgramEnd['how'], 'exited' | 'not-started'> | undefined;

  /** @throws {EngramError} program-failed: the system does not take such a path or such arguments */
  constructor(run: ProgramRun) {
    this.#run = run;
    this.#child = start(run);
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const counted = this.#counted(text);
      this.#output += counted;
      if (counted !== '') run.onOutput?.(counted);
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += this.#counted(text);
    });
    // It ended before it read all: its exit code tells.
    this.#child.stdin.on('error', () => this.#child.stdin.destroy());
    this.#after(run.timeoutMs, () => this.stop('timeout'));
    const cancel = (): void => this.stop('cancelled');
    run.signal?.addEventListener('abort', cancel, { once: true });
    this.ended = this.#end().finally(() => {
      for (const timer of this.#timers) clearTimeout(timer);
      run.signal?.removeEventListener('abort', cancel);
    });
    if (run.signal?.aborted) cancel();
  }

  /** What it has written to its standard output. */
  get output(): string {
    return this.#output;
  }

  /** What it has written to its standard error. */
  get errors(): string {
    return this.#errors;
  }

  write(text: string): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(text);
  }

  /** Nothing more to read: it has some seconds to end by itself. */
  close(): void {
    this.#child.stdin.end();
    this.#after(CLOSING_MS, () => this.stop('timeout'));
  }

  /** Asks it and all that it started to end, and ends them when they do not. */
  stop(why: 'timeout' | 'too-much' | 'cancelled'): void {
    if (this.#stopped) return;
    this.#stopped = why;
    this.#signal('SIGTERM');
    this.#after(this.#run.graceMs ?? GRACE_MS, () => this.#signal('SIGKILL'));
  }

  #counted(text: string): string {
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > this.#run.maxBytes) {
      this.stop('too-much');
      this.#letGo();
    }
    return this.#stopped === 'too-much' ? '' : text;
  }

  #end(): Promise<ProgramEnd> {
    return new Promise((resolve) => {
      const done = (code: number | null): void => {
        // A child of it may hold its output open, and nobody waits for that one.
        if (this.#stopped) this.#signal('SIGKILL');
        this.#letGo();
        resolve(this.#stopped ? { how: this.#stopped } : { how: 'exited', code });
      };
      this.#child.on('close', done);
      this.#child.on('exit', (code) => this.#after(GRACE_MS, () => done(code)));
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        if (this.#child.pid === undefined) resolve({ how: 'not-started', code: error.code ?? 'unknown' });
      });
    });
  }

  /** Nothing more is read: whoever goes on writing, such as a child that left the group of the program, is ended by the system or costs nothing. */
  #letGo(): void {
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (process.platform === 'win32') {
      const killer = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
      execFile(killer, ['/pid', String(pid), '/T', '/F'], { windowsHide: true }, () => undefined);
      return;
    }
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }

  #after(ms: number, work: () => void): void {
    this.#timers.add(setTimeout(work, ms));
  }
}

function start({ path, args, folder, env }: ProgramRun): ChildProcessWithoutNullStreams {
  try {
    return spawn(path, [...args], { cwd: folder, env, stdio: 'pipe', windowsHide: true, detached: process.platform !== 'win32' });
  } catch (cause) {
    throw new EngramError('program-failed', 'The engram program could not be started. Nothing was changed.', { cause });
  }
}
