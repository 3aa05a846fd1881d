import { EngramError } from '../engine/errors.ts';
import type { MemoryPatch, NewMemory, SavedMemory } from '../engine/folderRequests.ts';
import { hashNormalized, normalizeProject, normalizeScope, normalizeTopicKey, stripPrivateTags } from '../engine/goText.ts';
import { formatInstant, instantOf, instantToMs } from '../engine/goTime.ts';
import type { SqlDatabase, SqlRow, SqlValue } from '../engine/ports.ts';
import { nullable, textOf } from './columns.ts';
import { reviewAfter } from './reviewAfter.ts';
import { atomically } from './transaction.ts';

export interface SaveContext {
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
  /** The session of this window; its row is made with the first save. */
  readonly session: { readonly id: string; readonly project: string; readonly directory: string };
  readonly random: (bytes: number) => Uint8Array;
}

/** A text of the same title, type, project and scope within this time is counted, not saved again. Source: `DefaultConfig`. */
const REPEAT_MS = 15 * 60_000;
/** UTF-8 bytes. Source: `DefaultConfig`, MaxObservationLength. */
const MAX_CONTENT_BYTES = 50_000;

const SAME_TOPIC = `SELECT id, sync_id, updated_at FROM observations
  WHERE topic_key = ? AND ifnull(project, '') = ? AND scope = ? AND deleted_at IS NULL
  ORDER BY datetime(updated_at) DESC, datetime(created_at) DESC LIMIT 1`;
const SAME_TEXT = `SELECT id, sync_id, updated_at FROM observations
  WHERE normalized_hash = ? AND ifnull(project, '') = ? AND scope = ? AND type = ? AND title = ? AND deleted_at IS NULL
  AND datetime(created_at) >= ? ORDER BY created_at DESC LIMIT 1`;
const REVISE = `UPDATE observations SET type = ?, title = ?, content = ?, tool_name = NULL, normalized_hash = ?,
  revision_count = revision_count + 1, last_seen_at = ?, updated_at = ? WHERE id = ?`;
const COUNT_AGAIN = 'UPDATE observations SET duplicate_count = duplicate_count + 1, last_seen_at = ?, updated_at = ? WHERE id = ?';
const INSERT = `INSERT INTO observations(sync_id, session_id, type, title, content, project, scope, topic_key, normalized_hash,
  revision_count, duplicate_count, last_seen_at, created_at, updated_at, review_after) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?)`;
const LIVE = `SELECT * FROM observations WHERE sync_id = ? ORDER BY id DESC LIMIT 1`;
const EDIT = `UPDATE observations SET type = ?, title = ?, content = ?, project = ?, scope = ?, topic_key = ?, normalized_hash = ?,
  revision_count = revision_count + 1, updated_at = ? WHERE id = ?`;
/** Another row of the same memory too: nobody shall find what was deleted. */
const HIDE = 'UPDATE observations SET deleted_at = ?, updated_at = ? WHERE sync_id = ? AND deleted_at IS NULL';
const LATEST_CHANGE =
  'SELECT updated_at FROM observations WHERE sync_id = ? AND deleted_at IS NULL ORDER BY datetime(updated_at) DESC LIMIT 1';

/** A memory as the table holds it: `''` for no project and no topic. */
interface Prepared {
  readonly title: string;
  readonly content: string;
  readonly type: string;
  readonly project: string;
  readonly scope: string;
  readonly topicKey: string;
  readonly hash: string;
}

/**
 * Saves a memory by the rules of Engram's `AddObservation` (v1.14.0): a live memory of the same topic gets a new revision, the same text within
 * 15 minutes is counted, anything else is a new row. What stands in private tags is taken out first. Two differences: a change is stamped
 * at least one second after what it replaces, and a blank title or content is refused. No journal row is written: what is news for the cloud
 * is found by content before an export (docs/formats.md, Cloud).
 *
 * @throws {EngramError} invalid-input, store-corrupt
 */
export function saveMemory(database: SqlDatabase, input: NewMemory, context: SaveContext): SavedMemory {
  const memory = prepare(input);
  return atomically(
    database,
    () => revise(database, memory, context) ?? countAgain(database, memory, context) ?? insert(database, memory, context),
  );
}

/**
 * Changes the given fields of a live memory, by Engram's `UpdateObservation`.
 *
 * @throws {EngramError} not-found (also when it is deleted), invalid-input, store-corrupt
 */
export function editMemory(database: SqlDatabase, syncId: string, patch: MemoryPatch, nowMs: number): SavedMemory {
  return atomically(database, () => {
    const row = liveRow(database, syncId);
    const title = patch.title === undefined ? textOf(row, 'title') : cleanTitle(patch.title);
    const content = patch.content === undefined ? textOf(row, 'content') : cleanContent(patch.content);
    const project = patch.project === undefined ? textOf(row, 'project') : normalizeProject(patch.project).normalized;
    const scope = patch.scope === undefined ? textOf(row, 'scope') : normalizeScope(patch.scope);
    const topic = patch.topicKey === undefined ? textOf(row, 'topic_key') : normalizeTopicKey(patch.topicKey);
    const type = patch.type === undefined ? textOf(row, 'type') : typeOf(patch.type);
    const values = [type, title, content, orNull(project), scope, orNull(topic), hashNormalized(content)];
    database.run(EDIT, [...values, stampAfter(row, nowMs), row['id'] ?? null]);
    return { syncId, outcome: 'edited', title };
  });
}

/**
 * Deletes a memory softly: the row stays, hidden, until the deletion is shared, and is the tombstone.
 *
 * @throws {EngramError} not-found (also when it is deleted already), store-corrupt
 */
export function deleteMemory(database: SqlDatabase, syncId: string, nowMs: number): SavedMemory {
  return atomically(database, () => {
    const row = liveRow(database, syncId);
    const stamp = stampAfter(database.all(LATEST_CHANGE, [syncId])[0] ?? row, nowMs);
    database.run(HIDE, [stamp, stamp, syncId]);
    return { syncId, outcome: 'deleted', title: textOf(row, 'title') };
  });
}

function prepare(input: NewMemory): Prepared {
  const content = cleanContent(input.content);
  return {
    title: cleanTitle(input.title),
    content,
    type: typeOf(input.type ?? ''),
    project: normalizeProject(input.project ?? '').normalized,
    scope: normalizeScope(input.scope ?? ''),
    topicKey: normalizeTopicKey(input.topicKey ?? ''),
    hash: hashNormalized(content),
  };
}

function revise(database: SqlDatabase, memory: Prepared, { nowMs }: SaveContext): SavedMemory | undefined {
  if (memory.topicKey === '') return undefined;
  const row = database.all(SAME_TOPIC, [memory.topicKey, memory.project, memory.scope])[0];
  if (!row) return undefined;
  const stamp = stampAfter(row, nowMs);
  database.run(REVISE, [memory.type, memory.title, memory.content, memory.hash, stamp, stamp, row['id'] ?? null]);
  return { syncId: textOf(row, 'sync_id'), outcome: 'updated', title: memory.title };
}

function countAgain(database: SqlDatabase, memory: Prepared, { nowMs }: SaveContext): SavedMemory | undefined {
  const since = formatInstant(nowMs - REPEAT_MS);
  const row = database.all(SAME_TEXT, [memory.hash, memory.project, memory.scope, memory.type, memory.title, since])[0];
  if (!row) return undefined;
  const stamp = stampAfter(row, nowMs);
  database.run(COUNT_AGAIN, [stamp, stamp, row['id'] ?? null]);
  return { syncId: textOf(row, 'sync_id'), outcome: 'repeated', title: memory.title };
}

function insert(database: SqlDatabase, memory: Prepared, context: SaveContext): SavedMemory {
  const now = formatInstant(context.nowMs);
  ensureSession(database, context.session, now);
  const syncId = `obs-${Array.from(context.random(8), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  const values = [syncId, context.session.id, memory.type, memory.title, memory.content, orNull(memory.project), memory.scope];
  const review = nullable(reviewAfter(memory.type, context.nowMs));
  database.run(INSERT, [...values, orNull(memory.topicKey), memory.hash, now, now, now, review]);
  return { syncId, outcome: 'created', title: memory.title };
}

/** As Engram's `CreateSession`: an existing row only gets what it lacks. */
function ensureSession(database: SqlDatabase, session: SaveContext['session'], now: string): void {
  const project = normalizeProject(session.project).normalized;
  const save = `INSERT INTO sessions(id, project, directory, started_at) VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET
    project = CASE project WHEN '' THEN excluded.project ELSE project END,
    directory = CASE directory WHEN '' THEN excluded.directory ELSE directory END
    WHERE project = '' OR directory = ''`;
  database.run(save, [session.id, project, folderName(session.directory) || project || 'workspace', now]);
}

/** The last part of a path, because a chunk must not tell where a person keeps a repository. */
function folderName(directory: string): string {
  const parts = directory.split(/[/\\]+/).filter((part) => part.trim() !== '' && !/^[A-Za-z]:$/.test(part));
  return parts.at(-1) ?? '';
}

function liveRow(database: SqlDatabase, syncId: string): SqlRow {
  const row = database.all(LIVE, [syncId])[0];
  if (row && row['deleted_at'] === null) return row;
  throw new EngramError('not-found', 'There is no such memory, or it has been deleted.', { subject: syncId });
}

/** Whatever the clock says, a change must win over the version it was made from. */
function stampAfter(replaced: SqlRow, nowMs: number): string {
  const instant = instantOf(textOf(replaced, 'updated_at'));
  return formatInstant(instant === '' ? nowMs : Math.max(nowMs, instantToMs(instant) + 1000));
}

/** A title as it is stored. @throws {EngramError} invalid-input */
export function cleanTitle(title: string): string {
  return notBlank(stripPrivateTags(title), 'A memory needs a title.');
}

/** A content as it is stored: without what stands in private tags, and shortened as the Go program does. @throws {EngramError} invalid-input */
export function cleanContent(content: string): string {
  return shorten(notBlank(stripPrivateTags(content), 'A memory needs some content.'));
}

function notBlank(text: string, message: string): string {
  if (text.trim() === '') throw new EngramError('invalid-input', message);
  return text;
}

/** The Go program cuts after the same number of bytes, even inside a character. */
function shorten(content: string): string {
  const bytes = new Uint8Array(MAX_CONTENT_BYTES);
  const { read } = new TextEncoder().encodeInto(content, bytes);
  return read === content.length ? content : `${content.slice(0, read)}... [truncated]`;
}

function typeOf(type: string): string {
  return type.trim() === '' ? 'manual' : type.trim();
}

function orNull(text: string): SqlValue {
  return text === '' ? null : text;
}
