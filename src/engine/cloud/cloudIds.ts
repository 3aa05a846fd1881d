import type { ChunkId } from '../manifest.ts';
import { cloudTargetKey } from './pendingFilter.ts';

/** What the ids of a project's chunks in the index begin with; none of the folder's does, for they hold neither colon nor slash. */
export function cloudPrefix(project: string): string {
  return `${cloudTargetKey(project)}/`;
}

/** The id under which a chunk of the cloud stands in the folder's index. It is no file name, and no chunk of the folder can have it. */
export function cloudChunkId(project: string, id: ChunkId): ChunkId {
  return `${cloudPrefix(project)}${id}` as ChunkId;
}

/** Stands in the index for whatever came or went as a single mutation; no chunk of a server can have its name. */
export function cloudMutationsId(project: string): ChunkId {
  return `${cloudPrefix(project)}+mutations` as ChunkId;
}

/** Stands in the index for deletions that are not sent yet and have left no row; neither the folder's nor held by the cloud. */
export function journalId(project: string): ChunkId {
  return `journal:${project}` as ChunkId;
}

/** Whether an id of the index is none of the folder's. */
export function isCloudChunkId(id: ChunkId): boolean {
  return id.includes(':');
}

/** The id that the server knows; `undefined` for what is no chunk of it. */
export function serverChunkId(project: string, id: ChunkId): ChunkId | undefined {
  const name = id.slice(cloudPrefix(project).length);
  return name.startsWith('+') ? undefined : (name as ChunkId);
}
