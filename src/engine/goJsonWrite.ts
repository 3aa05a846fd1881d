import { decodeUtf8 } from './goUtf8.ts';
import { isJsonArray, isJsonObject } from './jsonShape.ts';
import type { JsonObject, JsonValue } from './records.ts';

/** What `JSON.stringify` leaves as it is and Go's encoder escapes (HTML escaping is on in all that the Go program writes). */
const GO_ONLY: ReadonlyMap<string, string> = new Map([
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029'],
]);

/**
 * One JSON string literal, byte for byte as Go's `encoding/json` (1.22 or newer) writes it.
 *
 * @param value text, or the bytes of a text that may be invalid UTF-8. Each lone surrogate, and each bad byte, becomes the six
 * characters `\ufffd`; a genuine U+FFFD stays as it is.
 */
export function encodeGoString(value: string | Uint8Array): string {
  const text = typeof value === 'string' ? value : decodeUtf8(value);
  const quoted = JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => GO_ONLY.get(character) ?? character);
  return text.isWellFormed() ? quoted : replaceSurrogateEscapes(quoted);
}

/** An escaped backslash is matched too, so that the text `\ud800` is not taken for an escape. */
function replaceSurrogateEscapes(quoted: string): string {
  return quoted.replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\\ufffd'));
}

/** JSON without spaces, keys in the order of the Map, as Go's `json.Marshal` writes a struct. */
export function stringifyGo(value: JsonValue): string {
  return write(value, { sorted: false, indented: false });
}

/** Indenting each level of 10,000 would make 200 MB of a file of 60 KB. Nothing that a program writes lies so deep. */
const MAX_INDENTED = 32;

/**
 * As Go's `json.MarshalIndent` with two spaces: line ends LF, no line end after the last bracket. What is nested deeper than
 * {@link MAX_INDENTED} stands on one line.
 */
export function stringifyGoIndented(value: JsonValue): string {
  return write(value, { sorted: false, indented: true });
}

/** One text for equal values: no spaces, keys sorted by their UTF-8 bytes. */
export function canonicalJson(value: JsonValue): string {
  return write(value, { sorted: true, indented: false });
}

/** As {@link canonicalJson}, of what Go has read into `interface{}`: each number is a float64, so `1.0` is `1` and 2^53+1 is 2^53. */
export function genericJson(value: JsonValue): string {
  return write(value, { sorted: true, indented: false, floats: true });
}

interface Style {
  readonly sorted: boolean;
  readonly indented: boolean;
  readonly floats?: boolean;
}

/** Still to be written: text as it is, or a value at a depth. */
type Work = string | { readonly value: JsonValue; readonly depth: number };

/** Keeps its own stack: a document of 10,000 nested arrays is valid. */
function write(root: JsonValue, style: Style): string {
  const parts: string[] = [];
  const work: Work[] = [{ value: root, depth: 0 }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next === 'string') parts.push(next);
    else if (isJsonArray(next.value) || isJsonObject(next.value)) {
      // One by one: a spread of a long list would overflow the stack.
      for (const item of opened(next.value, next.depth, style).reverse()) work.push(item);
    } else parts.push(style.floats ? floatScalar(next.value) : scalar(next.value));
  }
  return parts.join('');
}

function opened(value: readonly JsonValue[] | JsonObject, depth: number, wanted: Style): Work[] {
  const list = isJsonArray(value);
  const style = depth < MAX_INDENTED ? wanted : { ...wanted, indented: false };
  if ((list ? value.length : value.size) === 0) return [list ? '[]' : '{}'];
  const lineStart = style.indented ? `\n${'  '.repeat(depth + 1)}` : '';
  const work: Work[] = [];
  for (const [key, member] of membersOf(value, style)) {
    const name = key === undefined ? '' : `${encodeGoString(key)}:${style.indented ? ' ' : ''}`;
    work.push(`${work.length === 0 ? (list ? '[' : '{') : ','}${lineStart}${name}`, { value: member, depth: depth + 1 });
  }
  work.push(`${style.indented ? `\n${'  '.repeat(depth)}` : ''}${list ? ']' : '}'}`);
  return work;
}

function membersOf(value: readonly JsonValue[] | JsonObject, style: Style): Iterable<readonly [key: string | undefined, value: JsonValue]> {
  if (isJsonArray(value)) return value.map((member) => [undefined, member]);
  return style.sorted ? [...value].sort(([a], [b]) => compareUtf8(a, b)) : value;
}

type Scalar = Exclude<JsonValue, readonly JsonValue[] | JsonObject>;

/** JavaScript and Go's encoder agree on the text of a float64 but for minus zero. */
function floatScalar(value: Scalar): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return scalar(value);
  const number = Number(scalar(value));
  return Object.is(number, -0) ? '-0' : String(number);
}

function scalar(value: Scalar): string {
  if (typeof value === 'string') return encodeGoString(value);
  if (value !== null && typeof value === 'object') return value.raw;
  return String(value);
}

/** Orders two texts as their UTF-8 bytes are ordered, which UTF-16 code units are not above U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
