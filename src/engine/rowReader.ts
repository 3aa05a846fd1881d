import { parseGoJson } from './goJson.ts';
import type { Entity } from './held.ts';
import type { HardDelete } from './journal.ts';
import type { FolderIndex, MemoryStore, Turn } from './ports.ts';
import type { Extra, JsonObject, PromptTombstone, RelationRecord, SessionRecord } from './records.ts';
import {
  NO_EXTRA,
  observationVersion,
  promptVersion,
  type RowVersion,
  relationVersion,
  type SessionVersion,
  sessionVersion,
  tombstoneVersion,
} from './versions.ts';

/** Sessions that this extension made say so to newer programs; the tables of v1.14 have no column for it. */
export const OWN_SESSION_PREFIX = 'vscode-';

/** The unknown fields of the rows; `extra` as in {@link FolderIndex}. */
export type Extras = Pick<FolderIndex, 'extra'>;

/** Reads rows of the memories as versions: the tables' columns and the unknown fields that the index keeps beside them. */
export class RowReader {
  readonly #store: MemoryStore;
  readonly #index: Extras;

  constructor(store: MemoryStore, index: Extras) {
    this.#store = store;
    this.#index = index;
  }

  session(id: string): SessionVersion | undefined {
    const record = this.#store.session(id);
    return record && sessionVersion(this.withExtra('session', id, record));
  }

  /** A live row, a hidden one (as a tombstone), a recorded deletion, or nothing. */
  row(entity: RowVersion['entity'], key: string): RowVersion | undefined {
    if (entity === 'observation') {
      const record = this.#store.observation(key);
      if (record) return observationVersion(this.withExtra('observation', key, record));
      const gone = this.#store.journal.hardDelete(key);
      return gone && hardDeleteVersion(gone);
    }
    if (entity === 'relation') {
      const record = this.#store.relation(key);
      return record && relationVersion(this.withExtra('relation', key, record));
    }
    const record = this.#store.prompt(key);
    if (record) return promptVersion(this.withExtra('prompt', key, record));
    const tombstone = this.#store.promptTombstone(key);
    return tombstone && promptTombstoneVersion(tombstone);
  }

  /** The record with the unknown fields that belong to it, as it is written into chunks. */
  withExtra<R extends { readonly extra?: Extra }>(entity: Entity, key: string, record: R): R {
    const json = this.#index.extra(entity, key);
    const kept = json === undefined ? NO_EXTRA : (parseGoJson(json) as JsonObject);
    const extra = entity === 'session' ? withOwnership(key, kept) : kept;
    return extra.size === 0 ? record : { ...record, extra };
  }
}

/** All of them at once, for who reads every row: mostly there are none, and asking for each row's takes longer than reading the row. */
export async function readExtras(index: FolderIndex, turn: Turn): Promise<Extras> {
  const extras = new Map<string, string>();
  for (const { entity, key, json } of index.allExtras()) {
    extras.set(`${entity} ${key}`, json);
    await turn();
  }
  return { extra: (entity, key) => extras.get(`${entity} ${key}`) };
}

/** A relation as payloads carry it: with its project, which the table cannot hold. */
export function relationWithProject(record: RelationRecord, fallbackProject: string): RelationRecord {
  const known = record.extra?.get('project');
  const extra = new Map(record.extra ?? NO_EXTRA);
  extra.delete('project');
  return { ...record, project: typeof known === 'string' ? known : fallbackProject, extra };
}

export function promptTombstoneVersion(tombstone: PromptTombstone): RowVersion {
  return tombstoneVersion(
    'prompt',
    { key: tombstone.syncId, sessionId: tombstone.sessionId, project: tombstone.project },
    tombstone.deletedAt,
  );
}

/** A row that the Go program deleted for good: its journal is the only tombstone. */
export function hardDeleteVersion({ syncId, sessionId, project, deletedAt }: HardDelete): RowVersion {
  return tombstoneVersion('observation', { key: syncId, sessionId, project }, deletedAt);
}

function withOwnership(id: SessionRecord['id'], extra: Extra): Extra {
  return id.startsWith(OWN_SESSION_PREFIX) && !extra.has('ownership_mode') ? new Map([...extra, ['ownership_mode', 'shared']]) : extra;
}
