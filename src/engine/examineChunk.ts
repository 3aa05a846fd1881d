import { decodeChunk } from './chunkCodec.ts';
import { type ChunkVersions, chunkVersions, mutationVersion, versionKey } from './chunkVersions.ts';
import { EngramError } from './errors.ts';
import { getFold, isJsonArray, isJsonObject, parseGoJsonSliced } from './goJson.ts';
import { goTrim } from './goText.ts';
import { derivedSyncId } from './identity.ts';
import type { Turn } from './ports.ts';
import { decodeMutationPayload, refusedByGo } from './recordCodec.ts';
import type {
  ChunkData,
  JsonValue,
  ObservationRecord,
  PromptRecord,
  RejectedRecord,
  RelationRecord,
  SessionRecord,
  SyncMutation,
} from './records.ts';

/** One row of the arrays, without its content. */
export interface ExaminedRow {
  readonly entity: 'observation' | 'prompt';
  readonly key: string;
  readonly hasSyncId: boolean;
  readonly sessionId: string;
  readonly project: string;
  /** Of a prompt its beginning. */
  readonly title: string;
  readonly isDeleted: boolean;
  readonly isPersonal: boolean;
}

/** One mutation, as an older program would apply it. */
export interface ExaminedMutation {
  readonly entity: string;
  /** The identity in the payload, else the `entity_key`. */
  readonly key: string;
  /** `entity_key` byte for byte. */
  readonly entityKey: string;
  readonly op: 'upsert' | 'soft-delete' | 'hard-delete';
  /** Why v1.16.1 cannot apply it; `undefined` where it can. */
  readonly fault: string | undefined;
  /** Of a relation. */
  readonly ends: readonly [string, string] | undefined;
}

/** What a chunk holds, as far as the doctor's rules ask. Of contents only fingerprints are kept. */
export interface ChunkExam {
  readonly sessions: ReadonlyMap<string, SessionRecord>;
  readonly rows: readonly ExaminedRow[];
  readonly mutations: readonly ExaminedMutation[];
  /** What Go's strict decoder refuses: any of it, and no Go program reads the chunk. */
  readonly refused: readonly RejectedRecord[];
  /** Some session has an `ownership_mode`. */
  readonly hasOwnership: boolean;
  /** What it says of each identity. */
  readonly versions: ExaminedVersions;
}

/** Orders by {@link versionKey}, and the sessions in their one form. */
export interface ExaminedVersions {
  readonly orders: ReadonlyMap<string, string>;
  readonly sessions: ChunkVersions['sessions'];
}

/**
 * Reads a chunk as both programs would.
 *
 * @param bytes unpacked JSON
 * @throws {EngramError} chunk-corrupt, cancelled
 */
export async function examineChunk(bytes: Uint8Array, turn: Turn): Promise<ChunkExam> {
  const data = await decodeChunk(bytes, turn);
  const versions = await chunkVersions(data, turn);
  const orders = new Map<string, string>();
  for (const { version } of [...versions.rows.values(), ...versions.relations.values()]) {
    orders.set(versionKey(version.entity, version.key), version.order);
  }
  return {
    sessions: new Map(data.sessions.map((session) => [session.id, session])),
    rows: rowsOf(data),
    mutations: (data.mutations ?? []).map(examineMutation),
    refused: refusals(await parseGoJsonSliced(bytes, turn)),
    hasOwnership: hasOwnership(data),
    versions: { orders, sessions: versions.sessions },
  };
}

function rowsOf(data: ChunkData): ExaminedRow[] {
  const observations = data.observations.map((record): ExaminedRow => {
    const isPersonal = record.scope.trim().toLowerCase() === 'personal';
    const where = { entity: 'observation', ...placeOf(record) } as const;
    return { ...where, title: record.title, isDeleted: Boolean(record.deletedAt), isPersonal };
  });
  const prompts = data.prompts.map((record): ExaminedRow => {
    const where = { entity: 'prompt', ...placeOf(record) } as const;
    return { ...where, title: record.content.slice(0, 80), isDeleted: false, isPersonal: false };
  });
  return [...observations, ...prompts];
}

/** The identity as versions.ts has it, without the fingerprint that a whole version costs. */
function placeOf(record: ObservationRecord | PromptRecord): Pick<ExaminedRow, 'key' | 'sessionId' | 'project' | 'hasSyncId'> {
  const key = record.syncId.toWellFormed() || derivedSyncId(record);
  return {
    key,
    sessionId: record.sessionId.toWellFormed(),
    project: record.project?.toWellFormed() ?? '',
    hasSyncId: record.syncId !== '',
  };
}

function examineMutation(mutation: SyncMutation): ExaminedMutation {
  const { entity, entityKey } = mutation;
  try {
    const version = mutationVersion(mutation);
    const relation = version.entity === 'relation' ? (version.record as RelationRecord | undefined) : undefined;
    const ends = relation && ([relation.sourceId, relation.targetId] as const);
    return { entity, entityKey, key: version.key, op: operation(mutation), fault: undefined, ends };
  } catch (error) {
    if (!EngramError.is(error)) throw error;
    return { entity, entityKey, key: entityKey, op: 'upsert', fault: error.message, ends: undefined };
  }
}

/** sync.md §7.5: a delete is one by its `op`, or by the flags of its payload; it is a hard one only where `hard_delete` says so. */
function operation({ op, payload }: SyncMutation): ExaminedMutation['op'] {
  const fields = decodeMutationPayload(payload);
  if (getFold(fields, 'hard_delete') === true) return 'hard-delete';
  return goTrim(op).toLowerCase() === 'delete' || getFold(fields, 'deleted') === true ? 'soft-delete' : 'upsert';
}

/** A key of sessions since 2.0: `shared` or `project_owned`. */
function hasOwnership({ sessions, mutations = [] }: ChunkData): boolean {
  if (sessions.some((session) => session.extra?.has('ownership_mode'))) return true;
  return mutations.some(({ entity, payload }) => entity === 'session' && payload.includes('"ownership_mode"'));
}

const LISTS = ['sessions', 'observations', 'prompts', 'mutations'] as const;

function refusals(root: JsonValue): RejectedRecord[] {
  if (!isJsonObject(root)) return [];
  return LISTS.flatMap((list) => {
    const records = getFold(root, list) ?? null;
    if (!isJsonArray(records)) return [];
    return records.flatMap((record, index) => {
      const reason = record === null ? undefined : isJsonObject(record) ? refusedByGo(list, record) : 'it is no object';
      return reason === undefined ? [] : [{ path: `${list}[${index}]`, reason }];
    });
  });
}
