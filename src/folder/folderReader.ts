import { makeTurn } from '../adapters/turns.ts';
import { decodeChunk } from '../engine/chunkCodec.ts';
import { EngramError } from '../engine/errors.ts';
import type {
  CallContext,
  ChunkContents,
  MemoryDetail,
  NoLongerSharedRow,
  ReadableDocument,
  SearchHit,
  SearchOptions,
} from '../engine/folderRequests.ts';
import { chunkFault } from '../engine/importer.ts';
import { type ChunkId, EMPTY_MANIFEST, isChunkId } from '../engine/manifest.ts';
import type { Turn } from '../engine/ports.ts';
import { chunkDocument, chunkItems, memoryDocument, sessionDocument } from '../engine/readable.ts';
import type { ObservationRecord } from '../engine/records.ts';
import type { FolderAccess } from './folderAccess.ts';

/** The requests that only look: memories, chunks and sessions to read, and searching. */
export class FolderReader {
  readonly #access: FolderAccess;

  constructor(access: FolderAccess) {
    this.#access = access;
  }

  async noLongerShared(context: CallContext = {}): Promise<readonly NoLongerSharedRow[]> {
    const databases = await this.#access.readable();
    const git = await this.#access.git();
    const plan = await this.#access.plan({ databases, git, status: await git?.folderStatus(), turn: makeTurn(context.signal) });
    return plan.noLongerShared.map(({ record, version }) => ({
      kind: version.entity === 'prompt' ? 'prompt' : 'observation',
      key: version.key,
      label: 'title' in record ? record.title : record.content.slice(0, 200),
      type: 'type' in record ? record.type : '',
      createdAt: record.createdAt,
    }));
  }

  async memory(syncId: string): Promise<MemoryDetail> {
    return detailOf(await this.#observation(syncId));
  }

  async search(query: string, options: SearchOptions): Promise<readonly SearchHit[]> {
    return (await this.#access.readable()).search.search(query, options);
  }

  async chunkContents(id: string, context: CallContext = {}): Promise<ChunkContents> {
    const { turn, data } = await this.chunk(id, context);
    return chunkItems(id, data, turn);
  }

  async readChunk(id: string, context: CallContext = {}): Promise<ReadableDocument> {
    const { turn, data } = await this.chunk(id, context);
    const manifest = await this.#access
      .transport()
      .readManifest()
      .catch(() => EMPTY_MANIFEST);
    const entry = manifest.chunks.find((candidate) => candidate.id === id);
    return chunkDocument({ id, createdBy: entry?.createdBy ?? '', createdAt: entry?.createdAt ?? '' }, data, turn);
  }

  async readMemory(syncId: string): Promise<ReadableDocument> {
    const row = await this.#observation(syncId);
    const { store } = await this.#access.readable();
    const relations = [...store.relations()].filter((relation) => relation.sourceId === syncId || relation.targetId === syncId);
    return memoryDocument(row, relations);
  }

  async readSession(id: string): Promise<ReadableDocument> {
    const { store } = await this.#access.readable();
    const session = store.session(id);
    if (!session) throw notFound('session');
    const observations = [...store.observations()].filter((row) => row.sessionId === id && !row.deletedAt);
    const prompts = [...store.prompts()].filter((row) => row.sessionId === id);
    return sessionDocument(session, { observations, prompts });
  }

  async #observation(syncId: string): Promise<ObservationRecord> {
    const row = (await this.#access.readable()).store.observation(syncId);
    if (!row) throw notFound('memory');
    return row;
  }

  async chunk(id: string, context: CallContext): Promise<{ turn: Turn; data: Awaited<ReturnType<typeof decodeChunk>> }> {
    if (!isChunkId(id)) throw notFound('chunk');
    const turn = makeTurn(context.signal);
    if (this.#access.environment.quarantined(id)) throw notFound('chunk');
    return { turn, data: await decodeChunk(await this.#unpacked(id), turn) };
  }

  async #unpacked(id: ChunkId): Promise<Uint8Array> {
    try {
      return await this.#access.transport().readChunk(id);
    } catch (error) {
      throw EngramError.is(error) ? chunkFault(id, error) : error;
    }
  }
}

function detailOf(row: ObservationRecord): MemoryDetail {
  return {
    syncId: row.syncId,
    sessionId: row.sessionId,
    type: row.type,
    title: row.title,
    content: row.content,
    project: row.project ?? '',
    scope: row.scope,
    topicKey: row.topicKey ?? '',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    deleted: row.deletedAt !== undefined,
  };
}

export function notFound(what: 'chunk' | 'memory' | 'session'): EngramError {
  return new EngramError('not-found', `This ${what} is not here. It may have been deleted, or stand in a chunk that is not imported yet.`);
}
