/** A replacement of the lines `[from, to)` of the base. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

export interface MergedText {
  readonly text: string;
  readonly conflicted: boolean;
}

/**
 * Merges two texts line by line as git does: changes of both sides that touch each other (no line in between) conflict, unless they are the same.
 * Markers have git's form; lines that both sides of a conflict begin or end with stand outside of it. The differential test against
 * `git merge-file` is in test/unit/simulation/gitModel.test.ts.
 */
export function mergeText(base: string, ours: string, theirs: string, theirName: string): MergedText {
  const lines = linesOf(base);
  const left = changes(lines, linesOf(ours));
  const right = changes(lines, linesOf(theirs));
  const merged: string[] = [];
  let conflicted = false;
  let at = 0;
  while (left.length > 0 || right.length > 0) {
    const group = takeGroup(left, right);
    merged.push(...lines.slice(at, group.from));
    at = group.to;
    const mine = applied(lines, group, group.left);
    const other = applied(lines, group, group.right);
    if (group.right.length === 0 || same(mine, other)) merged.push(...mine);
    else if (group.left.length === 0) merged.push(...other);
    else {
      conflicted = true;
      merged.push(...conflict(mine, other, theirName));
    }
  }
  return { text: [...merged, ...lines.slice(at)].join(''), conflicted };
}

/** With their line ends; the last may have none. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

interface Group {
  readonly from: number;
  readonly to: number;
  readonly left: readonly Change[];
  readonly right: readonly Change[];
}

/** The next changes of both sides that touch one another. */
function takeGroup(left: Change[], right: Change[]): Group {
  const taken = { left: [] as Change[], right: [] as Change[] };
  const first = Math.min(left[0]?.from ?? Number.POSITIVE_INFINITY, right[0]?.from ?? Number.POSITIVE_INFINITY);
  let to = first;
  for (;;) {
    const side = [
      { from: left, into: taken.left },
      { from: right, into: taken.right },
    ].find(({ from }) => from[0] !== undefined && from[0].from <= to);
    const change = side?.from.shift();
    if (!side || !change) return { from: first, to, ...taken };
    side.into.push(change);
    to = Math.max(to, change.to);
  }
}

function applied(lines: readonly string[], range: { from: number; to: number }, edits: readonly Change[]): string[] {
  const result: string[] = [];
  let at = range.from;
  for (const edit of edits) {
    result.push(...lines.slice(at, edit.from), ...edit.lines);
    at = edit.to;
  }
  return [...result, ...lines.slice(at, range.to)];
}

function conflict(mine: readonly string[], other: readonly string[], theirName: string): string[] {
  const start = commonPrefix(mine, other);
  const end = commonPrefix(mine.slice(start).toReversed(), other.slice(start).toReversed());
  const inner = (side: readonly string[]): string[] => side.slice(start, side.length - end).map(ended);
  const middle = ['<<<<<<< HEAD\n', ...inner(mine), '=======\n', ...inner(other), `>>>>>>> ${theirName}\n`];
  return [...mine.slice(0, start), ...middle, ...mine.slice(mine.length - end)];
}

function ended(line: string): string {
  return line.endsWith('\n') ? line : `${line}\n`;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && commonPrefix(a, b) === a.length;
}

function commonPrefix(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let count = 0;
  while (count < most && a[count] === b[count]) count += 1;
  return count;
}

/** The changes from `before` to `after`, by their longest common subsequence. */
function changes(before: readonly string[], after: readonly string[]): Change[] {
  const start = commonPrefix(before, after);
  const end = commonPrefix(before.slice(start).toReversed(), after.slice(start).toReversed());
  const old = before.slice(start, before.length - end);
  const fresh = after.slice(start, after.length - end);
  if (old.length === 0 && fresh.length === 0) return [];
  const found = pairs(old, fresh).map(({ from, to, newFrom, newTo }) => ({
    from: start + from,
    to: start + to,
    lines: fresh.slice(newFrom, newTo),
  }));
  return found.map((change, index) => slid(before, change, found[index + 1]?.from ?? before.length));
}

/** As far down as it can go, as git does it, so that the same change stands at the same place on both sides. */
function slid(before: readonly string[], change: Change, limit: number): Change {
  let { from, to, lines } = change;
  if (lines.length > 0 && to > from) return change;
  while (to < limit && before[to] === (lines[0] ?? before[from])) {
    const [first, ...rest] = lines;
    lines = first === undefined ? lines : [...rest, first];
    from += 1;
    to += 1;
  }
  return { from, to, lines };
}

function pairs(old: readonly string[], fresh: readonly string[]): { from: number; to: number; newFrom: number; newTo: number }[] {
  const width = fresh.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = fresh.length - 1; column >= 0; column -= 1) {
      const here = row * width + column;
      longest[here] =
        old[row] === fresh[column] ? (longest[here + width + 1] ?? 0) + 1 : Math.max(longest[here + width] ?? 0, longest[here + 1] ?? 0);
    }
  }
  const found: { from: number; to: number; newFrom: number; newTo: number }[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < fresh.length) {
    const [from, newFrom] = [row, column];
    while ((row < old.length || column < fresh.length) && (row === old.length || column === fresh.length || old[row] !== fresh[column])) {
      const down =
        row < old.length &&
        (column === fresh.length || (longest[(row + 1) * width + column] ?? 0) >= (longest[row * width + column + 1] ?? 0));
      if (down) row += 1;
      else column += 1;
    }
    if (row > from || column > newFrom) found.push({ from, to: row, newFrom, newTo: column });
    while (row < old.length && column < fresh.length && old[row] === fresh[column]) {
      row += 1;
      column += 1;
    }
  }
  return found;
}
