import { canonicalJson } from './goJson.ts';
import type { ChunkId } from './manifest.ts';
import { isUnknownSession, mergeSessions, sameSession, unpackSession } from './merge.ts';
import type { FolderIndex, MemoryStore } from './ports.ts';
import type { Extra, JsonValue } from './records.ts';
import { RowReader } from './rowReader.ts';
import { sessionRow, unknownSession } from './sessionRow.ts';
import { NO_EXTRA, type SessionVersion } from './versions.ts';

export interface SessionUndoParts {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  /** The chunk that is taken out. */
  readonly chunk: ChunkId;
  readonly remaining: ReadonlySet<ChunkId>;
}

/**
 * Takes a chunk out of the sessions, field by field: what the chunks together say becomes what the remaining ones say, and a field that says
 * something else was changed here and stays.
 */
export class SessionUndo {
  readonly #parts: SessionUndoParts;
  readonly #rows: RowReader;

  constructor(parts: SessionUndoParts) {
    this.#parts = parts;
    this.#rows = new RowReader(parts.store, parts.index);
  }

  /**
   * The rows must be back already.
   *
   * @returns what was done with the session of this id
   */
  undo(id: string): 'removed' | 'changed' | 'same' {
    const { store } = this.#parts;
    const local = this.#rows.session(id);
    const [all, others] = [this.#merged(id, true), this.#merged(id, false)];
    const target = local ? withOwnFields(local, all, others) : others;
    const hasRows = store.sessionHasRows(id);
    const isNeeded = hasRows || (target !== undefined && target.deletedAt === '' && (others !== undefined || !isUnknownSession(target)));
    if (!isNeeded) {
      if (!local) return 'same';
      store.removeSession(id);
      this.#keepExtra(id, NO_EXTRA);
      return 'removed';
    }
    const wanted = target ?? unknownSession(id);
    if (local && sameSession({ ...wanted, deletedAt: '' }, { ...local, deletedAt: '' })) return 'same';
    this.#write(wanted);
    return 'changed';
  }

  #merged(id: string, withChunk: boolean): SessionVersion | undefined {
    const { index, chunk, remaining } = this.#parts;
    const versions = index
      .holdings('session', id)
      .filter(({ chunkId }) => remaining.has(chunkId) || (withChunk && chunkId === chunk))
      .map(({ json }) => unpackSession(json));
    return versions.length === 0 ? undefined : versions.reduce(mergeSessions);
  }

  #write(session: SessionVersion): void {
    // Beside a placeholder the project is only a hint, so the one that stands there does.
    const hint = isUnknownSession(session) ? (this.#parts.store.session(session.key)?.project ?? '') : '';
    this.#parts.store.writeSession(sessionRow(session, hint));
    this.#keepExtra(session.key, session.extra);
  }

  #keepExtra(id: string, extra: Extra): void {
    const { index } = this.#parts;
    const json = extra.size === 0 ? undefined : canonicalJson(extra);
    if (json !== undefined || index.extra('session', id) !== undefined) index.setExtra('session', id, json);
  }
}

const FIELDS = ['project', 'directory', 'startedAt', 'endedAt', 'summary'] as const;

/** @returns `undefined` where neither a remaining chunk nor this database says anything */
function withOwnFields(
  local: SessionVersion,
  all: SessionVersion | undefined,
  others: SessionVersion | undefined,
): SessionVersion | undefined {
  const base = others ?? unknownSession(local.key);
  const own = FIELDS.filter((field) => local[field] !== '' && local[field] !== (all?.[field] ?? ''));
  const extra = new Map<string, JsonValue>(base.extra);
  for (const [key, value] of local.extra) {
    const known = all?.extra.get(key);
    if (known === undefined || canonicalJson(known) !== canonicalJson(value)) extra.set(key, value);
  }
  if (!others && own.length === 0 && extra.size === 0) return undefined;
  return { ...base, ...Object.fromEntries(own.map((field) => [field, local[field]])), extra };
}
