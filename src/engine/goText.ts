import { createHash } from 'node:crypto';

/** White space of Go's `unicode.IsSpace`: unlike JavaScript's it has U+0085 and lacks U+FEFF. */
const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const SPACES = new RegExp(`${SPACE.source}+`);

const MAX_TOPIC_BYTES = 120;

/** Go `strings.TrimSpace`. */
export function goTrim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (end > start && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Go `strings.Fields`: the words between runs of white space, none of them empty. */
export function goFields(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '');
}

/** Go `strings.ToLower`: each code point by itself, so `İ` gives `i` and a final `Σ` gives `σ`. */
export function goLower(text: string): string {
  const lower = text.toLowerCase();
  if (lower === text) return text;
  return Array.from(text, (point) => (point === 'İ' ? 'i' : point.toLowerCase())).join('');
}

/**
 * The form in which projects are compared and stored (Go `store.NormalizeProject`): lower-case, trimmed, runs of `-` and of `_` as one.
 *
 * @returns `warning`: the sentence the Go program prints when the name changed, else `''`.
 */
export function normalizeProject(name: string): { readonly normalized: string; readonly warning: string } {
  const normalized = goTrim(goLower(name)).replaceAll(/-{2,}/g, '-').replaceAll(/_{2,}/g, '_');
  const warning = normalized === name ? '' : `⚠️ Project name normalized: ${goQuote(name)} → ${goQuote(normalized)}`;
  return { normalized, warning };
}

/** `personal` or `project`; whatever is neither is `project` (Go `store.normalizeScope` of v1.14.0). */
export function normalizeScope(scope: string): string {
  return goLower(goTrim(scope)) === 'personal' ? 'personal' : 'project';
}

/**
 * Lower-case words joined by `-`, at most 120 bytes (Go `store.normalizeTopicKey`). Go cuts inside a character; here the cut is
 * before it, so that the result is text and normalising it again changes nothing.
 */
export function normalizeTopicKey(topic: string): string {
  return cutToBytes(goFields(goLower(topic)).join('-'), MAX_TOPIC_BYTES);
}

function cutToBytes(text: string, limit: number): string {
  let bytes = 0;
  let end = 0;
  for (const point of text) {
    bytes += Buffer.byteLength(point);
    if (bytes > limit) return text.slice(0, end);
    end += point.length;
  }
  return text;
}

/** The column `normalized_hash`: SHA-256, in hex, of the lower-case words joined by one space (Go `store.hashNormalized`). */
export function hashNormalized(content: string): string {
  return createHash('sha256')
    .update(goLower(goFields(content).join(' ')))
    .digest('hex');
}

/**
 * Replaces what stands between `<private>` and the next `</private>` by `[REDACTED]`, then trims (Go `store.stripPrivateTags`).
 * An unclosed tag is kept, and so is the rest of a nested one.
 */
export function stripPrivateTags(text: string): string {
  const open = /<private>/gi;
  const close = /<\/private>/gi;
  let kept = '';
  let from = 0;
  for (let start = open.exec(text); start !== null; start = open.exec(text)) {
    close.lastIndex = open.lastIndex;
    if (close.exec(text) === null) break;
    kept += `${text.slice(from, start.index)}[REDACTED]`;
    from = close.lastIndex;
    open.lastIndex = from;
  }
  return goTrim(kept + text.slice(from));
}

/** Each word in quotes, so that no character of it is an operator of the full-text query (Go `store.sanitizeFTS`). */
export function sanitizeFts(query: string): string {
  return goFields(query)
    .map((word) => `"${trimQuotes(word)}"`)
    .join(' ');
}

function trimQuotes(word: string): string {
  let start = 0;
  let end = word.length;
  while (start < end && word[start] === '"') start += 1;
  while (end > start && word[end - 1] === '"') end -= 1;
  return word.slice(start, end);
}

/** Go `strconv.Quote`, for messages. */
export function goQuote(text: string): string {
  return `"${Array.from(text, quotePoint).join('')}"`;
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

function quotePoint(point: string): string {
  const short = SHORT_ESCAPES.get(point);
  if (short !== undefined) return short;
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(point)) return point;
  const code = point.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
