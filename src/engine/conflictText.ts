/** A piece of a text with git's conflict markers: lines that all sides share, or a choice between sides. */
type Part = string | Hunk;

interface Hunk {
  readonly ours: Part[];
  /** The common ancestor; `undefined` in the style `merge`, which leaves it out. */
  base: Part[] | undefined;
  theirs: Part[] | undefined;
  /** Characters of its markers: nested hunks of a virtual ancestor have longer ones, a conflict that was committed the same. */
  readonly size: number;
}

/** One of the texts that the markers leave to choose from. */
export interface ConflictSide {
  readonly text: string;
  /** Somebody wrote it like this; else lines of the base stand in it, among which `zdiff3` repeats lines that both sides share. */
  readonly isWhole: boolean;
}

type Side = 'ours' | 'theirs' | 'base';
const SIDES: readonly Side[] = ['ours', 'theirs', 'base'];

/** A marker stands at the beginning of a line; JSON never begins a line like that. Git puts a label behind all but `=======`. */
const MARKER = /^(<{7,}|\|{7,}|={7,}|>{7,})(?:[ \t].*)?$/;
/** Deeper markers are passed over: git nests two levels in practice. */
const MAX_DEPTH = 6;
/** Beyond this every level takes the same side: each text costs a pass over all. */
const MAX_MIXED_CHARACTERS = 256 * 1024;

/**
 * The texts that git's conflict markers leave to choose from: all of ours, all of theirs, all of the base, and where hunks are nested the
 * mixtures of these. Knows the styles `merge`, `diff3` and `zdiff3`, several hunks, CR LF, nested and longer markers. A marker without its
 * partner is left out.
 *
 * @returns each text once; the text itself where it has no markers.
 */
export function conflictSides(text: string): readonly ConflictSide[] {
  const { parts, depth } = readParts(text);
  if (depth === 0) return [{ text: flatten(parts, ['ours']), isWhole: true }];
  const mixes = text.length <= MAX_MIXED_CHARACTERS ? mixtures(Math.min(depth, 3)) : SIDES.map((side) => [side]);
  const sides = new Map<string, ConflictSide>();
  for (const mix of mixes) {
    const side = flatten(parts, mix);
    const isWhole = !mix.includes('base') || sides.get(side)?.isWhole === true;
    sides.set(side, { text: side, isWhole });
  }
  return [...sides.values()];
}

/** The text without the marker lines: both sides one after the other. */
export function withoutMarkers(text: string): string {
  return text
    .split('\n')
    .filter((line) => !MARKER.test(line.replace(/\r$/, '')))
    .join('\n');
}

/** Every way to choose a side at each of `depth` levels. */
function mixtures(depth: number): Side[][] {
  const shorter = depth <= 1 ? [[]] : mixtures(depth - 1);
  return SIDES.flatMap((side) => shorter.map((rest) => [side, ...rest]));
}

function readParts(text: string): { parts: Part[]; depth: number } {
  const parts: Part[] = [];
  const open: Hunk[] = [];
  let depth = 0;
  for (const line of text.split('\n')) {
    const marker = MARKER.exec(line.replace(/\r$/, ''))?.[1];
    const hunk = open.at(-1);
    if (marker === undefined) {
      (hunk ? sectionOf(hunk) : parts).push(line);
    } else if (marker[0] === '<') {
      if (open.length === MAX_DEPTH) continue;
      const opened: Hunk = { ours: [], base: undefined, theirs: undefined, size: marker.length };
      (hunk ? sectionOf(hunk) : parts).push(opened);
      open.push(opened);
      depth = Math.max(depth, open.length);
    } else if (hunk && hunk.size === marker.length) {
      advance(hunk, marker, open);
    }
  }
  return { parts, depth };
}

function advance(hunk: Hunk, marker: string, open: Hunk[]): void {
  if (marker[0] === '|' && hunk.theirs === undefined) hunk.base ??= [];
  else if (marker[0] === '=') hunk.theirs ??= [];
  else if (marker[0] === '>') open.pop();
}

function sectionOf(hunk: Hunk): Part[] {
  return hunk.theirs ?? hunk.base ?? hunk.ours;
}

function flatten(parts: readonly Part[], mix: readonly Side[]): string {
  const lines: string[] = [];
  const collect = (some: readonly Part[], level: number): void => {
    for (const part of some) {
      if (typeof part === 'string') lines.push(part);
      else collect(chosen(part, mix[Math.min(level, mix.length - 1)] ?? 'ours'), level + 1);
    }
  };
  collect(parts, 0);
  return lines.join('\n');
}

/** Without a base or a second side (the file ends in the middle) the first side stands for it. */
function chosen(hunk: Hunk, side: Side): readonly Part[] {
  if (side === 'base') return hunk.base ?? hunk.ours;
  return side === 'theirs' ? (hunk.theirs ?? hunk.ours) : hunk.ours;
}
