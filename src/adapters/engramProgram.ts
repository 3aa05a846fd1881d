import { realpathSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { EngramError } from '../engine/errors.ts';
import type { ProgramOptions } from '../engine/folderRequests.ts';
import type { ProgramState } from '../engine/folderState.ts';
import { isProgram, OF_A_HOOK } from './gitProcess.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** GitHub's tokens are for the program's look for a newer release, which it does at each start; it works without them. */
const NOT_HANDED_ON: ReadonlySet<string> = new Set(['GH_TOKEN', 'GITHUB_TOKEN', ...OF_A_HOOK]);
const SECRET_NAME = /TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE/i;
/** Shorter values are words, not secrets. */
const SECRET_LENGTH = 8;
/** Tokens of GitHub, of cloud services, and of the Engram cloud's own kind (a JSON Web Token). */
const TOKEN = /\b(?:gh[a-z]_|github_pat_|sk-|xox[a-z]-|eyJ)[\w.-]{8,}|\bBearer\s+\S+/g;

/**
 * Looks for the person's own Engram program: where the setting says, else in the folders of PATH. Those that are relative or belong to an
 * opened repository are passed over, and so is a link that leads into one: a repository must not choose what is run.
 */
export function findEngramProgram({ path, notIn }: ProgramOptions, env: Environment = process.env): ProgramState {
  if (path !== '') {
    if (!isAbsolute(path)) return { path: '', problem: 'not-absolute' };
    return isProgram(path) ? { path } : { path: '', problem: 'not-a-program' };
  }
  const name = process.platform === 'win32' ? 'engram.exe' : 'engram';
  const found = trustedFolders(env, notIn)
    .map((folder) => join(folder, name))
    .find((candidate) => isProgram(candidate) && !isIn(candidate, notIn));
  return found === undefined ? { path: '', problem: 'not-found' } : { path: found };
}

/**
 * What the program finds in its environment: the person's own, with this very database, and nothing that would send it elsewhere, such as
 * to the cloud. Of PATH it gets what {@link findEngramProgram} looks through, because it looks for git there.
 *
 * @param of `databasePath`: absolute, named `engram.db`, as the program names it. `project`: releases from 1.15.12 on save into it.
 * @throws {EngramError} program-failed: the database has another name, so the program would open, or make, another one
 */
export function programEnvironment(
  of: { readonly databasePath: string; readonly project?: string; readonly notIn: readonly string[] },
  env: Environment = process.env,
): NodeJS.ProcessEnv {
  if (basename(of.databasePath) !== 'engram.db') {
    const message = 'The Engram program knows its database by the name engram.db only, and this one has another. Nothing was changed.';
    throw new EngramError('program-failed', message);
  }
  const kept = Object.entries(env).filter(([name]) => !NOT_HANDED_ON.has(name) && !/^(?:ENGRAM_|PATH$)/i.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: trustedFolders(env, of.notIn).join(delimiter),
    ENGRAM_DATA_DIR: dirname(of.databasePath),
    ...(of.project !== undefined && { ENGRAM_PROJECT: of.project }),
  };
}

/** A text of the program for the log or a person: without what looks like a secret, in its own right or by the environment. */
export function withoutSecrets(text: string, env: Environment = process.env): string {
  const values = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) && value !== undefined && value.length >= SECRET_LENGTH ? [value] : [],
  );
  return values.reduce((rest, value) => rest.replaceAll(value, '…'), text).replace(TOKEN, '…');
}

function trustedFolders(env: Environment, notIn: readonly string[]): string[] {
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter);
  return folders.filter((folder) => isAbsolute(folder) && !isIn(folder, notIn));
}

function isIn(path: string, folders: readonly string[]): boolean {
  const places = [path, realPath(path)];
  return folders.some((folder) => places.some((place) => isBelow(place, folder) || isBelow(place, realPath(folder))));
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // what is not there is no program either
  }
}
