/** A branch, local or remote-tracking, as `for-each-ref` lists it. */
export interface Branch {
  readonly name: string;
  /** Object id of its newest commit. */
  readonly commit: string;
  /** Seconds since 1970. */
  readonly committedAt: number;
  readonly checkedOut: boolean;
  /** `main`, `master`, or what a remote's HEAD points at. */
  readonly isDefault: boolean;
}

export const BRANCH_FORMAT = '%(objectname)%00%(committerdate:unix)%00%(HEAD)%00%(symref)%00%(refname)';
const ALWAYS_DEFAULT = /^refs\/(heads|remotes\/[^/]+)\/(main|master)$/;

/** Reads the output of `for-each-ref` with {@link BRANCH_FORMAT}; symbolic references only say which branch is the default. */
export function parseBranches(output: string): Branch[] {
  const rows = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\0'));
  const targets = new Set(rows.map(([, , , symref]) => symref));
  return rows.flatMap(([commit = '', date = '', head, symref, name = '']) => {
    if (symref !== '' || commit === '') return [];
    const isDefault = ALWAYS_DEFAULT.test(name) || targets.has(name);
    return [{ name, commit, committedAt: Number(date), checkedOut: head === '*', isDefault }];
  });
}

/** What `cat-file --batch-check` says of each name, in the order of the names; `undefined`: there is no such object. */
export interface ObjectInfo {
  readonly oid: string;
  readonly type: string;
  readonly size: number;
}

export function parseBatchCheck(output: string): (ObjectInfo | undefined)[] {
  const lines = output.split('\n').slice(0, -1);
  return lines.map((line) => {
    const [, oid, type, size] = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(line) ?? [];
    return oid !== undefined && type !== undefined ? { oid, type, size: Number(size) } : undefined;
  });
}

/**
 * The names in the trees that `cat-file --batch` gives. Each object is a line `<oid> tree <size>`, its bytes and a line feed; each entry of
 * a tree is `<mode> <name>`, a zero byte and the raw object id (20 bytes, or 32 with SHA-256).
 */
export function* treeNames(output: Buffer): Generator<string> {
  let at = 0;
  while (at < output.length) {
    const headerEnd = output.indexOf('\n', at);
    if (headerEnd < 0) return;
    const [oid = '', type, size] = output.toString('latin1', at, headerEnd).split(' ');
    at = headerEnd + 1;
    if (type !== 'tree') continue; // `<name> missing` has no body
    yield* entryNames(output.subarray(at, at + Number(size)), oid.length / 2);
    at += Number(size) + 1;
  }
}

function* entryNames(tree: Buffer, oidBytes: number): Generator<string> {
  let at = 0;
  while (at < tree.length) {
    const nameStart = tree.indexOf(' ', at) + 1;
    const nameEnd = tree.indexOf(0, nameStart);
    if (nameStart === 0 || nameEnd < 0) return;
    yield tree.toString('utf8', nameStart, nameEnd);
    at = nameEnd + 1 + oidBytes;
  }
}
