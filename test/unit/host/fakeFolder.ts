import { EngramError } from '../../../src/engine/errors.ts';
import type { FolderState, Healing, HealSummary, ImportSummary } from '../../../src/engine/folderState.ts';
import type { Call } from '../../../src/host/call.ts';

export const emptyState: FolderState = {
  root: '/project/.engram',
  mode: 'full',
  folder: 'ok',
  manifest: 'ok',
  database: 'ok',
  chunks: [],
  chunkTotals: { all: 0, imported: 0, waiting: 0, missing: 0, unreadable: 0, altered: 0, uncommitted: 0 },
  toShare: { memories: 0, prompts: 0, sessions: 0, relations: 0, edits: 0, deletes: 0, personal: 0, noLongerShared: 0, heldBack: 0 },
  totals: { sessions: 0, observations: 0, prompts: 0, relations: 0 },
  git: { available: true, branch: 'main', ignored: false, uncommitted: 0, deleted: 0 },
  kept: 0,
  problems: [],
};

export function imported(chunks: number): ImportSummary {
  return { chunks, sessions: 0, memories: chunks, prompts: 0, relations: 0, edits: 0, deletes: 0, authors: ['ana'], problems: [] };
}

/** A folder as the engine would see it: chunks that are listed, chunks that are there, chunks that were imported. */
export class FakeFolder {
  readonly listed = new Set<string>();
  readonly onDisk = new Set<string>();
  readonly imported = new Set<string>();
  readonly calls: string[] = [];
  /** Awaited in the middle of every request. */
  between: (name: string) => Promise<void> = async () => undefined;
  /** Thrown by the next imports, in order. */
  readonly importFailures: EngramError[] = [];
  stateFailure: EngramError | undefined;
  problems: FolderState['problems'] = [];
  healing: Healing | undefined;
  active = 0;
  mostActive = 0;

  pull(...ids: string[]): void {
    for (const id of ids) {
      this.listed.add(id);
      this.onDisk.add(id);
    }
  }

  get state(): FolderState {
    const waiting = [...this.onDisk].filter((id) => !this.imported.has(id));
    const missing = [...this.listed].filter((id) => !this.onDisk.has(id)).length;
    const row = { createdBy: 'ana', createdAt: '', sessions: 0, memories: 1, prompts: 0, uncommitted: false };
    return {
      ...emptyState,
      problems: this.problems,
      ...(this.healing && { healing: this.healing }),
      chunks: waiting.map((id) => ({ ...row, id, state: 'pending', waiting: true })),
      chunkTotals: { ...emptyState.chunkTotals, all: this.listed.size, waiting: waiting.length, missing, imported: this.imported.size },
    };
  }

  readonly call: Call = async (name, _args, context) => {
    this.calls.push(name);
    this.mostActive = Math.max(this.mostActive, ++this.active);
    try {
      if (context?.signal?.aborted) throw new EngramError('cancelled', 'Cancelled.');
      return (await this.#answer(name)) as never;
    } finally {
      this.active--;
    }
  };

  async #answer(name: string): Promise<unknown> {
    if (name === 'state') return this.#readState();
    const before = this.state;
    await this.between(name);
    if (name === 'heal') return this.#heal();
    const failure = this.importFailures.shift();
    if (failure) throw failure;
    const waiting = before.chunks.map((chunk) => chunk.id);
    for (const id of waiting) this.imported.add(id);
    return imported(waiting.length);
  }

  #heal(): HealSummary {
    const kinds = this.healing?.kinds ?? [];
    this.healing = undefined;
    return { kinds, written: true, entries: 2, added: 1, removed: 0, restored: [], notFound: [], unmerged: false };
  }

  /** What is read first is old by the time it is answered, as with real files. */
  async #readState(): Promise<FolderState> {
    if (this.stateFailure) throw this.stateFailure;
    const seen = this.state;
    await this.between('state');
    return seen;
  }
}
