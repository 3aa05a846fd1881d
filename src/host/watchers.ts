import { join, relative } from 'node:path';
import { Disposable, type FileSystemWatcher, RelativePattern, Uri, workspace } from 'vscode';
import { gitFolderOf } from './gitFolder.ts';
import { isNews } from './probe.ts';

/**
 * The one watcher that a workspace folder has before it has an `.engram`: it sees one appear, here or in a folder below.
 * It rides on the recursive watcher that the editor runs for the folder anyway. Where `.engram` would be in a parent (the git root of a
 * sub-folder that was opened) that parent is watched without its sub-folders.
 *
 * @param parent absolute path of the folder where `.engram` would be.
 * @param appeared with the path of an `.engram` that may be there now. Files in a folder that is itself new are often not reported.
 */
export function watchForEngram(folder: Uri, parent: string, appeared: (root: string) => void): Disposable {
  const isAbove = relative(parent, folder.fsPath) !== '';
  const pattern = isAbove
    ? new RelativePattern(Uri.file(parent), '.engram')
    : new RelativePattern(folder, '{**/.engram,**/.engram/manifest.json}');
  const watcher = workspace.createFileSystemWatcher(pattern, false, false, true);
  const tell = (uri: Uri) => appeared(uri.path.endsWith('/manifest.json') ? Uri.joinPath(uri, '..').fsPath : uri.fsPath);
  return Disposable.from(watcher, watcher.onDidCreate(tell), watcher.onDidChange(tell));
}

/** Tells of whatever happens in one `.engram`, its own appearing and vanishing included. */
export function watchEngram(root: Uri, changed: () => void): Disposable {
  const parent = Uri.joinPath(root, '..');
  const news = (uri: Uri) => {
    if (isNews(relative(root.fsPath, uri.fsPath))) changed();
  };
  const isInWorkspace = workspace.getWorkspaceFolder(root) !== undefined;
  const patterns = isInWorkspace
    ? [new RelativePattern(parent, '{.engram,.engram/**}')]
    : [new RelativePattern(parent, '.engram'), new RelativePattern(root, '**')]; // never the whole repository around it
  return Disposable.from(...patterns.map((pattern) => listen(workspace.createFileSystemWatcher(pattern), news)));
}

/**
 * Tells when HEAD moved, from the reflog that git appends to: sooner than the git extension, and also where that is disabled.
 *
 * @param gitRoot absolute path of the folder that has `.git`.
 */
export async function watchHead(gitRoot: string, moved: () => void): Promise<Disposable> {
  const gitFolder = await gitFolderOf(gitRoot);
  if (gitFolder === undefined) return Disposable.from();
  const pattern = new RelativePattern(Uri.file(join(gitFolder, 'logs')), 'HEAD');
  return listen(workspace.createFileSystemWatcher(pattern), moved);
}

function listen(watcher: FileSystemWatcher, tell: (uri: Uri) => void): Disposable {
  return Disposable.from(watcher, watcher.onDidCreate(tell), watcher.onDidChange(tell), watcher.onDidDelete(tell));
}
