import { EngramError } from '../errors.ts';
import { goStruct, unmarshalGoValue } from '../goStruct.ts';
import { goTrim, normalizeProject } from '../goText.ts';
import { decodeMutationPayload } from '../recordCodec.ts';
import type { ChunkData, Int, SyncMutation } from '../records.ts';

/** What a cloud export of the Go program holds, and the journal rows that it settles. */
export interface PendingExport {
  readonly chunk: ChunkData;
  /** The `seq` of the mutations in the chunk, in their order. */
  readonly seqs: readonly Int[];
}

const NOTHING: PendingExport = { chunk: { sessions: [], observations: [], prompts: [] }, seqs: [] };

/**
 * What the journal says is to be sent of a project: its pending mutations in their order, of the exported rows those that they name, as they
 * are now, and the sessions that these rows need (Go `sync.filterByPendingMutations`). A mutation without any project counts if its row
 * is exported.
 *
 * @param data the rows of the project, as the export query gives them: a session of another project may be among them
 * @param project in any form
 * @param pending of every project
 */
export function filterByPendingMutations(data: ChunkData, project: string, pending: readonly SyncMutation[]): PendingExport {
  const wanted = nameOf(project);
  if (wanted === '') return NOTHING;
  const projects = new Map(data.sessions.map((session) => [goTrim(session.id), session.project]));
  const exported = new Set([
    ...data.sessions.map((row) => `session:${row.id}`),
    ...data.observations.map((row) => `observation:${row.syncId}`),
    ...data.prompts.map((row) => `prompt:${row.syncId}`),
  ]);
  const mutations = pending.filter((mutation) => {
    const resolved = resolveMutationProject(mutation, projects);
    return resolved === '' ? exported.has(exactName(mutation)) : resolved === wanted;
  });
  if (mutations.length === 0) return NOTHING;
  return { chunk: { ...rowsNamedBy(data, mutations), mutations }, seqs: mutations.map(({ seq }) => seq) };
}

function rowsNamedBy(data: ChunkData, mutations: readonly SyncMutation[]): Pick<ChunkData, 'sessions' | 'observations' | 'prompts'> {
  const named = new Set(mutations.map(exactName));
  const observations = data.observations.filter((row) => named.has(`observation:${row.syncId}`));
  const prompts = data.prompts.filter((row) => named.has(`prompt:${row.syncId}`));
  const needed = new Set([...observations, ...prompts].map((row) => row.sessionId));
  return { sessions: data.sessions.filter(({ id }) => named.has(`session:${id}`) || needed.has(id)), observations, prompts };
}

/** Unlike {@link mutationIdentityKey} without trimming. */
function exactName({ entity, entityKey }: SyncMutation): string {
  return `${entity}:${entityKey}`;
}

/**
 * The project that a journal row belongs to, normalised: its own, else its payload's, else that of its payload's session; `''` where none
 * of them says (Go `sync.resolveMutationProject`).
 *
 * @param sessionProjects by the id of the session, trimmed
 */
export function resolveMutationProject(mutation: SyncMutation, sessionProjects: ReadonlyMap<string, string>): string {
  const own = nameOf(mutation.project);
  if (own !== '') return own;
  const { project = '', sessionId } = referencesOf(mutation.payload);
  return nameOf(project) || nameOf(sessionProjects.get(goTrim(sessionId)) ?? '');
}

const REFERENCES = goStruct<{ readonly project?: string; readonly sessionId: string }>('struct', {
  project: '*string',
  sessionId: 'string',
});

function referencesOf(payload: string): { readonly project?: string; readonly sessionId: string } {
  try {
    return unmarshalGoValue(decodeMutationPayload(payload), REFERENCES);
  } catch (error) {
    if (EngramError.is(error)) return { sessionId: '' };
    throw error;
  }
}

/** The key of `sync_state` and of `sync_chunks` for a project in the cloud; `cloud` for none (Go `sync.cloudTargetKey`). */
export function cloudTargetKey(project: string): string {
  const name = nameOf(project);
  return name === '' ? 'cloud' : `cloud:${name}`;
}

function nameOf(project: string): string {
  return normalizeProject(goTrim(project)).normalized;
}
