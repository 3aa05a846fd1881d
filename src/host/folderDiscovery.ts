import { dirname, relative } from 'node:path';
import { RelativePattern, type WorkspaceFolder, workspace } from 'vscode';
import { pathExists } from './gitFolder.ts';
import { findPlace, type Place } from './probe.ts';

/** A place and the workspace folder it was found for. */
export interface Discovered {
  readonly place: Place;
  readonly folder: WorkspaceFolder;
  /** Short name for people. */
  readonly name: string;
}

const MAX_NESTED = 50;
const NOT_SEARCHED = '{**/node_modules/**,**/.git/**,**/vendor/**,**/target/**,**/.venv/**}';

/** Folders of the window that are on a disk; others cannot be read by the engine. */
export function diskFolders(): WorkspaceFolder[] {
  return (workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file');
}

/** For each opened folder, in their order, where its `.engram` is or would be. */
export function discoverFolders(): Promise<Discovered[]> {
  return Promise.all(
    diskFolders().map(async (folder) => ({ place: await findPlace(folder.uri.fsPath, pathExists), folder, name: folder.name })),
  );
}

/** Looks at places that a watcher or a search has named: which of them hold an `.engram` now. Sorted by path. */
export async function discoverNested(roots: readonly string[]): Promise<Discovered[]> {
  const found = roots.map(async (root): Promise<Discovered[]> => {
    const folder = diskFolders().find((each) => isBelow(root, each.uri.fsPath));
    if (!folder || !(await pathExists(root))) return [];
    const { gitRoot } = await findPlace(dirname(root), pathExists);
    const below = relative(folder.uri.fsPath, dirname(root)).replaceAll('\\', '/');
    const name = below === '' ? folder.name : `${folder.name}/${below}`;
    return [{ place: { root, exists: true, gitRoot }, folder, name }];
  });
  return (await Promise.all(found)).flat().sort((a, b) => (a.place.root < b.place.root ? -1 : 1));
}

/** One bounded search of the whole window. @returns absolute paths of `.engram` folders that have a manifest. */
export async function searchNested(): Promise<string[]> {
  const searches = diskFolders().map((folder) =>
    workspace.findFiles(new RelativePattern(folder, '**/.engram/manifest.json'), NOT_SEARCHED, MAX_NESTED),
  );
  return (await Promise.all(searches)).flat().map((uri) => dirname(uri.fsPath));
}

/** Whether a path is inside a folder and in none of its places for other people's packages. */
export function isBelow(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return !/^\.\.([\\/]|$)/.test(inside) && !/(^|[\\/])(node_modules|\.git|vendor|target|\.venv)[\\/]/.test(inside);
}
