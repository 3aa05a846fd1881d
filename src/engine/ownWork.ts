import type { ChunkVersions } from './chunkVersions.ts';
import { mergeSessions, sameSession, unpackSession } from './merge.ts';
import type { FolderIndex } from './ports.ts';
import type { RowReader } from './rowReader.ts';
import type { RowVersion, SessionVersion } from './versions.ts';

/**
 * Whether this database must have written a chunk that its index does not know: everything in it is here already, and something of it is in
 * no chunk of the same place that the index knows. After a crash between a chunk's file and the save of the databases that is all there is to tell.
 */
export function isOwnWork(versions: ChunkVersions, rows: RowReader, index: Pick<FolderIndex, 'holdings'>): boolean {
  const changes = [...versions.rows.values(), ...versions.relations.values()].map(({ version }) => version);
  const sessions = [...versions.sessions.values()].map(({ version }) => version);
  if (!changes.every((version) => hasRow(rows, version)) || !sessions.every((session) => hasSession(rows, session))) return false;
  return changes.some((version) => isUnheardOf(index, version)) || sessions.some((session) => isUnheardOfSession(index, session));
}

function hasRow(rows: RowReader, version: RowVersion): boolean {
  const local = rows.row(version.entity, version.key);
  return local !== undefined && local.order >= version.order;
}

function hasSession(rows: RowReader, session: SessionVersion): boolean {
  const local = rows.session(session.key);
  return local !== undefined && sameSession(mergeSessions(local, session), local);
}

function isUnheardOf(index: Pick<FolderIndex, 'holdings'>, version: RowVersion): boolean {
  return index.holdings(version.entity, version.key).every((holding) => holding.order < version.order);
}

function isUnheardOfSession(index: Pick<FolderIndex, 'holdings'>, session: SessionVersion): boolean {
  const [first, ...others] = index.holdings('session', session.key).map((holding) => unpackSession(holding.json));
  if (!first) return true;
  const held = others.reduce(mergeSessions, first);
  return !sameSession(mergeSessions(held, session), held);
}
