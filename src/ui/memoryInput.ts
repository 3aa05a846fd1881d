import { plain } from './plainText.ts';
import type { Translate } from './translate.ts';

/** Types that the Engram program knows, the default first. Any other word is accepted as well. */
export const MEMORY_TYPES = [
  'manual',
  'decision',
  'architecture',
  'bugfix',
  'pattern',
  'config',
  'discovery',
  'learning',
  'preference',
] as const;

/** @returns what is wrong with a title as typed, `undefined` when nothing is. */
export function titleProblem(t: Translate, title: string): string | undefined {
  if (title.trim() === '') return t('A memory needs a title.');
  return title.length > 500 ? t('Use at most 500 characters.') : undefined;
}

export function contentProblem(t: Translate, content: string): string | undefined {
  return content.trim() === '' ? t('A memory needs some content.') : undefined;
}

/** A title made of a selection's first line that says something, without what Markdown and code put in front. */
export function suggestedTitle(selection: string): string {
  const lines = selection
    .slice(0, 5_000)
    .split(/\r?\n/)
    .map((line) => line.replace(/^[\s#>*/+-]+/, '').trim());
  const line = lines.find((candidate) => /[\p{L}\p{N}]/u.test(candidate)) ?? '';
  return line === '' ? '' : plain(line);
}

/** Types offered for what was typed so far: an unknown word is offered as well, last. */
export function offeredTypes(typed: string): readonly string[] {
  const own = typed.trim().toLowerCase().replace(/\s+/g, '_');
  const known: readonly string[] = MEMORY_TYPES;
  const matching = known.filter((type) => type.includes(own));
  return own === '' || known.includes(own) ? matching : [...matching, own];
}
