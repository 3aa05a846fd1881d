import { GoJsonParser } from './goJsonParse.ts';
import { decodeUtf8 } from './goUtf8.ts';
import type { Turn } from './ports.ts';
import type { JsonObject, JsonValue } from './records.ts';

export { canonicalJson, compareUtf8, encodeGoString, genericJson, stringifyGo, stringifyGoIndented } from './goJsonWrite.ts';
export { isJsonArray, isJsonObject, shapeOf } from './jsonShape.ts';

/** Characters between two turns: a few milliseconds of work. */
const SLICE = 1 << 18;

/**
 * Reads one JSON document as Go's `encoding/json` does: lone surrogate escapes and each raw bad byte become U+FFFD, U+0000 is kept,
 * of a repeated key the last counts, and no key is special. A byte order mark is an error, as it is in Go.
 *
 * @param source text, or UTF-8 bytes.
 * @throws {EngramError} chunk-corrupt, in Go's words; never with text of the document.
 */
export function parseGoJson(source: string | Uint8Array): JsonValue {
  const parser = parserOf(source);
  parser.run(Number.POSITIVE_INFINITY);
  return parser.root;
}

/** As {@link parseGoJson}, but only the first value of a longer text, as Go's `json.Decoder` reads. */
export function parseFirstGoJson(source: string | Uint8Array): JsonValue {
  const parser = parserOf(source, true);
  parser.run(Number.POSITIVE_INFINITY);
  return parser.root;
}

/** As {@link parseGoJson}, with a turn for other work every few milliseconds. */
export async function parseGoJsonSliced(source: string | Uint8Array, turn: Turn): Promise<JsonValue> {
  const parser = parserOf(source);
  await turn();
  while (!parser.run(SLICE)) await turn();
  return parser.root;
}

function parserOf(source: string | Uint8Array, firstOnly = false): GoJsonParser {
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  return new GoJsonParser(text.toWellFormed(), firstOnly);
}

/**
 * The member that Go would decode into a field of this name: names match whatever their case, and of several matches the last of
 * the text wins (Go `encoding/json.foldName`).
 */
export function getFold(object: JsonObject, key: string): JsonValue | undefined {
  const wanted = foldKey(key);
  let found: JsonValue | undefined;
  for (const [name, value] of object) {
    if (name === key || foldKey(name) === wanted) found = value;
  }
  return found;
}

/** One text for all names that Go takes for the same ASCII field name; the long s and the Kelvin sign fold to `s` and `k`. */
export function foldKey(key: string): string {
  return key.replaceAll('ſ', 's').toLowerCase();
}
