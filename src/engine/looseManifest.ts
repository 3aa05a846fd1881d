import { parseGoJson } from './goJson.ts';
import { type Manifest, manifestFromJson } from './manifest.ts';
import type { JsonValue } from './records.ts';

/** A nested value of an unknown key; a longer one is read as if it were not nested. */
const MAX_NESTED_TOKENS = 200;
/** A string on one line (the closing quote may be lost), a bracket or separator, or a bare word such as a number. */
const TOKEN = /"(?:[^"\\\n]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g;
const OPENING: ReadonlySet<string> = new Set(['{', '[']);

/**
 * What can still be read of a manifest that is no JSON any more: a merge tool left a comma out or a bracket too many, an entry lies
 * half in one side of a conflict. Takes every run of `"key": value` that has an id for an entry. Total and linear.
 */
export function readLooseManifest(text: string): Manifest {
  return new LooseReader(text.match(TOKEN) ?? []).read();
}

class LooseReader {
  readonly #tokens: readonly string[];
  /** For each opening bracket the place of its partner, 0: it has none. */
  readonly #partner: Int32Array;
  readonly #root = new Map<string, JsonValue>();
  readonly #entries: JsonValue[] = [];
  /** The object that is being read; its keys go to the root when it turns out to have no id. */
  #object = new Map<string, JsonValue>();

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
    this.#partner = partners(tokens);
  }

  read(): Manifest {
    for (let at = 0; at < this.#tokens.length; at += 1) {
      const token = this.#tokens[at] ?? '';
      if (token === '{' || token === '}' || token === ']') this.#finish();
      else if (token.startsWith('"') && this.#tokens[at + 1] === ':') at = this.#pair(at);
    }
    this.#finish();
    const version = this.#root.get('version');
    if (typeof version !== 'number' || !Number.isSafeInteger(version)) this.#root.delete('version');
    const { unusable: _, ...manifest } = manifestFromJson(new Map([...this.#root, ['chunks', this.#entries]]));
    return { ...manifest, unusable: [] };
  }

  /** @returns the place of the pair's last token. */
  #pair(at: number): number {
    const key = parsed(this.#tokens[at] ?? '');
    const first = this.#tokens[at + 2] ?? '';
    if (typeof key !== 'string') return at + 1;
    if (key.toLowerCase() === 'chunks') {
      this.#finish();
      return at + 1;
    }
    const end = OPENING.has(first) ? (this.#partner[at + 2] ?? 0) : at + 2;
    if (end === 0 || end >= this.#tokens.length || end - at > MAX_NESTED_TOKENS) return at + 1;
    const value = parsed(this.#tokens.slice(at + 2, end + 1).join(' '));
    if (value === undefined) return at + 1;
    if (key === 'id' && this.#object.has('id')) this.#finish();
    this.#object.set(key, value);
    return end;
  }

  #finish(): void {
    if (this.#object.size === 0) return;
    if (typeof this.#object.get('id') === 'string') this.#entries.push(this.#object);
    else if (!this.#object.has('created_by')) for (const [key, value] of this.#object) this.#keepInRoot(key, value);
    this.#object = new Map();
  }

  #keepInRoot(key: string, value: JsonValue): void {
    if (!this.#root.has(key) && key.toLowerCase() !== 'chunks') this.#root.set(key, value);
  }
}

function partners(tokens: readonly string[]): Int32Array {
  const found = new Int32Array(tokens.length);
  const open: number[] = [];
  for (const [at, token] of tokens.entries()) {
    if (OPENING.has(token)) open.push(at);
    else if (token === '}' || token === ']') {
      const start = open.at(-1);
      if (start === undefined || tokens[start] !== (token === '}' ? '{' : '[')) continue;
      open.pop();
      found[start] = at;
    }
  }
  return found;
}

/** `undefined`: no JSON. */
function parsed(text: string): JsonValue | undefined {
  try {
    return parseGoJson(text);
  } catch {
    return undefined;
  }
}
