import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCode } from './fsErrors.ts';

/** Who holds a lock: enough to tell whether that very process still runs. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the words of its system; tells a reused process id. `''` where the system does not say. */
  readonly startedAt: string;
  /** The space its process id belongs to: two containers may have the same host name. `''` where there is only one. */
  readonly space: string;
}

/** The process that runs this code. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const [startedAt, space] = await Promise.all([startOf(process.pid), processSpace()]);
  return { host: hostname(), pid: process.pid, startedAt: startedAt ?? '', space };
}

/**
 * Whether a process certainly ended.
 *
 * @param own the process that asks. `false` for processes of other machines and containers: only their heartbeat tells.
 */
export async function isDead(other: ProcessIdentity, own: ProcessIdentity): Promise<boolean> {
  if (other.host !== own.host || other.space !== own.space) return false;
  if (!exists(other.pid)) return true;
  const startedAt = await startOf(other.pid);
  if (startedAt === undefined) return true;
  return startedAt !== '' && other.startedAt !== '' && startedAt !== other.startedAt;
}

/** Whether some process of this machine has this id; one of another account counts. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** `undefined`: it ended. `''`: the system does not say. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return linuxStartOf(pid);
  if (process.platform === 'darwin') return macStartOf(pid);
  return '';
}

/** Field 22 of proc(5) `stat`, in clock ticks since boot. The name in field 2 may hold blanks and brackets. A zombie has ended. */
async function linuxStartOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '');
  } catch (error) {
    return systemCode(error) === 'ENOENT' && !exists(pid) ? undefined : '';
  }
}

function macStartOf(pid: number): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: 2000, env: { LC_ALL: 'C', TZ: 'UTC' } };
    execFile('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], options, (error, output) => resolve(error ? '' : output.trim()));
  });
}

async function processSpace(): Promise<string> {
  if (process.platform !== 'linux') return '';
  return readlink('/proc/self/ns/pid').catch(() => '');
}
