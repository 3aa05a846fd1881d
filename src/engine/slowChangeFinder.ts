import { versionOf } from './cloud/pendingRows.ts';
import type { FolderRights } from './folderRights.ts';
import { canonicalJson } from './goJson.ts';
import { instantOf, instantToMs } from './goTime.ts';
import { type Entity, type Holding, latestOrder } from './held.ts';
import type { JournalLine } from './journal.ts';
import { mergeSessions, unpackSession } from './merge.ts';
import { MergedHoldings } from './mergedHoldings.ts';
import type { FolderIndex, MemoryStore } from './ports.ts';
import { observationToJson } from './recordCodec.ts';
import type { JsonValue, ObservationRecord, SessionRecord } from './records.ts';
import { hardDeleteVersion, promptTombstoneVersion, RowReader } from './rowReader.ts';
import { type SlowChanges, secondAfter } from './slowChanges.ts';
import { instantIn, observationVersion, type RowVersion, relationVersion, type SessionVersion } from './versions.ts';

/** A change and its line are of one moment; only a busy database stands between (the Go program waits five seconds for it). */
const ONE_MOMENT_MS = 10_000;

interface FinderParts {
  readonly store: MemoryStore;
  readonly index: FolderIndex;
  readonly rights: FolderRights;
}

/** Decides for one row after another whether an agent with a slow clock has changed it; see slowClock.ts. */
export class SlowChangeFinder {
  readonly #parts: FinderParts;
  readonly #rows: RowReader;
  readonly #changes: SlowChanges;
  readonly #merged: MergedHoldings;

  constructor(parts: FinderParts, changes: SlowChanges) {
    this.#parts = parts;
    this.#rows = new RowReader(parts.store, parts.index);
    this.#merged = new MergedHoldings(parts);
    this.#changes = changes;
  }

  look(line: JournalLine): void {
    const entity = line.entity as Entity;
    const base = this.#merged.of(entity, line.entityKey);
    if (base.length === 0) return;
    const mutation = this.#parts.store.journal.line(line.seq);
    const change = mutation && versionOf(mutation);
    if (change?.key !== line.entityKey || !isOfOneMoment(momentOf(change), line.occurredAt)) return;
    if (!this.#parts.rights.owns(entity, change.key)) return;
    if (change.entity === 'session') this.#lookAtSession(change, line.occurredAt, base);
    else if (entity === 'observation') this.#lookAtObservation(change, this.#latest(base, line));
    else this.#lookAtPrompt(change, this.#latest(base, line));
  }

  lookAtRelation(key: string): void {
    const { store, index, rights } = this.#parts;
    const record = store.relation(key);
    const known = index.holdings('relation', key);
    if (!record || known.length === 0) return;
    const { order } = relationVersion(record);
    const base = latestOrder(this.#merged.of('relation', key));
    if (order >= base || known.some((holding) => instantIn(holding.order) === instantIn(order))) return;
    const stamped = { ...record, updatedAt: secondAfter(instantIn(base)) };
    if (rights.owns('relation', key) && relationVersion(stamped).order > base) this.#changes.relations.set(key, stamped);
  }

  /** The agent's own changes before this one count as well: they may have left through the program's cloud. As an order that is less than that of any change of that moment. */
  #latest(base: readonly Holding[], line: JournalLine): string {
    const own = `${instantOf(this.#parts.store.journal.latestBefore(line)).padEnd(29)}|`;
    const held = latestOrder(base);
    return own > held ? own : held;
  }

  #lookAtObservation(change: RowVersion, base: string): void {
    const row = this.#parts.store.observation(change.key);
    if (!row) {
      this.#lookAtHardDelete(change, base);
      return;
    }
    const version = observationVersion(row);
    if (version.order >= base || !isSameChange(version, change)) return;
    const updatedAt = secondAfter(instantIn(base));
    const stamped = { ...row, updatedAt, ...(row.deletedAt && { deletedAt: updatedAt }) };
    if (observationVersion(stamped).order > base) this.#changes.observations.set(change.key, stamped);
  }

  #lookAtHardDelete(change: RowVersion, base: string): void {
    const gone = this.#parts.store.journal.hardDelete(change.key);
    if (!gone || change.record !== undefined || hardDeleteVersion(gone).order >= base) return;
    const stamped = { ...gone, deletedAt: secondAfter(instantIn(base)) };
    if (hardDeleteVersion(stamped).order > base) this.#changes.hardDeletes.set(change.key, stamped);
  }

  #lookAtPrompt(change: RowVersion, base: string): void {
    const { store } = this.#parts;
    const tombstone = store.prompt(change.key) ? undefined : store.promptTombstone(change.key);
    if (!tombstone) return;
    const version = promptTombstoneVersion(tombstone);
    if (version.order >= base || !isSameChange(version, change)) return;
    const stamped = { ...tombstone, deletedAt: secondAfter(instantIn(base)) };
    if (promptTombstoneVersion(stamped).order > base) this.#changes.promptTombstones.set(change.key, stamped);
  }

  /** A session that is ended without a summary loses the one it had (Go `EndSession`), which nobody meant: it comes back. */
  #lookAtSession(change: SessionVersion, at: string, base: readonly Holding[]): void {
    const record = this.#parts.store.session(change.key);
    const here = this.#rows.session(change.key);
    if (!record || !here || here.endedAt !== change.endedAt || here.summary !== change.summary) return;
    const held = base.map(({ json }) => unpackSession(json)).reduce(mergeSessions);
    const merged = mergeSessions(held, here);
    const fields = [
      ...(here.summary !== '' && merged.summary !== here.summary ? ['summary'] : []),
      ...(merged.endedAt !== here.endedAt ? ['ended_at'] : []),
    ];
    const isBare = here.summary === '' && merged.summary !== '';
    if (fields.length === 0 && !isBare) return;
    const whole = isBare ? { ...record, summary: merged.summary } : record;
    this.#changes.sessions.set(change.key, withChanges(whole, here, { fields, at, held }));
  }
}

function withChanges(
  record: SessionRecord,
  here: SessionVersion,
  change: { readonly fields: readonly string[]; readonly at: string; readonly held: SessionVersion },
): SessionRecord {
  const times = new Map<string, JsonValue>(here.extra.get('x_at') as ReadonlyMap<string, JsonValue> | undefined);
  const known = change.held.extra.get('x_at') as ReadonlyMap<string, JsonValue> | undefined;
  for (const field of change.fields) {
    const before = instantOf(String(known?.get(field) ?? ''));
    times.set(field, before !== '' && before >= instantOf(change.at) ? secondAfter(before) : change.at);
  }
  if (times.size === 0) return { ...record, extra: here.extra };
  return { ...record, extra: new Map([...here.extra, ['x_at', times]]) };
}

/** When a change says of itself that it was made. */
function momentOf(change: RowVersion | SessionVersion): string {
  if (change.entity === 'session') return change.endedAt;
  return change.record === undefined ? change.deletedAt : (change.record as ObservationRecord).updatedAt;
}

function isOfOneMoment(a: string, b: string): boolean {
  const [left, right] = [instantOf(a), instantOf(b)];
  return left !== '' && right !== '' && Math.abs(instantToMs(left) - instantToMs(right)) <= ONE_MOMENT_MS;
}

/** Whether a row is what the change made of it, whatever it was stamped with since. */
function isSameChange(row: RowVersion, change: RowVersion): boolean {
  if (row.record === undefined || change.record === undefined) return row.order === change.order;
  return contentOf(row.record as ObservationRecord) === contentOf(change.record as ObservationRecord);
}

function contentOf(record: ObservationRecord): string {
  return canonicalJson(observationToJson({ ...record, updatedAt: '' }));
}
