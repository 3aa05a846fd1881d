import type { CallContext } from '../engine/folderRequests.ts';
import type { ProgramState } from '../engine/folderState.ts';
import type { ProgramPreview, ProgramSyncOptions, ProgramSyncSummary } from '../engine/programSync.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess } from './folderAccess.ts';
import { ProgramMemories } from './programMemories.ts';
import { ProgramSite } from './programSite.ts';
import { ProgramSyncer } from './programSyncer.ts';

/** What of a folder goes through the Engram program, because nothing here can write beside it. */
export class ProgramFolder {
  readonly #site: ProgramSite;
  readonly #syncer: ProgramSyncer;
  readonly #memories: ProgramMemories;

  constructor(access: FolderAccess) {
    this.#site = new ProgramSite(access);
    this.#syncer = new ProgramSyncer(access, this.#site);
    this.#memories = new ProgramMemories(access, this.#site);
  }

  /** See {@link ProgramSite.state}. */
  state(databases: OpenDatabases): ProgramState | undefined {
    return this.#site.state(databases);
  }

  preview(context: CallContext): Promise<ProgramPreview> {
    return this.#syncer.preview(context);
  }

  sync(options: ProgramSyncOptions, context: CallContext): Promise<ProgramSyncSummary> {
    return this.#syncer.sync(options, context);
  }

  /** Saves, edits and deletes; `undefined` where that is done here. @throws {EngramError} store-foreign: it is not, and there is no program */
  async memories(): Promise<ProgramMemories | undefined> {
    return (await this.#site.isNeeded()) ? this.#memories : undefined;
  }
}
