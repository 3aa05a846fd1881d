import { EngramError } from './errors.ts';
import type { JsonNumber, JsonValue } from './records.ts';

/** Go `encoding/json` maxNestingDepth. */
const MAX_DEPTH = 10_000;
/** Longer integers stay text: making a bigint of a million digits would block the thread. */
const MAX_BIGINT_TEXT = 64;

/**
 * What one document may cost in memory, in values; an object costs as much as {@link OBJECT_COST} of them. Each member of an object earns
 * some of it back, {@link EARNED_BY_CHARACTER} for each of its characters: the shortest record that the Go program writes, a session of
 * four members, earns what it costs. So a chunk of such records is read whatever its size, which only the limit of the settings decides,
 * and one of millions of empty objects or lists is refused at its beginning.
 */
const BUDGET = 1 << 20;
const OBJECT_COST = 32;
const LIST_COST = 8;
const ELEMENT_COST = 4;
const EARNED_BY_MEMBER = 11;
const EARNED_BY_CHARACTER = 0.9;
/** No program writes an object of so many members, nor a text or number so long (Go's own limit for a memory's text is 50,000 bytes). */
const MAX_MEMBERS = 10_000;
const MIN_TOKEN_LIMIT = 1 << 22;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^-?[0-9]+$/;

type Frame = { readonly list: JsonValue[] } | { readonly map: Map<string, JsonValue>; key: string; keyAt: number };

/**
 * Reads one JSON document by Go's rules, with a stack of its own (10,000 nested arrays are allowed, and a deeper document must not
 * overflow the thread's), and in portions: {@link run} stops after about so many characters and goes on where it was.
 */
export class GoJsonParser {
  readonly #text: string;
  #at = 0;
  readonly #stack: Frame[] = [];
  #root: JsonValue = null;
  #budget = BUDGET;
  readonly #firstOnly: boolean;

  /**
   * @param text well-formed UTF-16.
   * @param firstOnly something else may stand behind the document.
   */
  constructor(text: string, firstOnly: boolean) {
    this.#text = text;
    this.#firstOnly = firstOnly;
  }

  /** The document, once {@link run} said that it is complete. */
  get root(): JsonValue {
    return this.#root;
  }

  /** @returns whether the document is complete. @throws {EngramError} chunk-corrupt, in Go's words; never with text of the document. */
  run(characters: number): boolean {
    const until = this.#at + characters;
    do {
      if (this.#value()) return true;
    } while (this.#at < until);
    return false;
  }

  /** Reads one value, or the opening of one. @returns whether that completed the document. */
  #value(): boolean {
    const frame = this.#stack.at(-1);
    this.#spend(frame && 'list' in frame ? ELEMENT_COST : 1);
    const first = this.#peek();
    if (first === 0x22) return this.#complete(this.#string());
    if (first === 0x7b) return this.#openObject();
    if (first === 0x5b) return this.#openArray();
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) return this.#complete(this.#number());
    if (first === 0x74) return this.#complete(this.#literal('true', true));
    if (first === 0x66) return this.#complete(this.#literal('false', false));
    if (first === 0x6e) return this.#complete(this.#literal('null', null));
    throw this.#unexpected('looking for beginning of value');
  }

  #openObject(): boolean {
    this.#spend(OBJECT_COST);
    const frame: Frame = { map: new Map(), key: '', keyAt: this.#at };
    this.#push(frame);
    if (this.#peek() === 0x7d) return this.#close(frame);
    this.#readKey(frame);
    return false;
  }

  #openArray(): boolean {
    this.#spend(LIST_COST);
    const frame: Frame = { list: [] };
    this.#push(frame);
    return this.#peek() === 0x5d ? this.#close(frame) : false;
  }

  #push(frame: Frame): void {
    if (this.#stack.length >= MAX_DEPTH) throw corrupt('exceeded max depth');
    this.#stack.push(frame);
    this.#at += 1;
  }

  /** Ends the empty container whose closing bracket stands here. */
  #close(frame: Frame): boolean {
    this.#at += 1;
    this.#stack.pop();
    return this.#complete(contents(frame));
  }

  /** Puts a finished value where it belongs, and likewise every container that ends right behind it. */
  #complete(value: JsonValue): boolean {
    let done = value;
    for (;;) {
      const frame = this.#stack.at(-1);
      if (frame === undefined) return this.#finish(done);
      if ('map' in frame) this.#budget += Math.min(EARNED_BY_MEMBER, (this.#at - frame.keyAt) * EARNED_BY_CHARACTER);
      add(frame, done);
      if (!this.#ends(frame)) return false;
      this.#stack.pop();
      done = contents(frame);
    }
  }

  /** Reads what stands behind a member: the end of its container, or a comma (and the next key). */
  #ends(frame: Frame): boolean {
    const inList = 'list' in frame;
    const next = this.#peek();
    if (next !== 0x2c && next !== (inList ? 0x5d : 0x7d)) {
      throw this.#unexpected(inList ? 'after array element' : 'after object key:value pair');
    }
    this.#at += 1;
    if (next !== 0x2c) return true;
    if (inList) return false;
    if (frame.map.size >= MAX_MEMBERS) throw corrupt('an object has more members than any program writes');
    this.#readKey(frame);
    return false;
  }

  #spend(cost: number): void {
    this.#budget -= cost;
    if (this.#budget < 0) throw corrupt('it holds more values than any program writes');
  }

  /** @returns the text of a string or number, or what else the text between two places is. */
  #token(start: number, end: number): string {
    if (end - start > Math.max(MIN_TOKEN_LIMIT, this.#text.length / 8)) throw corrupt('a text or number is longer than any program writes');
    return this.#text.slice(start, end);
  }

  #finish(value: JsonValue): boolean {
    this.#skipSpace();
    if (this.#at < this.#text.length && !this.#firstOnly) throw this.#unexpected('after top-level value');
    this.#root = value;
    return true;
  }

  #readKey(frame: Extract<Frame, { map: unknown }>): void {
    this.#skipSpace();
    frame.keyAt = this.#at;
    frame.key = this.#key();
  }

  #key(): string {
    if (this.#peek() !== 0x22) throw this.#unexpected('looking for beginning of object key string');
    const key = this.#string();
    if (this.#peek() !== 0x3a) throw this.#unexpected('after object key');
    this.#at += 1;
    return key;
  }

  #string(): string {
    const start = this.#at + 1;
    for (let at = start; ; at += 1) {
      const unit = this.#text.charCodeAt(at);
      if (unit === 0x22) {
        this.#at = at + 1;
        return this.#token(start, at);
      }
      if (unit === 0x5c) return this.#escapedString(start, at);
      if (!(unit >= 0x20)) throw this.#badString(start);
    }
  }

  /** For one string literal `JSON.parse` and Go agree on what is valid, and on the value but for lone surrogates. */
  #escapedString(start: number, firstEscape: number): string {
    const end = this.#closingQuote(firstEscape);
    if (end < 0) throw this.#badString(start);
    const literal = this.#token(start - 1, end + 1);
    let value: string;
    try {
      value = JSON.parse(literal) as string;
    } catch {
      throw this.#badString(start);
    }
    this.#at = end + 1;
    return value.toWellFormed();
  }

  #closingQuote(from: number): number {
    let quote = this.#text.indexOf('"', from);
    while (quote >= 0 && this.#isEscaped(quote)) quote = this.#text.indexOf('"', quote + 1);
    return quote;
  }

  #isEscaped(at: number): boolean {
    let before = at;
    while (this.#text.charCodeAt(before - 1) === 0x5c) before -= 1;
    return (at - before) % 2 === 1;
  }

  /** Finds what is wrong with the string literal whose text starts at `start`. */
  #badString(start: number): EngramError {
    let at = start;
    for (;;) {
      const unit = this.#text.charCodeAt(at);
      if (unit !== 0x5c) {
        if (!(unit >= 0x20)) return this.#unexpectedAt(at, 'in string literal');
        at += 1;
      } else if (this.#text[at + 1] === 'u') {
        const digits = /^[0-9a-fA-F]{0,4}/.exec(this.#text.slice(at + 2, at + 6))?.[0].length ?? 0;
        if (digits < 4) return this.#unexpectedAt(at + 2 + digits, 'in \\u hexadecimal character escape');
        at += 6;
      } else {
        if (!'"\\/bfnrt'.includes(this.#text[at + 1] ?? ' ')) return this.#unexpectedAt(at + 1, 'in string escape code');
        at += 2;
      }
    }
  }

  #number(): JsonValue {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#unexpectedAt(this.#at + 1, 'in numeric literal');
    const start = this.#at;
    this.#at += text.length;
    return toNumber(this.#token(start, this.#at));
  }

  #literal<T extends JsonValue>(word: string, value: T): T {
    for (let offset = 1; offset < word.length; offset += 1) {
      if (this.#text[this.#at + offset] === word[offset]) continue;
      throw this.#unexpectedAt(this.#at + offset, `in literal ${word} (expecting '${word[offset]}')`);
    }
    this.#at += word.length;
    return value;
  }

  /** Skips white space. @returns the code unit that stands there, NaN at the end. */
  #peek(): number {
    this.#skipSpace();
    return this.#text.charCodeAt(this.#at);
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at += 1;
    }
  }

  #unexpected(where: string): EngramError {
    return this.#unexpectedAt(this.#at, where);
  }

  #unexpectedAt(at: number, where: string): EngramError {
    const point = this.#text.codePointAt(at);
    if (point === undefined) return corrupt('unexpected end of JSON input');
    return corrupt(`invalid character ${quoteFirstByte(point)} ${where}`);
  }
}

function add(frame: Frame, value: JsonValue): void {
  if ('list' in frame) {
    frame.list.push(value);
    return;
  }
  // A repeated key moves to its last place: among keys that differ in case only, the last of the text wins.
  if (frame.map.has(frame.key)) frame.map.delete(frame.key);
  frame.map.set(frame.key, value);
}

function contents(frame: Frame): JsonValue {
  return 'list' in frame ? frame.list : frame.map;
}

function toNumber(text: string): number | bigint | JsonNumber {
  const value = Number(text);
  if (String(value) === text) return value;
  if (INTEGER.test(text) && text !== '-0' && text.length <= MAX_BIGINT_TEXT) return BigInt(text);
  return { raw: text };
}

/** Go names the first byte of what it did not expect, as if it were a character of its own (`ï` for a byte order mark). */
function quoteFirstByte(point: number): string {
  const byte = new TextEncoder().encode(String.fromCodePoint(point))[0] ?? 0;
  if (byte === 0x27) return "'\\''";
  const quoted = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  return `'${byte === 0x22 ? '"' : quoted}'`;
}

function corrupt(message: string): EngramError {
  return new EngramError('chunk-corrupt', message);
}
