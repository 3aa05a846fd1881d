import { goTrim, normalizeProject } from '../../src/engine/goText.ts';
import { type ModelFolder, readChunk, readManifest } from './chunkFolder.ts';
import { GoError, type GoStruct, goStruct, unmarshal } from './goStruct.ts';
import { decodePayload, type Mutation, mutationsOf, PAYLOADS } from './mutations.ts';

const OWNERSHIP_VERSION = 2;

interface Ownership {
  readonly project: string;
  readonly ownershipMode: string;
}
const OWNERSHIP = goStruct<Ownership>('store.Session', { project: 'string', ownershipMode: 'string' });
const OWNERS = goStruct<{ readonly sessions: readonly Ownership[] }>('sync.ChunkData', { sessions: OWNERSHIP });
const PROJECT = goStruct<{ readonly project?: string }>('struct', { project: '*string' });

/** The structs of payloads by entity, and what of them is the identity. */
const IDENTITIES = new Map<string, GoStruct<{ readonly id?: string; readonly syncId?: string }>>([
  ['session', PAYLOADS.session],
  ['observation', PAYLOADS.observation],
  ['prompt', PAYLOADS.prompt],
  ['relation', PAYLOADS.relation],
]);

/**
 * What a program of 3.x checks before it imports a chunk (spec newer.md): everything is decoded strictly, a payload names what its
 * `entity_key` names, a relation has two ends, and a manifest of version 1 brings neither a `project_owned` session nor anything of a
 * project that has one here.
 *
 * @param owned projects with a `project_owned` session in that member's database.
 * @returns why the chunk is refused; `undefined` where it is not.
 */
export function gateRefusal(folder: ModelFolder, id: string, owned: ReadonlySet<string>): string | undefined {
  try {
    const { version } = readManifest(folder);
    const chunk = readChunk(folder, id);
    if (chunk === undefined) return undefined;
    for (const mutation of chunk.mutations) checkMutation(mutation);
    if (version >= OWNERSHIP_VERSION) return undefined;
    const { sessions } = unmarshal(folder.chunks.get(id) ?? '', OWNERS);
    const fromMutations = chunk.mutations.filter((one) => one.entity === 'session').map((one) => decodePayload(one.payload, OWNERSHIP));
    checkSessions([...sessions, ...fromMutations], String(version));
    checkProjects(mutationsOf(chunk), String(version), owned);
    return undefined;
  } catch (error) {
    if (error instanceof GoError) return error.message;
    throw error;
  }
}

function checkMutation({ entity, entityKey, op, payload }: Mutation): void {
  const struct = IDENTITIES.get(entity);
  if (struct === undefined) throw new GoError(`unknown sync entity ${JSON.stringify(entity)}`);
  if (op !== 'upsert' && op !== 'delete') throw new GoError(`unknown sync operation ${JSON.stringify(op)}`);
  const { id, syncId } = decodePayload(payload, struct);
  if ((entity === 'session' ? id : syncId) !== entityKey) throw new GoError(`payload of ${entity} ${entityKey} names another identity`);
  if (entity !== 'relation' || op !== 'upsert') return;
  const { sourceId, targetId } = decodePayload(payload, PAYLOADS.relation);
  if (goTrim(sourceId) === '' || goTrim(targetId) === '') throw new GoError(`relation ${entityKey} has an empty endpoint`);
}

function checkSessions(sessions: readonly Ownership[], version: string): void {
  if (!sessions.some((session) => session.ownershipMode === 'project_owned')) return;
  throw new GoError(
    `sync downgrade is unsupported when incoming project-owned sessions exist; peer manifest version ${version} does not support ownership modes`,
  );
}

function checkProjects(mutations: readonly Mutation[], version: string, owned: ReadonlySet<string>): void {
  for (const { entity, project, payload } of mutations) {
    if (entity === 'relation') continue;
    const name = normalizeProject(goTrim(project) || (decodePayload(payload, PROJECT).project ?? '')).normalized;
    if (!owned.has(name)) continue;
    throw new GoError(
      `sync downgrade is unsupported after project-owned sessions exist for project ${JSON.stringify(name)}; peer manifest version ${version} does not support ownership modes`,
    );
  }
}
