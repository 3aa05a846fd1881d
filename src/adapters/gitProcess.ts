import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { EngramError } from '../engine/errors.ts';

export interface GitRun {
  /** Written to the standard input; git reads nothing without it. */
  readonly input?: string;
  /** Exit codes that are answers, not failures, besides 0. */
  readonly answers?: readonly number[];
  /** Bytes of output; default 16 MiB. */
  readonly maxBytes?: number;
}

export interface GitAnswer {
  readonly code: number;
  readonly output: Buffer;
}

export const GIT_OUTPUT_LIMIT = 16 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** No optional lock that a person's own git command could stumble over, no question, no download. */
const QUIET = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C' };
/** A hook runs with these set to its own repository, which need not be the one asked about. */
export const OF_A_HOOK = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_NAMESPACE',
];
/** An fsmonitor is a program that the repository's configuration names. */
const CONFIGURATION = ['-c', 'core.fsmonitor=false', '-c', 'core.quotepath=off'];

/**
 * Runs git in a folder: no shell, ten seconds, 16 MiB of output.
 *
 * @param gitPath absolute: a relative one could be a program of the opened folder.
 * @throws {EngramError} git-failed with the subcommand as `subject`; the cause holds what git said, which is for the log
 */
export function runGit(gitPath: string, folder: string, args: readonly string[], run: GitRun = {}): Promise<GitAnswer> {
  const subject = `git ${args[0] ?? ''}`;
  if (!isAbsolute(gitPath)) return Promise.reject(new EngramError('git-failed', 'The path of git is not absolute.', { subject }));
  const options = {
    cwd: folder,
    env: environment(args[0]),
    timeout: TIMEOUT_MS,
    maxBuffer: run.maxBytes ?? GIT_OUTPUT_LIMIT,
    windowsHide: true,
    encoding: 'buffer',
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(gitPath, ['-C', folder, ...CONFIGURATION, ...args], options, (error, output) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number' && (code === 0 || run.answers?.includes(code))) resolve({ code, output });
      else reject(new EngramError('git-failed', `${subject} did not work${error?.killed ? ' in time' : ''}.`, { subject, cause: error }));
    });
    child.stdin?.on('error', () => child.stdin?.destroy()); // git ended before it read all: its exit code tells
    child.stdin?.end(run.input ?? '');
  });
}

/** Paths mean themselves, `*` and `:` too; `check-ignore` takes no patterns and refuses to be told so. */
function environment(subcommand: string | undefined): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ...QUIET, GIT_LITERAL_PATHSPECS: subcommand === 'check-ignore' ? '0' : '1' };
  for (const name of OF_A_HOOK) delete env[name];
  return env;
}

/**
 * Looks for git in the folders of PATH.
 *
 * @returns its absolute path, `''` when there is none.
 */
export function findGit(env: NodeJS.ProcessEnv = process.env): string {
  return findProgram('git', env);
}

/**
 * Looks for a program in the folders of PATH. Relative and empty entries of PATH are passed over: they mean the working folder, where an
 * opened repository could have put a program of that name.
 *
 * @returns its absolute path, `''` when there is none.
 */
export function findProgram(program: string, env: NodeJS.ProcessEnv = process.env): string {
  const name = process.platform === 'win32' ? `${program}.exe` : program;
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? '';
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
