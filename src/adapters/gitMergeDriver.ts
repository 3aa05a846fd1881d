import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { MergeDriverState } from '../engine/folderState.ts';
import type { WriteGuard } from '../engine/ports.ts';
import { writeFileAtomically } from './atomicFile.ts';
import { translateFsError } from './fsErrors.ts';
import type { GitPlace } from './gitHistory.ts';
import { findProgram, isProgram, runGit } from './gitProcess.ts';
import { ATTRIBUTE_LINE, ATTRIBUTE_TITLE, DRIVER, DRIVER_COMMAND, DRIVER_FILES, DRIVER_FOLDER, SHELL_SCRIPT } from './mergeDriverScript.ts';
import { isRealFolder, readRegularFile } from './regularFile.ts';

const MAX_BYTES = 1024 * 1024;
const CONFIG_KEYS = { name: `merge.${DRIVER}.name`, driver: `merge.${DRIVER}.driver` };
const DRIVER_NAME = 'Engram: unites the entries of both sides';

/** How the driver stands, part by part. */
interface Parts {
  readonly isRegistered: boolean;
  readonly hasAttribute: boolean;
  /** Any setting of ours, whatever it says. */
  readonly hasConfig: boolean;
  /** The script and the program are those of this release. */
  readonly isCurrent: boolean;
  readonly hasFiles: boolean;
  /** Absolute paths that the script tries and that can still be run. */
  readonly nodes: readonly string[];
}

/**
 * The merge driver of one repository: a script in its common git folder (linked work trees and submodules have theirs), an entry in
 * `.git/config`, a line in `info/attributes`. Nothing of it is in the work tree or reaches anybody else.
 */
export class GitMergeDriver {
  readonly #place: GitPlace;
  readonly #program: string;

  /** @param program absolute path of the bundled `mergeDriver.js` */
  constructor(place: GitPlace, program: string) {
    this.#place = place;
    this.#program = program;
  }

  /** Reads only. @throws {EngramError} git-failed, io-failed */
  async state(): Promise<MergeDriverState> {
    const { isRegistered, hasAttribute, hasConfig, hasFiles, isCurrent, nodes } = await this.#look(await this.#commonFolder());
    if (!hasAttribute && !hasConfig) return 'absent';
    if (!hasAttribute || !isRegistered || !hasFiles || nodes.length === 0) return 'broken';
    return isCurrent && nodes.includes(posix(process.execPath)) ? 'ok' : 'outdated';
  }

  /** Idempotent. The files first: git must never be told of a driver that is not there. @throws {EngramError} git-failed, io-failed, read-only, disk-full */
  async install(guard: WriteGuard = async () => undefined): Promise<void> {
    const common = await this.#commonFolder();
    const { nodes } = await this.#look(common);
    const folder = join(common, DRIVER_FOLDER);
    await makeFolder(folder);
    const known = [...new Set([process.execPath, findProgram('node'), ...nodes].map(posix))].filter((path) => path !== '');
    const write = (name: string, bytes: string | Uint8Array) => writeFileAtomically(join(folder, name), Buffer.from(bytes), guard);
    await write(DRIVER_FILES.program, await this.#ownProgram());
    await write(DRIVER_FILES.nodes, known.map((path) => `${path}\n`).join(''));
    await write(DRIVER_FILES.shell, SHELL_SCRIPT);
    await this.#git(['config', '--local', '--replace-all', CONFIG_KEYS.name, DRIVER_NAME]);
    await this.#git(['config', '--local', '--replace-all', CONFIG_KEYS.driver, DRIVER_COMMAND]);
    await writeAttributes(attributesFile(common), guard, (lines) =>
      lines.includes(ATTRIBUTE_LINE) ? lines : [...lines, ATTRIBUTE_TITLE, ATTRIBUTE_LINE],
    );
  }

  /** Takes out what {@link install} has put in, and nothing else; the attribute first, so that git never calls what is gone. */
  async remove(guard: WriteGuard = async () => undefined): Promise<void> {
    const common = await this.#commonFolder();
    await writeAttributes(attributesFile(common), guard, (lines) =>
      lines.filter((line) => line !== ATTRIBUTE_LINE && line !== ATTRIBUTE_TITLE),
    );
    // 128: there is no such section.
    await this.#git(['config', '--local', '--remove-section', `merge.${DRIVER}`], [128]);
    const folder = join(common, DRIVER_FOLDER);
    if (!(await isRealFolder(folder, DRIVER_FOLDER))) return;
    for (const name of Object.values(DRIVER_FILES)) await rm(join(folder, name), { force: true });
  }

  async #look(common: string): Promise<Parts> {
    const folder = join(common, DRIVER_FOLDER);
    const hasFolder = await isRealFolder(folder, DRIVER_FOLDER);
    const read = (name: string) => (hasFolder ? readText(join(folder, name), name) : Promise.resolve(undefined));
    const [shell, program, nodes] = await Promise.all([read(DRIVER_FILES.shell), read(DRIVER_FILES.program), read(DRIVER_FILES.nodes)]);
    const { code, output } = await this.#git(['config', '--local', '--get', CONFIG_KEYS.driver], [1]);
    const attributes = (await readText(attributesFile(common), 'info/attributes')) ?? '';
    return {
      hasConfig: code === 0,
      isRegistered: code === 0 && output.toString('utf8').replace(/\r?\n$/, '') === DRIVER_COMMAND,
      hasAttribute: attributes.split(/\r?\n/).includes(ATTRIBUTE_LINE),
      hasFiles: Boolean(shell) && Boolean(program),
      isCurrent: shell === SHELL_SCRIPT && program !== undefined && program === (await this.#ownProgram()),
      nodes: (nodes ?? '').split('\n').filter((path) => isAbsolute(path) && isProgram(path)),
    };
  }

  async #ownProgram(): Promise<string> {
    try {
      return await readFile(this.#program, 'utf8');
    } catch (error) {
      throw translateFsError(error, 'mergeDriver.js', 'read');
    }
  }

  async #commonFolder(): Promise<string> {
    const { output } = await this.#git(['rev-parse', '--git-common-dir']);
    return resolve(this.#place.workTree, output.toString('utf8').replace(/\r?\n$/, ''));
  }

  #git(args: readonly string[], answers: readonly number[] = []): Promise<{ code: number; output: Buffer }> {
    return runGit(this.#place.gitPath, this.#place.workTree, args, { answers });
  }
}

function attributesFile(common: string): string {
  return join(common, 'info', 'attributes');
}

async function writeAttributes(path: string, guard: WriteGuard, change: (lines: readonly string[]) => readonly string[]): Promise<void> {
  const text = (await readText(path, 'info/attributes')) ?? '';
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
  const changed = change(lines);
  if (changed.length === lines.length) return;
  await makeFolder(dirname(path));
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  if (changed.length === 0) await rm(path, { force: true });
  else await writeFileAtomically(path, Buffer.from(changed.map((line) => `${line}${end}`).join('')), guard);
}

async function readText(path: string, subject: string): Promise<string | undefined> {
  const bytes = await readRegularFile(path, { subject, maxBytes: MAX_BYTES, tooLarge: 'io-failed' });
  return bytes && Buffer.from(bytes).toString('utf8');
}

/** `sh` takes a backslash for an escape, Windows takes a slash. */
function posix(path: string): string {
  return process.platform === 'win32' ? path.replaceAll('\\', '/') : path;
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw translateFsError(error, 'the repository’s own folder');
  }
}
