import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { EngramError } from '../engine/errors.ts';
import { getFold, parseGoJson } from '../engine/goJson.ts';
import { goTrim } from '../engine/goText.ts';
import type { Git } from '../engine/ports.ts';
import { detectedName, extractRepoName } from '../engine/projectName.ts';
import { readRegularFile } from './regularFile.ts';

/** Which project a folder belongs to, in the words of the Go program (`detect.go`, v1.14.0; `config` is v1.16.1's). */
export interface DetectedProject {
  readonly source: 'config' | 'git_remote' | 'git_root' | 'git_child' | 'ambiguous' | 'dir_basename';
  /** Lower-case and trimmed; `''` for `ambiguous` and for a bad configuration. */
  readonly project: string;
  /** Absolute. */
  readonly path: string;
  readonly warning?: string;
  readonly error?: string;
  /** For `ambiguous`: the first two repositories found. */
  readonly available?: readonly string[];
}

type Repository = Pick<Git, 'workTree' | 'originUrl'>;

const NOISE: ReadonlySet<string> = new Set('node_modules vendor .venv __pycache__ target dist build .idea .vscode'.split(' '));
const MAX_CHILDREN = 20;
const SCAN_MS = 200;
const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Names the project of a folder: `.engram/config.json` between it and the repository's root, the remote `origin`, the root's name, the
 * only repository directly below, the folder's own name.
 *
 * @param git the repository that holds `dir`; `undefined` where there is none.
 */
export async function detectProject(dir: string, git: Repository | undefined): Promise<DetectedProject> {
  const path = resolve(dir);
  const config = await fromConfig(path, git?.workTree);
  if (config) return config;
  if (!git) return (await fromChildren(path)) ?? { source: 'dir_basename', project: detectedName(basename(path)), path };
  const remote = extractRepoName(await git.originUrl().catch(() => '')); // a git that fails says no, as in the Go program
  if (remote !== '') return { source: 'git_remote', project: detectedName(remote), path: git.workTree };
  return { source: 'git_root', project: detectedName(basename(git.workTree)), path: git.workTree };
}

/** One name, whatever {@link detectProject} found: never empty (Go: `DetectProject`). */
export async function detectProjectName(dir: string, git: Repository | undefined): Promise<string> {
  const found = await detectProject(dir, git);
  if (found.source === 'ambiguous') return detectedName(basename(resolve(dir)));
  return found.project === '' ? 'unknown' : found.project;
}

async function fromConfig(dir: string, root: string | undefined): Promise<DetectedProject | undefined> {
  const start = await realpath(dir).catch(() => dir);
  const stop = root === undefined ? start : await realpath(root).catch(() => root);
  for (let folder = start; ; folder = dirname(folder)) {
    const found = await readConfig(folder);
    if (found || folder === stop || !folder.startsWith(`${stop}${sep}`)) return found;
  }
}

async function readConfig(path: string): Promise<DetectedProject | undefined> {
  const failure = (why: string): DetectedProject => ({ source: 'config', project: '', path, error: `invalid .engram/config.json: ${why}` });
  const subject = '.engram/config.json';
  try {
    const bytes = await readRegularFile(join(path, '.engram', 'config.json'), {
      subject,
      maxBytes: MAX_CONFIG_BYTES,
      tooLarge: 'io-failed',
    });
    if (!bytes) return undefined;
    const name = configuredName(bytes);
    return typeof name === 'string' ? { source: 'config', project: detectedName(name), path } : failure(name.problem);
  } catch (error) {
    return failure(EngramError.is(error) ? error.message : 'it cannot be read');
  }
}

function configuredName(bytes: Uint8Array): string | { readonly problem: string } {
  const json = parseGoJson(bytes);
  const value = json instanceof Map ? (getFold(json, 'project_name') ?? '') : '';
  if (typeof value !== 'string' || (json !== null && !(json instanceof Map))) return { problem: 'it has the wrong shape' };
  const name = goTrim(value);
  if (name === '') return { problem: 'project_name is required' };
  if (/[/\\]/.test(name)) return { problem: 'project_name must be a name, not a path' };
  if ([...name].some((char) => char < ' ' || char === '\u007f')) return { problem: 'project_name contains control characters' };
  return name;
}

async function fromChildren(path: string): Promise<DetectedProject | undefined> {
  const children = await childRepositories(path);
  const [first, second] = children.map((child) => detectedName(basename(child)));
  if (first === undefined || children[0] === undefined) return undefined;
  if (second !== undefined) {
    return {
      source: 'ambiguous',
      project: '',
      path,
      error: 'ambiguous project: multiple git repos found in cwd',
      available: [first, second],
    };
  }
  return { source: 'git_child', project: first, path: children[0], warning: `auto-promoted child repository: ${first}` };
}

/** At most two; none when looking took too long. Go reads a folder sorted by name. */
async function childRepositories(path: string): Promise<string[]> {
  const deadline = performance.now() + SCAN_MS;
  const found: string[] = [];
  for (const name of (await childFolders(path)).slice(0, MAX_CHILDREN)) {
    if (performance.now() > deadline) return [];
    const child = join(path, name);
    if (await isThere(join(child, '.git'))) found.push(child);
    if (found.length === 2) break;
  }
  return found;
}

async function childFolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOISE.has(entry.name))
    .map(({ name }) => name);
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
