import { EngramError } from '../errors.ts';
import { parseFirstGoJson } from '../goJson.ts';
import type { JsonValue } from '../records.ts';
import type { HttpRequest } from './cloudPorts.ts';

/** As the Go program's HTTP client. */
export const TIMEOUT_MS = 30_000;
/** What is read of an answer that only says yes or no. */
export const MAX_REPLY_BYTES = 1 << 20;

/** Go `url.QueryEscape`. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function getRequest(url: string, maxBytes: number): HttpRequest {
  return { method: 'GET', url, timeoutMs: TIMEOUT_MS, maxBytes };
}

export function postRequest(url: string, body: string | Uint8Array): HttpRequest {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { method: 'POST', url, body: bytes, timeoutMs: TIMEOUT_MS, maxBytes: MAX_REPLY_BYTES };
}

/**
 * The first JSON value of an answer; what stands behind it does not matter, as for Go's stream decoder.
 *
 * @param what such as `parse manifest`, in the Go program's words
 * @throws {EngramError} cloud-answer
 */
export function answerJson(body: Uint8Array, what: string): JsonValue {
  try {
    return parseFirstGoJson(body);
  } catch (error) {
    if (!EngramError.is(error, 'chunk-corrupt')) throw error;
    const isCut = error.message === 'unexpected end of JSON input';
    throw badAnswer(what, isCut ? endOfStream(body) : error.message);
  }
}

/** Go's stream decoder tells a text that was never begun from one that was cut. */
function endOfStream(body: Uint8Array): string {
  return body.some((byte) => byte > 0x20) ? 'unexpected EOF' : 'EOF';
}

/** @param why never with text of the answer */
export function badAnswer(what: string, why: string): EngramError {
  return new EngramError(
    'cloud-answer',
    `The cloud server’s answer cannot be used (cloud: ${what}: ${why}). Nothing is lost: what was not confirmed stays pending. Check the server’s address, then sync again.`,
  );
}
