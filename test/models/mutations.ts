import { goTrim, normalizeProject } from '../../src/engine/goText.ts';
import type { JsonObject, JsonValue, ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from '../../src/engine/records.ts';
import { type GoChunk, OBSERVATION_FIELDS, SESSION_FIELDS } from './chunkFolder.ts';
import { GoError, type GoStruct, goStruct, unmarshal, unmarshalValue } from './goStruct.ts';

/** A change to apply. A payload is JSON text as a chunk has it, or the object that v1.16.1 makes of an array's row. */
export interface Mutation {
  readonly entity: string;
  readonly entityKey: string;
  readonly op: string;
  readonly payload: string | JsonObject;
  readonly project: string;
}

interface Deletion {
  readonly deleted: boolean;
  readonly deletedAt?: string;
  readonly hardDelete: boolean;
}
const DELETION = { deleted: 'bool', deletedAt: '*string', hardDelete: 'bool' } as const;

export type SessionPayload = Omit<SessionRecord, 'extra'> & Deletion;
export type ObservationPayload = Omit<ObservationRecord, 'extra' | 'id'> & Deletion;
export type PromptPayload = Omit<PromptRecord, 'extra' | 'id'> & Deletion;

/** Go `store.syncSessionPayload` and its like (v1.16.1). */
export const PAYLOADS = {
  session: goStruct<SessionPayload>('store.syncSessionPayload', { ...SESSION_FIELDS, ...DELETION }),
  observation: goStruct<ObservationPayload>('store.syncObservationPayload', { ...OBSERVATION_FIELDS, ...DELETION }),
  prompt: goStruct<PromptPayload>('store.syncPromptPayload', {
    syncId: 'string',
    sessionId: 'string',
    content: 'string',
    project: '*string',
    createdAt: 'string',
    ...DELETION,
  }),
  relation: goStruct<Omit<RelationRecord, 'extra'>>('store.syncRelationPayload', {
    syncId: 'string',
    sourceId: 'string',
    targetId: 'string',
    relation: 'string',
    reason: '*string',
    evidence: '*string',
    confidence: '*float64',
    judgmentStatus: 'string',
    markedByActor: '*string',
    markedByKind: '*string',
    markedByModel: '*string',
    sessionId: '*string',
    project: 'string',
    createdAt: 'string',
    updatedAt: 'string',
  }),
};
const REFERENCE = goStruct<{ readonly sessionId: string; readonly project?: string }>('struct', {
  sessionId: 'string',
  project: '*string',
});

/** JSON text, or JSON text of JSON text. @throws {GoError} */
export function decodePayload<T>(payload: string | JsonObject, into: GoStruct<T>): T {
  if (typeof payload !== 'string') return unmarshalValue(payload, into);
  const text = goTrim(payload);
  if (text === '') throw new GoError('empty payload');
  if (!text.startsWith('"')) return unmarshal(text, into);
  const { text: inner } = unmarshal(`{"text":${text}}`, goStruct<{ text: string }>('string', { text: 'string' }));
  return unmarshal(inner, into);
}

/** What v1.16.1 applies of a chunk (spec sync.md §7.1): rows of the arrays, but those that a mutation names, then the mutations. */
export function mutationsOf(chunk: GoChunk): readonly Mutation[] {
  const made = chunkRows(chunk);
  if (chunk.mutations.length === 0) return made;
  const explicit = new Set(chunk.mutations.map(identityOf));
  const retained = made.filter((mutation) => !explicit.has(identityOf(mutation)));
  const explicitSessions = chunk.mutations
    .filter((one) => one.entity === 'session' && one.op === 'upsert')
    .map((one) => goTrim(one.entityKey));
  const needed = new Set([...explicitSessions, ...sessionsOf([...chunk.mutations, ...retained]).keys()]);
  return [...retained.filter((one) => one.entity !== 'session' || needed.has(one.entityKey)), ...chunk.mutations];
}

/** Sessions first, deletes behind, sessions' deletes last. Source: spec sync.md §7.3. */
export function ordered(mutations: readonly Mutation[]): readonly Mutation[] {
  return mutations.toSorted((a, b) => rank(a) - rank(b));
}

function rank({ entity, op }: Mutation): number {
  if (entity === 'session') return op === 'upsert' ? 0 : op === 'delete' ? 3 : 1;
  return op === 'delete' ? 2 : 1;
}

export function identityOf({ entity, entityKey }: Pick<Mutation, 'entity' | 'entityKey'>): string {
  return `${entity}:${goTrim(entityKey)}`;
}

/** The sessions that upserts of observations and prompts name, with the project for a session that has to be made up. */
export function sessionsOf(mutations: readonly Mutation[]): ReadonlyMap<string, string> {
  const projects = new Map<string, string>();
  for (const mutation of mutations) {
    if (mutation.op !== 'upsert' || (mutation.entity !== 'observation' && mutation.entity !== 'prompt')) continue;
    const reference = referenceOf(mutation);
    const id = goTrim(reference?.sessionId ?? '');
    if (id === '') continue;
    const project = projectName(mutation.project) || projectName(reference?.project ?? '');
    const known = projects.get(id) ?? '';
    if (known === '' || (project !== '' && project < known)) projects.set(id, project);
  }
  return projects;
}

function referenceOf(mutation: Mutation): { readonly sessionId: string; readonly project?: string } | undefined {
  try {
    return decodePayload(mutation.payload, REFERENCE);
  } catch (error) {
    if (error instanceof GoError) return undefined;
    throw error;
  }
}

function projectName(name: string): string {
  return normalizeProject(goTrim(name)).normalized;
}

/** Spec sync.md §7.2. */
function chunkRows(chunk: GoChunk): Mutation[] {
  return [
    ...chunk.sessions.map((row) => made('session', row.id, 'upsert', row)),
    ...chunk.observations.map((row) => {
      const isDeleted = row.deletedAt !== undefined;
      return made('observation', row.syncId, isDeleted ? 'delete' : 'upsert', { ...row, deleted: isDeleted, hardDelete: false });
    }),
    ...chunk.prompts.map((row) => made('prompt', row.syncId, 'upsert', row)),
  ];
}

function made(entity: string, key: string, op: string, row: object): Mutation {
  const payload = Object.entries(row).map(([property, value]): [string, JsonValue] => {
    return [property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value];
  });
  return { entity, entityKey: goTrim(key), op, payload: new Map(payload), project: '' };
}
