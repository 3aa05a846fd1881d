import { canonicalJson, parseGoJson } from './goJson.ts';
import { instantOf } from './goTime.ts';
import type { Extra, JsonObject, JsonValue } from './records.ts';
import { NO_EXTRA, type RowVersion, type SessionVersion } from './versions.ts';

/**
 * The winner of two versions of one row: the later instant, then a tombstone over a live row, then the greater revision count, then the
 * greater fingerprint. Versions equal in all known fields unite their unknown ones key by key.
 *
 * It is a join: commutative, associative and idempotent, so that any order, grouping and repetition of imports gives the same row.
 */
export function mergeRows(a: RowVersion, b: RowVersion): RowVersion {
  if (a.order !== b.order) return a.order > b.order ? a : b;
  const extra = uniteExtra(a.extra, b.extra);
  return sameExtra(extra, a.extra) ? a : { ...a, extra };
}

/** Unknown fields of both, key by key; of two values of one key the one with the greater canonical text. */
export function uniteExtra(a: Extra, b: Extra): Extra {
  if (b.size === 0) return a;
  const united = new Map(a);
  for (const [key, value] of b) {
    const other = united.get(key);
    if (other === undefined || canonicalJson(value) > canonicalJson(other)) united.set(key, value);
  }
  return united;
}

export function sameExtra(a: Extra, b: Extra): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/**
 * The union of what two versions know of one session, each field by its value alone: the earliest start, the latest end; of the others a
 * value over none, then the longer, then the greater text. A field that was changed on purpose carries its time in `x_at`, and a later
 * time wins before all that. A join, as {@link mergeRows}: every field is the maximum of a total order of its own.
 */
export function mergeSessions(a: SessionVersion, b: SessionVersion): SessionVersion {
  const times = { a: changeTimes(a), b: changeTimes(b) };
  const pick = (field: string, left: string, right: string): string =>
    isGreater(right, times.b.get(field), left, times.a.get(field)) ? right : left;
  const pickTime = (field: string, of: (left: string, right: string) => string, [left, right]: readonly [string, string]): string => {
    const [at, rightAt] = [timeRank(times.a.get(field) ?? ''), timeRank(times.b.get(field) ?? '')];
    return at === rightAt ? of(left, right) : at > rightAt ? left : right;
  };
  return {
    entity: 'session',
    key: a.key,
    project: pick('project', a.project, b.project),
    directory: pick('directory', a.directory, b.directory),
    startedAt: pickTime('started_at', earlier, [a.startedAt, b.startedAt]),
    endedAt: pickTime('ended_at', later, [a.endedAt, b.endedAt]),
    summary: pick('summary', a.summary, b.summary),
    deletedAt: later(a.deletedAt, b.deletedAt),
    extra: mergeSessionExtra(a, b, times),
  };
}

/** Whether two sessions in the one form are the same in every field. */
export function sameSession(a: SessionVersion, b: SessionVersion): boolean {
  return (
    a.project === b.project &&
    a.directory === b.directory &&
    a.startedAt === b.startedAt &&
    a.endedAt === b.endedAt &&
    a.summary === b.summary &&
    a.deletedAt === b.deletedAt &&
    sameExtra(a.extra, b.extra)
  );
}

/** A session of which nothing is known (a placeholder) is never news. */
export function isUnknownSession(session: SessionVersion): boolean {
  return (session.project + session.directory + session.startedAt + session.endedAt + session.summary + session.deletedAt).trim() === '';
}

/** The session as the index keeps it: canonical JSON. */
export function packSession(session: SessionVersion): string {
  const { entity: _entity, extra, ...fields } = session;
  return canonicalJson(new Map<string, JsonValue>([...Object.entries(fields), ['extra', extra]]));
}

/** Reads what {@link packSession} wrote. */
export function unpackSession(json: string): SessionVersion {
  const fields = parseGoJson(json) as JsonObject;
  const text = (key: string): string => String(fields.get(key) ?? '');
  return {
    entity: 'session',
    key: text('key'),
    project: text('project'),
    directory: text('directory'),
    startedAt: text('startedAt'),
    endedAt: text('endedAt'),
    summary: text('summary'),
    deletedAt: text('deletedAt'),
    extra: (fields.get('extra') as Extra | undefined) ?? NO_EXTRA,
  };
}

function mergeSessionExtra(
  a: SessionVersion,
  b: SessionVersion,
  times: { a: ReadonlyMap<string, string>; b: ReadonlyMap<string, string> },
): Extra {
  if (a.extra.size === 0 && b.extra.size === 0) return NO_EXTRA;
  const merged = new Map<string, JsonValue>();
  for (const key of new Set([...a.extra.keys(), ...b.extra.keys()])) {
    if (key === 'x_at') continue;
    const left = a.extra.get(key);
    const right = b.extra.get(key);
    const takeRight = isGreater(valueText(right), times.b.get(key), valueText(left), times.a.get(key));
    const winner = takeRight ? right : left;
    if (winner !== undefined) merged.set(key, winner);
  }
  const changes = new Map<string, JsonValue>(times.a);
  for (const [field, time] of times.b) {
    if (later(String(changes.get(field) ?? ''), time) === time) changes.set(field, time);
  }
  if (changes.size > 0) merged.set('x_at', changes);
  return merged;
}

/** `x_at` of a session: field name to the time it was changed (see {@link sessionVersion}). */
function changeTimes(session: SessionVersion): ReadonlyMap<string, string> {
  return (session.extra.get('x_at') as ReadonlyMap<string, string> | undefined) ?? new Map();
}

function isGreater(value: string, time: string | undefined, than: string, thanTime: string | undefined): boolean {
  const at = timeRank(time ?? '');
  const thanAt = timeRank(thanTime ?? '');
  if (at !== thanAt) return at > thanAt;
  return value.length === than.length ? value > than : value.length > than.length;
}

function valueText(value: JsonValue | undefined): string {
  return value === undefined ? '' : canonicalJson(value);
}

function later(a: string, b: string): string {
  return timeRank(b) > timeRank(a) ? b : a;
}

/** As {@link later} the other way round, but a time that is known wins over one that is not. */
function earlier(a: string, b: string): string {
  const [left, right] = [instantOf(a), instantOf(b)];
  if (left === '' || right === '')
    return left === right ? (a.length === b.length ? (a > b ? a : b) : a.length > b.length ? a : b) : left === '' ? b : a;
  return left === right ? (a < b ? a : b) : left < right ? a : b;
}

/** Sorts by instant, then by the text; what does not parse is the earliest, and no text at all earlier still. */
function timeRank(time: string): string {
  return `${instantOf(time).padEnd(29)}|${time}`;
}
