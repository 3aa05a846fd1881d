import { randomBytes } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { detectProjectName } from '../adapters/projectDetection.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { ChunkApplier } from '../engine/applyChunk.ts';
import { chunkVersions } from '../engine/chunkVersions.ts';
import type { CallContext, CopyOptions, MemoryPatch, NewMemory, SavedMemory } from '../engine/folderRequests.ts';
import type { ImportSummary } from '../engine/folderState.ts';
import { RowReader } from '../engine/rowReader.ts';
import { deleteMemory, editMemory, saveMemory } from '../store/saveMemory.ts';
import { copyMemories } from './copyMemories.ts';
import type { FolderAccess } from './folderAccess.ts';
import { journalled } from './journalled.ts';
import { KeptCopy, lostRows } from './keptCopy.ts';
import type { ProgramFolder } from './programFolder.ts';

/** Requests that change the memories themselves, not what the chunks hold of them. */
export class FolderMemories {
  readonly #access: FolderAccess;
  readonly #program: ProgramFolder;

  constructor(access: FolderAccess, program: ProgramFolder) {
    this.#access = access;
    this.#program = program;
  }

  async save(memory: NewMemory, context: CallContext): Promise<SavedMemory> {
    const program = await this.#program.memories();
    if (program) return program.save(memory, context);
    return this.#access.write(context, async ({ databases, git }) => {
      const parent = dirname(this.#access.options.root);
      const detected = (await this.#access.project({ databases, git })) ?? (await detectProjectName(parent, git));
      const session = {
        id: this.#access.options.sessionId,
        project: memory.project ?? detected,
        directory: basename(git?.workTree ?? parent) || 'workspace',
      };
      const input = { ...memory, project: memory.project ?? detected };
      const context = { nowMs: systemClock.now(), session, random: (size: number) => randomBytes(size) };
      return journalled(databases, () => saveMemory(databases.memoryDatabase, input, context));
    });
  }

  async edit(syncId: string, patch: MemoryPatch, context: CallContext): Promise<SavedMemory> {
    const program = await this.#program.memories();
    if (program) return program.edit(syncId, patch, context);
    return this.#access.write(context, async ({ databases }) =>
      journalled(databases, () => editMemory(databases.memoryDatabase, syncId, patch, systemClock.now())),
    );
  }

  async remove(syncId: string, context: CallContext): Promise<SavedMemory> {
    const program = await this.#program.memories();
    if (program) return program.remove(syncId, context);
    return this.#access.write(context, async ({ databases }) =>
      journalled(databases, () => deleteMemory(databases.memoryDatabase, syncId, systemClock.now())),
    );
  }

  /** What `git clean` took and the extension's own storage still has. */
  async restoreKept(context: CallContext): Promise<ImportSummary> {
    return this.#access.write(context, async ({ databases, turn }) => {
      const { store, index } = databases;
      const kept = await new KeptCopy(this.#access.keepFolder(databases)).read(turn);
      const versions = await chunkVersions(await lostRows(kept, new RowReader(store, index), turn), turn);
      const applied = await index.transaction(() => store.inPieces((pause) => new ChunkApplier(store, index).apply(versions, pause), turn));
      const { heldBack: _none, ...counts } = applied;
      return { ...counts, chunks: 0, authors: [], problems: [] };
    });
  }

  async discardKept(): Promise<void> {
    this.#access.mustBeTrusted();
    if (this.#access.options.keepFolder !== '') await new KeptCopy(this.#access.options.keepFolder).remove();
  }

  /** From the folder's own database to the live one, or back. */
  async copy({ to }: CopyOptions, context: CallContext): Promise<ImportSummary> {
    return this.#access.write(context, async ({ git, turn, guard }) => {
      const { options, environment } = this.#access;
      const project = options.project ?? (await detectProjectName(dirname(options.root), git));
      return copyMemories(to, { environment, paths: this.#access.bothPaths(), project, turn, guard });
    });
  }
}
