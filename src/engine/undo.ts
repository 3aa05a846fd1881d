import { ChunkApplier } from './applyChunk.ts';
import { EngramError } from './errors.ts';
import { canonicalJson, parseGoJson } from './goJson.ts';
import { formatInstant } from './goTime.ts';
import type { ChunkId } from './manifest.ts';
import type { Clock } from './ports.ts';
import type { JsonObject, ObservationRecord, PromptRecord, RelationRecord } from './records.ts';
import { remainingChunks, type UndoParts, UndoPlanner, type UndoStep } from './undoPlan.ts';
import { SessionUndo } from './undoSessions.ts';
import { PLACEHOLDER_DIRECTORY, PLACEHOLDER_START, type RowVersion } from './versions.ts';

/** What undoing an import does, or would do. Live rows; sessions that nothing is left in go along and are not counted. */
export interface UndoSummary {
  readonly memories: number;
  readonly prompts: number;
  readonly relations: number;
  /** Rows that go back to an earlier version. */
  readonly back: number;
  /** Deleted rows that come back. */
  readonly returned: number;
  /** Rows that stay as they are, because the chunk that holds their earlier version cannot be read now. */
  readonly kept: number;
}

/**
 * Takes the import of one chunk back. The chunk stays in the folder and counts as shared, so nothing of it is exported again and nothing is
 * deleted for the team; it is remembered as undone and imported again only on a click.
 */
export class ImportUndo {
  readonly #parts: UndoParts & { readonly clock: Clock };
  readonly #chunk: ChunkId;

  constructor(parts: UndoParts & { readonly clock: Clock }, chunk: ChunkId) {
    this.#parts = parts;
    this.#chunk = chunk;
  }

  /** What {@link run} would do now. Reads only. @throws {EngramError} not-found, invalid-input: nothing of it was imported here */
  async preview(): Promise<UndoSummary> {
    return summaryOf(await this.#planner().plan());
  }

  /** @throws {EngramError} as {@link preview}, and store-corrupt */
  async run(): Promise<UndoSummary> {
    const { store, index, clock, turn } = this.#parts;
    const planner = this.#planner();
    const planned = await planner.plan();
    return index.transaction(() =>
      store.transaction(async () => {
        const steps = planned.filter((step) => planner.isCurrent(step));
        const sessionIds = new Set(this.#sessionsOfChunk());
        const relations = steps.filter(({ version }) => version.entity === 'relation');
        const rows = steps.filter(({ version }) => version.entity !== 'relation');
        for (const step of [...rows, ...relations]) {
          for (const id of this.#sessionsOf(step)) sessionIds.add(id);
          this.#apply(step);
          await turn();
        }
        this.#deferLooseRelations(rows);
        store.recordUndone(this.#chunk, formatInstant(clock.now()));
        const remaining = remainingChunks(store, index, this.#chunk);
        const sessions = new SessionUndo({ store, index, chunk: this.#chunk, remaining });
        for (const id of sessionIds) if (id !== '') sessions.undo(id);
        await new ChunkApplier(store, index).retryDeferred(turn);
        return summaryOf(steps);
      }),
    );
  }

  #planner(): UndoPlanner {
    const { store, index } = this.#parts;
    const chunk = index.chunks().get(this.#chunk);
    if (store.undoneChunks().has(this.#chunk)) throw refused('The import of this chunk is undone already.');
    if (!chunk || !store.importedChunks().has(this.#chunk)) throw refused('This chunk is not imported, so there is nothing to undo.');
    if (chunk.exportedHere) throw refused('This chunk was written here: its memories are yours, and no import brought them.');
    return new UndoPlanner(this.#parts, this.#chunk);
  }

  #sessionsOfChunk(): string[] {
    return this.#parts.index.chunkHoldings(this.#chunk).flatMap(({ entity, key }) => (entity === 'session' ? [key] : []));
  }

  /** Of the row as it is now, and as it will be. */
  #sessionsOf({ version }: UndoStep): string[] {
    const { store } = this.#parts;
    if (version.entity === 'relation') return [];
    const row = version.entity === 'observation' ? store.observation(version.key) : store.prompt(version.key);
    return [version.sessionId, ...(row ? [row.sessionId] : [])];
  }

  #apply(step: UndoStep): void {
    switch (step.kind) {
      case 'remove':
        this.#remove(step.version);
        break;
      case 'restore':
      case 'unhide':
        this.#write(step.version);
        break;
      case 'extra':
        this.#writeExtra({ ...step.version, extra: step.extra });
        break;
      case 'keep':
        break;
    }
  }

  #remove({ entity, key }: RowVersion): void {
    const { store, index } = this.#parts;
    if (entity === 'observation') store.removeObservation(key);
    else if (entity === 'relation') {
      store.removeRelation(key);
      index.undeferRelation(key);
    } else {
      store.removePrompt(key);
      store.removePromptTombstone(key);
    }
    if (index.extra(entity, key) !== undefined) index.setExtra(entity, key, undefined);
  }

  #write(version: RowVersion): void {
    const { store, index } = this.#parts;
    const { entity, key, record, deletedAt, sessionId, project } = version;
    if (record === undefined) {
      this.#hide(version);
      return;
    }
    if (entity === 'relation') {
      // Its memories may come back later in this run: those that are here by then are written at the end.
      store.removeRelation(key);
      index.deferRelation({ ...(record as RelationRecord), extra: version.extra });
      return;
    }
    if (!store.session(sessionId)) {
      store.writeSession({ id: sessionId, project, directory: PLACEHOLDER_DIRECTORY, startedAt: PLACEHOLDER_START });
    }
    if (entity === 'prompt') store.writePrompt(record as PromptRecord);
    else store.writeObservation(record as ObservationRecord);
    this.#keepExtra({ ...version, deletedAt });
  }

  #hide({ entity, key, sessionId, project, deletedAt }: RowVersion): void {
    const { store, index } = this.#parts;
    const row = entity === 'observation' ? store.observation(key) : undefined;
    if (row) store.writeObservation({ ...row, deletedAt });
    if (entity === 'prompt') store.writePromptTombstone({ syncId: key, sessionId, project, deletedAt });
    if (entity !== 'relation') return;
    // Its tombstone stands in the index alone.
    store.removeRelation(key);
    index.undeferRelation(key);
  }

  /** A relation of another chunk to a memory that goes waits, as it would have without this chunk. */
  #deferLooseRelations(steps: readonly UndoStep[]): void {
    const { store, index } = this.#parts;
    const gone = new Set(
      steps.filter(({ kind, version }) => kind === 'remove' && version.entity === 'observation').map(({ version }) => version.key),
    );
    if (gone.size === 0) return;
    const loose = [...store.relations()].filter(({ sourceId, targetId }) => gone.has(sourceId) || gone.has(targetId));
    for (const record of loose) {
      const json = index.extra('relation', record.syncId);
      store.removeRelation(record.syncId);
      index.deferRelation(json === undefined ? record : { ...record, extra: parseGoJson(json) as JsonObject });
    }
  }

  /** A relation that waits keeps its fields with it. */
  #writeExtra(version: RowVersion): void {
    const { store, index } = this.#parts;
    const isWaiting = version.entity === 'relation' && !store.relation(version.key);
    if (isWaiting) index.deferRelation({ ...(version.record as RelationRecord), extra: version.extra });
    else this.#keepExtra(version);
  }

  #keepExtra({ entity, key, extra }: RowVersion): void {
    const { index } = this.#parts;
    const json = extra.size === 0 ? undefined : canonicalJson(extra);
    if (json !== undefined || index.extra(entity, key) !== undefined) index.setExtra(entity, key, json);
  }
}

function refused(message: string): EngramError {
  return new EngramError('invalid-input', message);
}

function summaryOf(steps: readonly UndoStep[]): UndoSummary {
  const changes = steps.map((step) => ({ entity: step.version.entity, kind: step.kind, ...visibility(step) }));
  const removed = changes.filter(({ before, after }) => before && !after);
  const count = (entity: RowVersion['entity']): number => removed.filter((change) => change.entity === entity).length;
  return {
    memories: count('observation'),
    prompts: count('prompt'),
    relations: count('relation'),
    back: changes.filter(({ kind, before, after }) => kind === 'restore' && before && after).length,
    returned: changes.filter(({ before, after }) => !before && after).length,
    kept: changes.filter(({ kind }) => kind === 'keep').length,
  };
}

/** Whether a row is there for a person, before and after. */
function visibility(step: UndoStep): { readonly before: boolean; readonly after: boolean } {
  const isLive = step.version.record !== undefined;
  switch (step.kind) {
    case 'remove':
      return { before: isLive, after: false };
    case 'restore':
      return { before: step.wasLive, after: isLive };
    case 'unhide':
      return { before: false, after: true };
    default:
      return { before: isLive, after: isLive };
  }
}
