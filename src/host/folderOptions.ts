import { Uri } from 'vscode';
import type { FolderOptions } from '../engine/folderRequests.ts';
import { diskFolders } from './folderDiscovery.ts';
import type { MemoryChoices } from './memoryChoices.ts';
import { readSettings } from './settings.ts';

interface WindowFacts {
  /** As the git extension says; `''`: it has not said, or there is none. */
  readonly gitPath: string;
  readonly trusted: boolean;
  readonly sessionId: string;
  readonly keepFolder: (root: string) => string;
  readonly memoryChoices: MemoryChoices;
}

/** What the worker is told of a folder: settings, a person's choices and trust as they are now. @param root `.engram` */
export function folderOptions(root: Uri, { gitPath, trusted, sessionId, keepFolder, memoryChoices }: WindowFacts): FolderOptions {
  const { author, includePersonal, limits, database, cloud, programPath } = readSettings(root);
  return {
    root: root.fsPath,
    trusted,
    gitPath: trusted ? gitPath : '',
    limits,
    author,
    includePersonal,
    sessionId,
    keepFolder: keepFolder(root.fsPath),
    cloud,
    program: { path: programPath, notIn: [Uri.joinPath(root, '..'), ...diskFolders().map(({ uri }) => uri)].map(({ fsPath }) => fsPath) },
    ...memoryChoices.optionsOf(root.fsPath, database),
  };
}
