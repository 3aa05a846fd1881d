import { goLower, goTrim } from './goText.ts';

/** The last part of a remote's URL without one trailing `.git`; `''` where there is none (Go `project.extractRepoName`). */
export function extractRepoName(url: string): string {
  const parts = url.replace(/\.git$/, '').split(/[/:]/);
  return parts.findLast((part) => part !== '') ?? '';
}

/** The form of a detected project's name: lower-case, trimmed, never empty (Go `project.normalize`). Runs of `-` are not joined here. */
export function detectedName(name: string): string {
  return goTrim(goLower(name)) || 'unknown';
}

/** A name that may be meant for the same project. */
export interface SimilarName {
  readonly name: string;
  readonly match: 'case-insensitive' | 'substring' | 'levenshtein';
  /** Edits between the two, 0 for the other kinds. */
  readonly distance: number;
}

/**
 * Existing project names that look like `name`, itself left out: first those that differ in case, then those that hold it or are held by
 * it, then those within `maxDistance` edits, at most half the name's length (Go `project.FindSimilar`).
 */
export function findSimilar(name: string, existing: readonly string[], maxDistance: number): readonly SimilarName[] {
  const wanted = foldedName(name);
  const found = [...new Set(existing)]
    .filter((candidate) => candidate !== name)
    .map((candidate) => compare(wanted, candidate, allowedDistance(wanted, maxDistance)))
    .filter((similar) => similar !== undefined);
  const order: readonly SimilarName['match'][] = ['case-insensitive', 'substring', 'levenshtein'];
  return found.sort((a, b) => order.indexOf(a.match) - order.indexOf(b.match) || a.distance - b.distance);
}

function foldedName(name: string): string {
  return goLower(goTrim(name));
}

/** Go measures the length in bytes. */
function allowedDistance(wanted: string, maxDistance: number): number {
  const atMost = Math.max(0, maxDistance);
  const bytes = Buffer.byteLength(wanted);
  return bytes === 0 ? atMost : Math.min(atMost, Math.max(1, Math.floor(bytes / 2)));
}

function compare(wanted: string, candidate: string, allowed: number): SimilarName | undefined {
  const lower = foldedName(candidate);
  if (lower === wanted) return { name: candidate, match: 'case-insensitive', distance: 0 };
  if (Buffer.byteLength(wanted) >= 3 && (lower.includes(wanted) || wanted.includes(lower))) {
    return { name: candidate, match: 'substring', distance: 0 };
  }
  const distance = levenshtein([...wanted], [...lower]);
  return distance <= allowed ? { name: candidate, match: 'levenshtein', distance } : undefined;
}

/** Insertions, deletions and replacements of characters that turn one into the other. */
function levenshtein(a: readonly string[], b: readonly string[]): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, character] of a.entries()) {
    const current = [row + 1];
    for (const [column, other] of b.entries()) {
      const replaced = (previous[column] ?? 0) + (character === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
