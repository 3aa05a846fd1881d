import type { GitFolderStatus } from '../engine/ports.ts';

type Porcelain = Pick<GitFolderStatus, 'branch' | 'uncommittedChunks' | 'deletedChunks' | 'manifestUncommitted' | 'manifestUnmerged'>;

interface Change {
  readonly path: string;
  readonly unmerged: boolean;
  readonly deleted: boolean;
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
    uncommittedChunks: chunkIds(inFolder.filter((change) => !change.deleted)),
    deletedChunks: chunkIds(inFolder.filter((change) => change.deleted)),
    manifestUncommitted: manifest !== undefined,
    manifestUnmerged: manifest?.unmerged === true,
  };
}

function chunkIds(changes: readonly Change[]): string[] {
  return changes.map((change) => CHUNK.exec(change.path)?.[1]).filter((id) => id !== undefined);
}

function changesIn(records: readonly string[]): Change[] {
  const changes: Change[] = [];
  let oldName: 'renamed' | 'copied' | undefined;
  for (const record of records) {
    if (oldName !== undefined) {
      if (oldName === 'renamed') changes.push({ path: record, unmerged: false, deleted: true });
      oldName = undefined;
      continue;
    }
    const kind = record[0] ?? '';
    const fields = FIELDS_BEFORE_PATH[kind];
    if (fields === undefined) continue;
    const words = record.split(' ');
    const state = words[1] ?? '';
    changes.push({ path: words.slice(fields).join(' '), unmerged: kind === 'u', deleted: kind !== '?' && state.includes('D') });
    if (kind === '2') oldName = state.includes('R') ? 'renamed' : 'copied'; // the record behind it is its old name
  }
  return changes;
}
