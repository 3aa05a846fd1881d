import { createHash } from 'node:crypto';
import { canonicalJson, isJsonObject } from './goJson.ts';
import { normalizeScope, normalizeTopicKey } from './goText.ts';
import { instantOf } from './goTime.ts';
import { derivedSyncId } from './identity.ts';
import { observationToJson, promptToJson, relationToJson } from './recordCodec.ts';
import type { Extra, Int, JsonObject, JsonValue, ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from './records.ts';

/** A session in the one form: unknown fields are `''` (a placeholder's directory, start and project count as unknown). */
export interface SessionVersion {
  readonly entity: 'session';
  readonly key: string;
  readonly project: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly summary: string;
  /** As written; `''` for a session that nobody deleted. */
  readonly deletedAt: string;
  /** Unknown fields, `x_at` among them. */
  readonly extra: Extra;
}

/** One version of an observation, prompt or relation. Two versions compare by {@link order} as text. */
export interface RowVersion {
  readonly entity: 'observation' | 'prompt' | 'relation';
  readonly key: string;
  /** Instant, tombstone over live, revision count, fingerprint: fixed width, so that text order is the order of the merge rule. */
  readonly order: string;
  /** The record in the one form, without row id and unknown fields; `undefined` for a tombstone, which has no content. */
  readonly record: ObservationRecord | PromptRecord | RelationRecord | undefined;
  /** Time of a tombstone as written, else `''`. */
  readonly deletedAt: string;
  /** Where the row belongs; of a tombstone only a hint for a placeholder. */
  readonly sessionId: string;
  readonly project: string;
  readonly extra: Extra;
}

export type Version = SessionVersion | RowVersion;

/** Directory of a session that nobody holds (Engram v1.16.1 `recoverLocalMissingSessionDependencies`). */
export const PLACEHOLDER_DIRECTORY = '(recovered-missing-session)';
export const PLACEHOLDER_START = '1970-01-01 00:00:00';
export const NO_EXTRA: Extra = new Map();
/** Characters of the instant at the start of a {@link RowVersion.order}. */
const INSTANT_WIDTH = 29;

/** Brings a session to the one form. */
export function sessionVersion(record: SessionRecord, deletedAt = ''): SessionVersion {
  const placeholder = record.directory === PLACEHOLDER_DIRECTORY;
  return {
    entity: 'session',
    key: record.id.toWellFormed(),
    project: placeholder ? '' : record.project.toWellFormed(),
    directory: placeholder ? '' : record.directory.toWellFormed(),
    startedAt: record.startedAt === PLACEHOLDER_START ? '' : record.startedAt.toWellFormed(),
    endedAt: (record.endedAt ?? '').toWellFormed(),
    summary: (record.summary ?? '').toWellFormed(),
    deletedAt,
    extra: withCleanChanges(record.extra ?? NO_EXTRA),
  };
}

/** `x_at` says when a field of a session was changed: an object of texts with at least one member, or it is not there. */
function withCleanChanges(extra: Extra): Extra {
  const changes = extra.get('x_at');
  if (changes === undefined) return extra;
  const clean = new Map(extra);
  const times = isJsonObject(changes) ? [...changes].filter(([, time]) => typeof time === 'string') : [];
  if (times.length > 0) clean.set('x_at', new Map(times));
  else clean.delete('x_at');
  return clean;
}

/** Brings an observation to the one form; a row with `deleted_at` is a tombstone. */
export function observationVersion(record: ObservationRecord): RowVersion {
  const key = wellFormed(record.syncId) || derivedSyncId(record);
  const where = { key, sessionId: wellFormed(record.sessionId), project: wellFormed(record.project ?? '') };
  if (record.deletedAt) return tombstoneVersion('observation', where, record.deletedAt);
  const form = observationForm(record, key);
  const order = orderText({
    time: form.updatedAt,
    deleted: false,
    revision: form.revisionCount,
    fingerprint: fingerprint(observationToJson(form)),
  });
  return { entity: 'observation', ...where, order, record: form, deletedAt: '', extra: record.extra ?? NO_EXTRA };
}

function observationForm(record: ObservationRecord, key: string): ObservationRecord {
  const { extra: _extra, topicKey, deletedAt: _deletedAt, toolName, project, lastSeenAt, ...rest } = record;
  const topic = normalizeTopicKey(wellFormed(topicKey ?? ''));
  return {
    ...rest,
    id: 0,
    syncId: key,
    sessionId: wellFormed(rest.sessionId),
    type: wellFormed(rest.type),
    title: wellFormed(rest.title),
    content: wellFormed(rest.content),
    ...(toolName !== undefined && { toolName: wellFormed(toolName) }),
    ...(project !== undefined && { project: wellFormed(project) }),
    scope: normalizeScope(wellFormed(rest.scope)),
    ...(topic !== '' && { topicKey: topic }),
    revisionCount: atLeastOne(rest.revisionCount),
    duplicateCount: atLeastOne(rest.duplicateCount),
    ...(lastSeenAt !== undefined && { lastSeenAt: wellFormed(lastSeenAt) }),
    createdAt: wellFormed(rest.createdAt),
    updatedAt: wellFormed(rest.updatedAt.trim() === '' ? rest.createdAt : rest.updatedAt),
  };
}

/** Brings a prompt to the one form. */
export function promptVersion(record: PromptRecord): RowVersion {
  const key = wellFormed(record.syncId) || derivedSyncId(record);
  const form: PromptRecord = {
    id: 0,
    syncId: key,
    sessionId: wellFormed(record.sessionId),
    content: wellFormed(record.content),
    ...(record.project && { project: wellFormed(record.project) }),
    createdAt: wellFormed(record.createdAt),
  };
  const order = orderText({ time: form.createdAt, deleted: false, revision: 0, fingerprint: fingerprint(promptToJson(form)) });
  const where = { key, sessionId: form.sessionId, project: form.project ?? '' };
  return { entity: 'prompt', ...where, order, record: form, deletedAt: '', extra: record.extra ?? NO_EXTRA };
}

/** Brings a relation to the one form. The table has no column for its project, so that travels with the unknown fields. */
export function relationVersion(record: RelationRecord): RowVersion {
  const { extra, project, ...rest } = record;
  const confidence =
    rest.confidence === undefined ? undefined : Number(typeof rest.confidence === 'object' ? rest.confidence.raw : rest.confidence);
  const form: RelationRecord = { ...rest, ...(confidence !== undefined && { confidence: numberValue(confidence) }), project: '' };
  const time = form.updatedAt.trim() === '' ? form.createdAt : form.updatedAt;
  const order = orderText({ time, deleted: false, revision: 0, fingerprint: fingerprint(relationToJson(form)) });
  const known = project === '' ? (extra ?? NO_EXTRA) : new Map<string, JsonValue>([...(extra ?? NO_EXTRA), ['project', project]]);
  return { entity: 'relation', key: record.syncId, order, record: form, deletedAt: '', sessionId: '', project, extra: known };
}

/** A deleted identity: its time and nothing else. */
export function tombstoneVersion(
  entity: RowVersion['entity'],
  where: { readonly key: string; readonly sessionId: string; readonly project: string },
  deletedAt: string,
): RowVersion {
  const order = orderText({ time: deletedAt, deleted: true, revision: 0, fingerprint: '' });
  return { entity, ...where, order, record: undefined, deletedAt, extra: NO_EXTRA };
}

/**
 * The time of a tombstone from its {@link RowVersion.order}, in the form of the database's columns.
 *
 * @returns `undefined` for a live row, and for a tombstone whose time nobody could read
 */
export function deletionTimeOf(order: string): string | undefined {
  const [instant = '', deleted] = order.split('|');
  if (deleted !== '1' || instant.trim() === '') return undefined;
  return instant
    .trim()
    .replace('T', ' ')
    .replace(/\.?0*$/, '');
}

/** Whether the version of an {@link RowVersion.order} is a deletion, also one without a usable time. */
export function isTombstone(order: string): boolean {
  return order.slice(INSTANT_WIDTH, INSTANT_WIDTH + 2) === '|1';
}

/** The instant in an {@link RowVersion.order}; `''` for a blank one. */
export function instantIn(order: string): string {
  return order.slice(0, INSTANT_WIDTH).trim();
}

function orderText(of: { time: string; deleted: boolean; revision: Int; fingerprint: string }): string {
  return `${instantOf(of.time).padEnd(INSTANT_WIDTH)}|${of.deleted ? 1 : 0}|${String(of.revision).padStart(20, '0')}|${of.fingerprint}`;
}

/** SHA-256 of the canonical JSON without what is local to one database (the row id). */
function fingerprint(json: JsonObject): string {
  const shared = new Map(json);
  shared.delete('id');
  return createHash('sha256').update(canonicalJson(shared)).digest('hex');
}

function numberValue(value: number): Int | { readonly raw: string } {
  return Number.isSafeInteger(value) ? value : { raw: String(value) };
}

function atLeastOne(count: Int): Int {
  return count < 1 ? 1 : count;
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}
