import type { HttpResponse } from './cloudPorts.ts';

/**
 * How long a server asks to wait (RFC 9110, 10.2.3: whole seconds, or a date).
 *
 * @param nowMs milliseconds since 1970
 * @returns milliseconds, never negative; `undefined` where it does not ask, or in no way that can be read
 */
export function retryAfterMs({ headers }: Pick<HttpResponse, 'headers'>, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^[0-9]{1,9}$/.test(value)) return Number(value) * 1000;
  // An HTTP date only: `Date.parse` would also take "2030", or "-5".
  if (!/^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
