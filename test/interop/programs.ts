import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * How a release takes a local chunk. `inserts`: blindly into its tables, mutations ignored (v1.14). `applies`: by identity, mutations too (v1.16).
 * `newer`: a release whose sessions have an owner (2.0 and later), of which these tests know nothing.
 */
type Generation = 'inserts' | 'applies' | 'newer';

/** An Engram program of this machine. */
export interface EngramProgram {
  readonly path: string;
  /** For test names: what the program calls itself, and its generation. */
  readonly name: string;
  readonly generation: Generation;
}

/** No program takes longer than a second; one that hangs must not hold up the tests. */
export const PROGRAM_TIMEOUT_MS = 30_000;

/**
 * The programs that `ENGRAM_BIN` names (one path, or several as in PATH), else `engram` from the PATH, else none.
 *
 * @throws {Error} where ENGRAM_BIN names something that cannot be run: it was asked for.
 */
export function findPrograms(): readonly EngramProgram[] {
  const named = (process.env['ENGRAM_BIN'] ?? '').split(delimiter).filter((path) => path !== '');
  const missing = named.filter((path) => !isProgram(resolve(path)));
  if (missing.length > 0) throw new Error(`ENGRAM_BIN names ${missing.join(', ')}, where no program is`);
  return (named.length > 0 ? named : fromPath()).map((path) => describeProgram(resolve(path)));
}

/**
 * The environment of a run: a home and a data folder of its own, and a proxy that refuses every connection, because each start asks
 * GitHub for the newest release.
 */
export function programEnvironment(home: string, dataFolder: string, user = 'gopher'): NodeJS.ProcessEnv {
  const kept = ['PATH', 'Path', 'PATHEXT', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP'].map((name) => [name, process.env[name]]);
  const closed = 'http://127.0.0.1:9';
  return {
    ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    HOME: home,
    USERPROFILE: home,
    ENGRAM_DATA_DIR: dataFolder,
    USER: user,
    USERNAME: user,
    HTTP_PROXY: closed,
    HTTPS_PROXY: closed,
    NO_PROXY: '',
  };
}

function fromPath(): string[] {
  const name = process.platform === 'win32' ? 'engram.exe' : 'engram';
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => join(folder, name))
    .filter(isProgram)
    .slice(0, 1);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Builds made by hand all call themselves `dev`, so the tables that it makes tell the generation. */
function describeProgram(path: string): EngramProgram {
  const home = mkdtempSync(join(tmpdir(), 'engram-interop-'));
  try {
    const options = {
      env: programEnvironment(home, home),
      cwd: home,
      timeout: PROGRAM_TIMEOUT_MS,
      stdio: 'pipe',
      encoding: 'utf8',
    } as const;
    const version = execFileSync(path, ['version'], options).trim();
    execFileSync(path, ['stats'], options);
    const generation = generationOf(join(home, 'engram.db'));
    const like = { inserts: 'as v1.14', applies: 'as v1.16', newer: 'newer' }[generation];
    return { path, name: `${version} (${like})`, generation };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function generationOf(databasePath: string): Generation {
  const database = new DatabaseSync(databasePath);
  try {
    const has = (sql: string): boolean => database.prepare(sql).get() !== undefined;
    if (has(`SELECT 1 FROM pragma_table_info('sessions') WHERE name = 'ownership_mode'`)) return 'newer';
    return has(`SELECT 1 FROM sqlite_master WHERE name = 'sync_apply_deferred'`) ? 'applies' : 'inserts';
  } finally {
    database.close();
  }
}
