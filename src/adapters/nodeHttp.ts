import type { Http } from '../engine/cloud/cloudPorts.ts';
import { FetchHttp, type FetchHttpParts } from '../engine/cloud/fetchHttp.ts';

/**
 * HTTP with one cloud server by Node's own `fetch`, for the command line and for scripts.
 *
 * @throws {EngramError} cloud-config
 */
export function nodeHttp({ server, token }: Pick<FetchHttpParts, 'server' | 'token'>): Http {
  return new FetchHttp({ server, token, fetch: (url, init) => globalThis.fetch(url, init), after });
}

function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}
