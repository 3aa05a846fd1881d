import { FolderRights } from '../folderRights.ts';
import { normalizeProject } from '../goText.ts';
import type { Holding } from '../held.ts';
import { packSession, unpackSession } from '../merge.ts';
import type { FolderIndex, MemoryStore } from '../ports.ts';
import type { ObservationRecord, PromptRecord, SessionRecord } from '../records.ts';
import { withMethods } from '../withMethods.ts';
import { cloudChunkId, serverChunkId } from './cloudIds.ts';
import type { CloudParts } from './cloudParts.ts';
import { cloudTargetKey } from './pendingFilter.ts';

/**
 * The memories as the cloud sees them: what is imported is recorded under the project's own target, a row without a project has the one of
 * its session (that is how it travels), and no chunk moves a session that stands in another project. Go's clients rewrite the project of a
 * session that one of the project's memories needs, and take it away from where it belongs.
 */
export function projectStore({ store, cloud, project }: Pick<CloudParts, 'store' | 'cloud' | 'project'>): MemoryStore {
  const target = cloudTargetKey(project);
  const named = <Row extends ObservationRecord | PromptRecord>(row: Row): Row =>
    !row.project && store.session(row.sessionId)?.project === project ? { ...row, project } : row;
  return withMethods(store, {
    importedChunks: () => cloud.importedChunks(target),
    recordChunk: (id, at) => cloud.recordChunk(target, id, at),
    forgetUndone: () => undefined,
    writeSession: (record) => store.writeSession({ ...record, project: keptProject(store, project, record) }),
    observation: (syncId) => optional(store.observation(syncId), named),
    observations: () => mapped(store.observations(), named),
    prompt: (syncId) => optional(store.prompt(syncId), named),
    prompts: () => mapped(store.prompts(), named),
  });
}

/** As {@link projectStore}, as rows are sent: a server takes no session without a directory. */
export function sendingStore(parts: Pick<CloudParts, 'store' | 'cloud' | 'project'>): MemoryStore {
  const { store } = parts;
  const placed = (row: SessionRecord): SessionRecord =>
    row.directory.trim() === '' ? { ...row, directory: row.project.trim() || '(unknown)' } : row;
  return withMethods(projectStore(parts), {
    session: (id) => optional(store.session(id), placed),
    sessions: () => mapped(store.sessions(), placed),
  });
}

/** The index as if the project's chunks in the cloud were all that it has; merging sees the folder's as well. Ids are the server's. */
export function projectIndex({ index, store, project }: Pick<CloudParts, 'index' | 'store' | 'project'>): FolderIndex {
  return withMethods(index, {
    chunks: () =>
      new Map(
        [...index.cloudChunks(project).values()].flatMap((chunk) => {
          const id = serverChunkId(project, chunk.id);
          return id === undefined ? [] : [[id, { ...chunk, id }] as const];
        }),
      ),
    putChunk: (chunk) => index.putChunk({ ...chunk, id: cloudChunkId(project, chunk.id) }),
    addHolding: (holding) =>
      index.addHolding({ ...inItsProject(holding, store, project), chunkId: cloudChunkId(project, holding.chunkId) }),
    markMerged: (id) => index.markMerged(cloudChunkId(project, id)),
    removeChunk: (id) => index.removeChunk(cloudChunkId(project, id)),
    chunkHoldings: (id) => index.chunkHoldings(cloudChunkId(project, id)),
    allHoldings: () => index.cloudHoldings(project),
    // What came by the cloud is of its project; what is held back for the folder's chunks is the folder's business.
    isOfFolder: () => false,
    addOfFolder: () => undefined,
    holdBack: () => undefined,
  });
}

/**
 * What the cloud of a project may do here: add rows, and change those of this project or of none. Memories of other projects are out of its
 * reach, whatever a server says.
 */
export function projectRights(parts: Pick<CloudParts, 'index' | 'store' | 'cloud' | 'project'>): FolderRights {
  const { project } = parts;
  const store = projectStore(parts);
  const owned = withMethods(store, {
    session: (id) => optional(store.session(id), (row) => (row.project.trim() === '' ? { ...row, project } : row)),
  });
  return new FolderRights(owned, projectIndex(parts), project);
}

/** What a chunk of the project says of a session, but for the project of one that stands in another one here. */
export function inItsProject(holding: Holding, store: MemoryStore, project: string): Holding {
  if (holding.entity !== 'session') return holding;
  const session = unpackSession(holding.json);
  const kept = keptProject(store, project, { id: holding.key, project: session.project });
  return kept === session.project ? holding : { ...holding, json: packSession({ ...session, project: kept }) };
}

/** Whether a session is at home in another project. */
export function isOfAnotherProject(session: Pick<SessionRecord, 'project'> | undefined, project: string): boolean {
  const own = normalizeProject(session?.project ?? '').normalized;
  return own !== '' && own !== project;
}

function keptProject(store: MemoryStore, project: string, said: Pick<SessionRecord, 'id' | 'project'>): string {
  const local = store.session(said.id);
  return local && said.project === project && isOfAnotherProject(local, project) ? local.project : said.project;
}

function optional<Row>(row: Row | undefined, change: (row: Row) => Row): Row | undefined {
  return row === undefined ? undefined : change(row);
}

function* mapped<Row>(rows: Iterable<Row>, change: (row: Row) => Row): Generator<Row> {
  for (const row of rows) yield change(row);
}
