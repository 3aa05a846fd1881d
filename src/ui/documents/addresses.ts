import { plain } from '../plainText.ts';

/** What can be read as a document. */
export type ReadableKind = 'chunk' | 'memory' | 'session' | 'health';

/** Which document of which folder; the pure half of an `engram:` URI. */
export interface Address {
  readonly kind: ReadableKind;
  readonly id: string;
}

/**
 * Path of a document's URI: `/<kind>/<encoded id>/<title>`. The title is only what the tab shows: {@link parsePath} ignores it. A slash or
 * a file extension in it would change the tab's name or the language of the document (a title `x.md` must not open as Markdown), so both
 * are replaced by characters that look alike.
 */
export function pathOf({ kind, id }: Address, title: string): string {
  const name = plain(title, 60).replace(/[/\\]/g, '∕').replaceAll('.', '․');
  return `/${kind}/${encodeURIComponent(id.toWellFormed())}/${name === '' ? 'Untitled' : name}`;
}

/** @returns `undefined` for a path that {@link pathOf} never makes. */
export function parsePath(path: string): Address | undefined {
  const [, kind, id] = /^\/(chunk|memory|session|health)\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  return addressOf(kind, id);
}

export interface FoundLink {
  /** UTF-16 offsets in the text, without the angle brackets. */
  readonly start: number;
  readonly end: number;
  readonly address: Address;
}

/** The `<engram:kind/id>` addresses in a document. http(s) addresses are found by VS Code itself, in every language. */
export function findLinks(text: string): readonly FoundLink[] {
  const found: FoundLink[] = [];
  for (const match of text.matchAll(/<engram:(chunk|memory|session)\/([^\s<>/]{1,1000})>/g)) {
    const address = addressOf(match[1], match[2]);
    if (address) found.push({ start: match.index + 1, end: match.index + match[0].length - 1, address });
  }
  return found;
}

/**
 * The text of a document without anything that VS Code makes clickable by itself, apart from http(s): it finds `file:/` in every document.
 */
export function inertText(text: string): string {
  return text.replace(/(file:)(?=\/)/gi, '$1 ');
}

function addressOf(kind: string | undefined, encoded: string | undefined): Address | undefined {
  if (kind !== 'chunk' && kind !== 'memory' && kind !== 'session' && kind !== 'health') return undefined;
  const id = decoded(encoded ?? '');
  return id === undefined || id === '' ? undefined : { kind, id };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
