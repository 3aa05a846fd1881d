import { lstat, readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { systemCode, translateFsError } from './fsErrors.ts';

export interface FolderLook {
  /** `foreign`: a folder with things in it, none of them Engram's. */
  readonly kind: 'ok' | 'absent' | 'foreign' | 'not-a-folder';
  readonly hasDatabase: boolean;
  readonly hasChunks: boolean;
  readonly hasManifest: boolean;
}

/** What Engram programs make in an `.engram` folder. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'manifest.json',
  'chunks',
  'engram.db',
  'index.db',
  'index.db-live',
  'config.json',
  '.lock',
]);
/** What may stand in a folder that is as good as empty. */
const NEUTRAL_NAMES = /^(\.gitignore|\.gitkeep|\.DS_Store|\..*\.tmp-.*)$/;

/** Looks at `.engram` from outside, without following a link. Other tools use the same name for something else. */
export async function lookAtFolder(root: string): Promise<FolderLook> {
  const nothing = { hasDatabase: false, hasChunks: false, hasManifest: false };
  try {
    const found = await lstat(root);
    if (!found.isDirectory()) return { kind: 'not-a-folder', ...nothing };
    const names = await readdir(root);
    const isOwn = names.some((name) => OWN_NAMES.has(name)) || names.every((name) => NEUTRAL_NAMES.test(name));
    const has = (name: string): boolean => names.includes(name);
    return { kind: isOwn ? 'ok' : 'foreign', hasDatabase: has('engram.db'), hasChunks: has('chunks'), hasManifest: has('manifest.json') };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { kind: 'absent', ...nothing };
    throw translateFsError(error, basename(root), 'read');
  }
}

/** Whether `.engram` is the Engram program's own data directory: a person may open the home folder (database.md §1). */
export async function isDataDirectory(root: string, env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const configured = env['ENGRAM_DATA_DIR'];
  const candidates = [join(homedir(), '.engram'), ...(configured ? [configured] : [])];
  const real = await realpath(root).catch(() => root);
  const others = await Promise.all(candidates.map((path) => realpath(path).catch(() => path)));
  return others.includes(real);
}
