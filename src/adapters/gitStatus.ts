import type { GitFolderStatus } from '../engine/ports.ts';

type Porcelain = Pick<GitFolderStatus, 'branch' | 'uncommittedChunks' | 'manifestUncommitted' | 'manifestUnmerged'>;

interface Change {
  readonly path: string;
  readonly unmerged: boolean;
}

/** Fields before the path, by the first letter of an entry (git-status, "Porcelain Format Version 2"). */
const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10, '?': 1 };
const BRANCH = '# branch.head ';
const CHUNK = /^chunks\/([^/]+)\.jsonl\.gz$/;

/**
 * Reads `git status --porcelain=v2 -z --branch --untracked-files=all`.
 *
 * @param folder path of `.engram` in the work tree, with `/`.
 */
export function parseStatus(output: string, folder: string): Porcelain {
  const records = output.split('\0');
  const head = records.find((record) => record.startsWith(BRANCH))?.slice(BRANCH.length) ?? '';
  const changes = changesIn(records).filter((change) => change.path.startsWith(`${folder}/`));
  const inFolder = changes.map((change) => ({ ...change, path: change.path.slice(folder.length + 1) }));
  const manifest = inFolder.find((change) => change.path === 'manifest.json');
  return {
    branch: head === '(detached)' ? '' : head,
    uncommittedChunks: inFolder.map((change) => CHUNK.exec(change.path)?.[1]).filter((id) => id !== undefined),
    manifestUncommitted: manifest !== undefined,
    manifestUnmerged: manifest?.unmerged === true,
  };
}

function changesIn(records: readonly string[]): Change[] {
  const changes: Change[] = [];
  let isOldName = false;
  for (const record of records) {
    const kind = record[0] ?? '';
    const fields = isOldName ? undefined : FIELDS_BEFORE_PATH[kind];
    isOldName = !isOldName && kind === '2'; // the record behind a renamed one is its old name
    if (fields !== undefined) changes.push({ path: record.split(' ').slice(fields).join(' '), unmerged: kind === 'u' });
  }
  return changes;
}
