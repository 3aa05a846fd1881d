import { createHash } from 'node:crypto';
import type { ScannedChunk } from './chunkScan.ts';
import { FolderRights } from './folderRights.ts';
import type { Journal, JournalLine } from './journal.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import { SlowChangeFinder } from './slowChangeFinder.ts';
import { SlowChanges } from './slowChanges.ts';

export interface SlowClockParts {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  /** Absent: the memories are the folder's alone. */
  readonly rights?: FolderRights | undefined;
}

/** The journal's line that was looked at last. */
const LOOKED_AT = 'journal';
const NO_TURN: Turn = async () => undefined;

/**
 * Recognises what an agent changed with a clock that is behind the version it changed, and stamps it one second after that, so that a local
 * change wins over what it was made from. What must come together for that:
 *
 * - the Go program's journal has a line for it that was not looked at yet, written in the moment that the change says of itself (`updated_at`,
 *   `deleted_at` or `ended_at` is the line's `occurred_at`). What that program imports or pulls has no line; the lines by which it makes its
 *   journal complete carry times of long ago;
 * - the row is what the line says, the stamp apart: nothing has been put over it since;
 * - a chunk that was merged into these memories holds a later version (see mergedHoldings.ts). To one that was only read an older change
 *   loses, and rightly so: it was not made from that.
 *
 * Without the note of what was looked at, or with a journal that is another one, nothing is recognised, and the next look begins here.
 * The Go program journals no judgements of relations (v1.14; v1.16.1 does for a cloud): see {@link find}.
 */
export class SlowClock {
  readonly #store: MemoryStore;
  readonly #index: FolderIndex;
  readonly #rights: FolderRights;
  readonly #journal: Journal;

  constructor({ store, index, rights }: SlowClockParts) {
    this.#store = store;
    this.#index = index;
    this.#rights = rights ?? new FolderRights(store, index, undefined);
    this.#journal = store.journal;
  }

  /**
   * Reads only.
   *
   * @param chunks the folder as it is; with it relations are looked at, too: one whose time no chunk holds was judged here. Not while there is
   * a chunk that the Go program imported and ours did not read, nor where that program has a cloud: either may have brought it.
   */
  async find(turn: Turn, chunks?: readonly ScannedChunk[]): Promise<SlowChanges> {
    const changes = new SlowChanges();
    const looked = this.#lookedAt();
    if (looked === undefined) return changes;
    const finder = new SlowChangeFinder({ store: this.#store, index: this.#index, rights: this.#rights }, changes);
    if ((this.#journal.newest()?.seq ?? 0) > looked) {
      for (const line of await this.#newestLines(looked, turn)) {
        finder.look(line);
        await turn();
      }
    }
    if (!chunks || this.#mayBeOthersWork(chunks)) return changes;
    for (const { syncId, judgmentStatus } of this.#store.relations()) {
      if (judgmentStatus !== 'pending' && judgmentStatus !== 'orphaned') finder.lookAtRelation(syncId);
      await turn();
    }
    return changes;
  }

  /** Stamps what {@link find} finds. The memories are looked at again inside the transaction: agents may write at any moment. */
  async stamp(turn: Turn, chunks?: readonly ScannedChunk[]): Promise<void> {
    const newest = this.#journal.newest();
    const { size } = await this.find(turn, chunks);
    if (size === 0) this.#noteLookedAt(newest);
    else await this.#index.transaction(() => this.#store.transaction(() => this.#stampInside(chunks)));
  }

  /** As {@link stamp}, inside a transaction of both databases, so that nothing comes between that and what follows. Relations are not looked at. */
  async stampNew(): Promise<void> {
    if (this.#journal.newest()?.seq !== this.#lookedAt()) await this.#stampInside(undefined);
  }

  /** As {@link stampNew}, while a chunk is half merged: what it holds does not count yet, so that this look is not the last one at these lines. */
  async stampMeanwhile(): Promise<void> {
    if (this.#journal.newest()?.seq !== this.#lookedAt()) (await this.find(NO_TURN)).write(this.#store, this.#index);
  }

  /** In one go: other programs wait. */
  async #stampInside(chunks: readonly ScannedChunk[] | undefined): Promise<void> {
    const newest = this.#journal.newest();
    (await this.find(NO_TURN, chunks)).write(this.#store, this.#index);
    this.#noteLookedAt(newest);
  }

  /** Of each row the last line says how it was left. */
  async #newestLines(after: JournalLine['seq'], turn: Turn): Promise<Iterable<JournalLine>> {
    const lines = new Map<string, JournalLine>();
    for (const line of this.#journal.localChanges(after)) {
      lines.set(`${line.entity}:${line.entityKey}`, line);
      await turn();
    }
    return lines.values();
  }

  #mayBeOthersWork(chunks: readonly ScannedChunk[]): boolean {
    if (this.#journal.hasCloud()) return true;
    const recorded = this.#store.importedChunks();
    return chunks.some(({ id, isMerged }) => !isMerged && recorded.has(id));
  }

  #lookedAt(): JournalLine['seq'] | undefined {
    const note = this.#index.note(LOOKED_AT);
    const seq = note === undefined ? undefined : Number(note.split(' ')[0]);
    if (seq === undefined) return undefined;
    return note === noteOf(seq === 0 ? undefined : this.#journal.line(seq)) ? seq : undefined;
  }

  #noteLookedAt(line: JournalLine | undefined): void {
    const note = noteOf(line);
    if (this.#index.note(LOOKED_AT) !== note) this.#index.setNote(LOOKED_AT, note);
  }
}

/** Number and content: after a backup was restored the numbers begin again. The payload may be repaired. */
function noteOf(line: JournalLine | undefined): string {
  if (!line) return '0';
  const { seq, entity, entityKey, op, occurredAt } = line;
  const hash = createHash('sha256').update(JSON.stringify([entity, entityKey, op, occurredAt]));
  return `${seq} ${hash.digest('hex').slice(0, 16)}`;
}
