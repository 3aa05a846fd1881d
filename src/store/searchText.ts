/** What stands between two tokens, as the tokenizer `unicode61` sees it. */
const TOKENS = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;

/** Longer queries are pasted text; the rest of them only makes the search slow. */
const MAX_WORDS = 24;
const SNIPPET_LENGTH = 200;
const BEFORE_MATCH = 60;

/** A query, taken apart so that no input can be a syntax error. */
export interface SearchWords {
  /** Each word as its tokens: `foo-bar` is two that must stand together. Words without any token are left out. */
  readonly words: readonly (readonly string[])[];
  /** The query holds something that the tokenizer treats otherwise than a person would: other scripts, or nothing but signs. */
  readonly unusual: boolean;
  /** All words as they were typed, for {@link unusual} queries. */
  readonly typed: readonly string[];
}

export function searchWords(query: string): SearchWords {
  const typed = query
    .toWellFormed()
    .split(/[\s\0]+/)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS);
  const words = typed
    .map((word): readonly string[] => (word.match(TOKENS) ?? []).filter((token) => fold(token) !== ''))
    .filter((tokens) => tokens.length > 0);
  return { words, typed, unusual: words.length === 0 || /[^\p{ASCII}\p{Script=Latin}\p{M}]/u.test(query) };
}

/** All words, in any order; the last one may be unfinished. FTS4 syntax: one phrase for each word. `''` when there is no word. */
export function matchExpression({ words }: SearchWords): string {
  return words.map((tokens, index) => `"${tokens.join(' ')}${index === words.length - 1 ? '*' : ''}"`).join(' ');
}

/** Does without the search table what {@link matchExpression} does with it. Each text is one column. */
export function matcher({ words }: SearchWords): (texts: readonly string[]) => boolean {
  const patterns = words.map((tokens, index) => {
    const end = index === words.length - 1 ? '' : '(?![\\p{L}\\p{N}])';
    return new RegExp(`(?<![\\p{L}\\p{N}])${tokens.map(fold).join('[^\\p{L}\\p{N}]+')}${end}`, 'u');
  });
  return (texts) => {
    const folded = texts.map(fold);
    return patterns.every((pattern) => folded.some((text) => pattern.test(text)));
  };
}

/** Whether every typed word stands somewhere, inside other words too. */
export function looseMatcher({ typed }: SearchWords): (texts: readonly string[]) => boolean {
  const folded = typed.map(fold);
  return (texts) => {
    const columns = texts.map(fold);
    return folded.every((word) => columns.some((text) => text.includes(word)));
  };
}

/** At most 200 characters around the first word that is found, on one line. */
export function snippet(content: string, { typed }: SearchWords): string {
  const line = content
    .toWellFormed()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (line.length <= SNIPPET_LENGTH) return line;
  const lower = line.toLowerCase();
  const places = typed.map((word) => lower.indexOf(word.toLowerCase())).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(places.length > 0 ? Math.min(...places) - BEFORE_MATCH : 0, line.length - SNIPPET_LENGTH + 2));
  const part = line.slice(start === 0 ? 0 : start + 1, start + SNIPPET_LENGTH - 1);
  return `${start === 0 ? '' : '…'}${part.replaceAll(/\p{Surrogate}/gu, '')}${start + SNIPPET_LENGTH - 1 < line.length ? '…' : ''}`;
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase();
}
