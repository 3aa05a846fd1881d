import type { ProcessIdentity } from './processIdentity.ts';

/** What stands in the lock file, as JSON. */
export interface LockOwner extends ProcessIdentity {
  /** Of this one hold. */
  readonly token: string;
  readonly program: string;
}

/** @returns `undefined` for text that is no lock; anybody can have written the file. */
export function parseOwner(text: string): LockOwner | undefined {
  const json = parseObject(text);
  const { host, pid, token } = json;
  if (typeof host !== 'string' || typeof token !== 'string' || token === '') return undefined;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined;
  return { host, pid, token, startedAt: textOf(json['startedAt']), space: textOf(json['space']), program: textOf(json['program']) };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? { ...json } : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** How to name a holder to a person: `host, process 123`. The host is a stranger's text: only what a host name may hold is kept. */
export function holderName(owner: LockOwner): string {
  const host = owner.host.replace(/[^\w.-]/g, '').slice(0, 64);
  return `${host === '' ? 'another computer' : host}, process ${owner.pid}`;
}
