import type { Translate } from './translate.ts';

/** Counts as whole phrases: languages differ in more than an `s`. */

export function memoryCount(t: Translate, count: number): string {
  return count === 1 ? t('1 memory') : t('{0} memories', count);
}

export function promptCount(t: Translate, count: number): string {
  return count === 1 ? t('1 prompt') : t('{0} prompts', count);
}

export function sessionCount(t: Translate, count: number): string {
  return count === 1 ? t('1 session') : t('{0} sessions', count);
}

export function relationCount(t: Translate, count: number): string {
  return count === 1 ? t('1 relation') : t('{0} relations', count);
}

export function editCount(t: Translate, count: number): string {
  return count === 1 ? t('1 edit') : t('{0} edits', count);
}

export function deleteCount(t: Translate, count: number): string {
  return count === 1 ? t('1 deletion') : t('{0} deletions', count);
}

export function chunkCount(t: Translate, count: number): string {
  return count === 1 ? t('1 chunk') : t('{0} chunks', count);
}

export interface Counts {
  readonly memories: number;
  readonly prompts: number;
  readonly sessions?: number;
  readonly relations?: number;
  readonly edits?: number;
  readonly deletes?: number;
}

/** `3 memories, 1 prompt`: what is not zero, in a fixed order; `''` when all is. Sessions are named only when nothing else is there. */
export function contentOf(t: Translate, counts: Counts): string {
  const parts = [
    counts.memories > 0 && memoryCount(t, counts.memories),
    counts.prompts > 0 && promptCount(t, counts.prompts),
    counts.relations && relationCount(t, counts.relations),
    counts.edits && editCount(t, counts.edits),
    counts.deletes && deleteCount(t, counts.deletes),
  ].filter((part): part is string => Boolean(part));
  if (parts.length > 0) return parts.join(', ');
  return counts.sessions ? sessionCount(t, counts.sessions) : '';
}

/** Everything that the next sync would write, as one number. Sessions go along with their rows and count only alone. */
export function shareable(counts: Required<Counts>): number {
  return counts.memories + counts.prompts + counts.relations + counts.edits + counts.deletes || counts.sessions;
}
