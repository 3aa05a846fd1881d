import { dirname } from 'node:path';
import { BoundedProgram, type ProgramEnd, type ProgramRun } from '../adapters/boundedProgram.ts';
import { findEngramProgram, programEnvironment, withoutSecrets } from '../adapters/engramProgram.ts';
import { type AskTool, askTools } from '../adapters/engramTools.ts';
import { EngramError } from '../engine/errors.ts';
import type { CallContext } from '../engine/folderRequests.ts';
import type { ProgramState } from '../engine/folderState.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess } from './folderAccess.ts';
import { noProgram, tracksDatabase } from './refusals.ts';

/** Thousands of chunks take it a minute. */
const SYNC_LIMIT_MS = 10 * 60_000;
/** It answers within a second, and waits for the database at most five. */
const TOOL_LIMIT_MS = 30_000;
const MAX_BYTES = 4 * 1024 * 1024;
const LOG_LENGTH = 2000;

export interface FinishedRun {
  readonly end: ProgramEnd;
  readonly errors: string;
}

/**
 * The person's own Engram program, which writes the memories where nothing here can write beside it: where it is, and how it is run in this
 * folder. Never in Restricted Mode, and nobody runs it but who was asked to by a person.
 */
export class ProgramSite {
  readonly #access: FolderAccess;

  constructor(access: FolderAccess) {
    this.#access = access;
  }

  /** @returns `undefined` where the program is not needed, or whoever opened the folder does not run it. */
  state({ needsProgram }: OpenDatabases): ProgramState | undefined {
    const { program, trusted } = this.#access.options;
    return program && trusted && needsProgram ? findEngramProgram(program) : undefined;
  }

  /** Whether a save, an edit or a deletion goes through the program. @throws {EngramError} store-foreign: it does, and there is none */
  async isNeeded(): Promise<boolean> {
    if (!this.#access.options.program) return false;
    const databases = await this.#access.readable().catch((error: unknown) => {
      // Whoever writes says it in its own words, and may mend it.
      if (EngramError.is(error)) return undefined;
      throw error;
    });
    if (!databases?.needsProgram) return false;
    if (!databases.live && tracksDatabase(await (await this.#access.git())?.folderStatus())) return false;
    this.pathFor(databases);
    return true;
  }

  /** Absolute path of the program. @throws {EngramError} store-foreign: there is none, or it is not needed */
  pathFor(databases: OpenDatabases): string {
    const state = this.state(databases);
    if (!state?.path) throw noProgram(databases, state?.problem);
    return state.path;
  }

  /** Runs `engram` with arguments that say nothing private, in the folder that holds `.engram`. @throws {EngramError} program-failed */
  async run(databases: OpenDatabases, args: readonly string[], context: CallContext): Promise<FinishedRun> {
    const started = performance.now();
    const program = new BoundedProgram({ ...(await this.#plan(databases, context)), args, timeoutMs: SYNC_LIMIT_MS });
    program.close();
    const end = await program.ended;
    const ms = Math.round(performance.now() - started);
    const words = withoutSecrets(`${program.output}${program.errors}`).trim().slice(0, LOG_LENGTH);
    this.#access.environment.log('info', `engram ${args.slice(0, 2).join(' ')}: ${described(end)}, ${ms} ms\n${words}`);
    return { end, errors: program.errors };
  }

  /** Asks the program's tools. What they are asked and say is memory, so the log gets none of it. @throws {EngramError} program-failed, cancelled */
  async talk<T>(databases: OpenDatabases, project: string, context: CallContext, work: (ask: AskTool) => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await askTools({ ...(await this.#plan(databases, context, project)), timeoutMs: TOOL_LIMIT_MS }, work);
    } finally {
      this.#access.environment.log('info', `engram mcp: ${Math.round(performance.now() - started)} ms`);
    }
  }

  async #plan(
    databases: OpenDatabases,
    { signal }: CallContext,
    project?: string,
  ): Promise<Pick<ProgramRun, 'path' | 'folder' | 'env' | 'maxBytes' | 'signal'>> {
    const { root, program } = this.#access.options;
    const databasePath = (await this.#access.locate()).memories;
    const env = programEnvironment({ databasePath, notIn: program?.notIn ?? [], ...(project !== undefined && { project }) });
    return { path: this.pathFor(databases), folder: dirname(root), env, maxBytes: MAX_BYTES, signal };
  }
}

function described(end: ProgramEnd): string {
  return end.how === 'exited' || end.how === 'not-started' ? `${end.how} ${end.code}` : end.how;
}
