import type { ObservationItem, PromptItem } from '../exportPlan.ts';
import { stringifyGo } from '../goJson.ts';
import { normalizeScope } from '../goText.ts';
import { sameSession } from '../merge.ts';
import { deleteMutation, sessionMutation, upsertMutation } from '../payloads.ts';
import { decodeMutationPayload, observationToJson, promptToJson, sessionToJson } from '../recordCodec.ts';
import type { JsonValue, ObservationRecord, PromptRecord, SessionRecord } from '../records.ts';
import { type RowVersion, type SessionVersion, sessionVersion, type Version } from '../versions.ts';
import type { NewMutation } from './cloudPorts.ts';

/** One identity that the cloud is to hear of: its last state, once. */
export interface CloudChange {
  readonly version: Version;
  readonly mutation: NewMutation;
  /** Its row for the arrays; absent for a deletion. */
  readonly row?: SessionRow | ObservationRow | PromptRow;
}
interface SessionRow {
  readonly kind: 'session';
  readonly record: SessionRecord;
}
interface ObservationRow {
  readonly kind: 'observation';
  readonly record: ObservationRecord;
}
interface PromptRow {
  readonly kind: 'prompt';
  readonly record: PromptRecord;
}

export function sessionChange(record: SessionRecord, project: string): CloudChange {
  const { entity, entityKey, op, payload } = sessionMutation(record);
  return { version: sessionVersion(record), mutation: { entity, entityKey, op, payload, project }, row: { kind: 'session', record } };
}

/** With the scope that every program takes a blank one for: a server refuses it. */
export function rowChange({ record, version }: ObservationItem | PromptItem, project: string): CloudChange {
  const row: ObservationRow | PromptRow =
    'title' in record ? { kind: 'observation', record: { ...record, scope: normalizeScope(record.scope) } } : { kind: 'prompt', record };
  const { entity, entityKey, op, payload } = upsertMutation(row.kind, version.key, row.record);
  return { version, mutation: { entity, entityKey, op, payload, project }, row };
}

/** As the Go program journals it: a memory's deletion is soft, a prompt's is not. */
export function deleteChange(version: RowVersion, project: string): CloudChange {
  const { entity, entityKey, op, payload } = deleteMutation(version);
  const fields = new Map(decodeMutationPayload(payload));
  if (entity === 'observation') for (const name of ['hard_delete', 'x_soft']) fields.delete(name);
  return { version, mutation: { entity, entityKey, op, payload: stringifyGo(fields), project } };
}

/** A change as the journal has it: of a deletion its own words say whether the row is gone for good. */
export function inJournalsWords({ mutation, row }: CloudChange, journalled: Pick<NewMutation, 'op' | 'payload'>): NewMutation {
  return row ? mutation : { ...mutation, op: journalled.op || mutation.op, payload: journalled.payload };
}

/** Whether a row of the journal says what a change says. */
export function saysTheSame(journalled: Version, { version }: CloudChange): boolean {
  if (journalled.entity === 'session' || version.entity === 'session') return sameSessions(journalled, version);
  return journalled.order === version.order;
}

function sameSessions(a: Version, b: Version): boolean {
  const plain = (session: SessionVersion): SessionVersion => ({ ...session, extra: new Map() });
  return a.entity === 'session' && b.entity === 'session' && sameSession(plain(a), plain(b));
}

/** About how many bytes a change takes in a chunk: its row once, and once more as the text of its mutation. */
export function sizeOf({ row, mutation }: CloudChange): number {
  return (row ? Buffer.byteLength(stringifyGo(rowJson(row))) : 0) + Buffer.byteLength(JSON.stringify(mutation));
}

function rowJson(row: SessionRow | ObservationRow | PromptRow): JsonValue {
  if (row.kind === 'session') return sessionToJson(row.record);
  return row.kind === 'observation' ? observationToJson(row.record) : promptToJson(row.record);
}
