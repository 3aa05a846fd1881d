import type { Http } from '../engine/cloud/cloudPorts.ts';
import { FetchHttp } from '../engine/cloud/fetchHttp.ts';

/**
 * HTTP with one cloud server by the extension host's `fetch`, which VS Code gives its proxy settings and the system's certificates.
 *
 * @param token asked before each request, and sent to the server's origin only
 * @throws {EngramError} cloud-config
 */
export function cloudHttp(server: string, token: () => Promise<string | undefined>): Http {
  // Looked up at each call: VS Code replaces it after the start.
  return new FetchHttp({ server, token, fetch: (url, init) => globalThis.fetch(url, init), after });
}

function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}
