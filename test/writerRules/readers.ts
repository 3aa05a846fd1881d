import assert from 'node:assert/strict';
import { decodeChunkSync } from '../../src/engine/chunkCodec.ts';
import { chunkVersions } from '../../src/engine/chunkVersions.ts';
import { mergeSessions, sameSession } from '../../src/engine/merge.ts';
import type { SessionVersion } from '../../src/engine/versions.ts';
import { type ModelFolder, readChunk } from '../models/chunkFolder.ts';
import type { Member } from '../models/member.ts';
import { openDatabase } from '../models/opening.ts';
import { importFolder } from '../models/teammate.ts';
import { isOurs } from './chunkRules.ts';
import { type LiveRows, modelRows } from './liveRows.ts';
import { manifestOf } from './team.ts';

/**
 * Imports as a teammate does, who opens the database first.
 *
 * @param excuse v1.14.0 stops for good at a chunk of v1.16.1 whose session was cut off by time: nothing that ours could help.
 * @throws {AssertionError} where the program would stop or stall
 */
export function mustImport(member: Member, folder: ModelFolder, excuse?: 'unless a teammate wrote it'): void {
  openDatabase(member);
  const outcome = importFolder(member, folder);
  if (!('error' in outcome)) return;
  const stopped = manifestOf(folder).chunks.find(({ id }) => outcome.error.includes(`chunk ${id}`));
  if (excuse && stopped && !isOurs(stopped.createdBy) && member.release === 'v1.14.0') return;
  assert.fail(`${member.release} stops: ${outcome.error}`);
}

/** What a v1.14.0 teammate has: every row of every array, each once. */
export function checkPlainReader({ database }: Member, folder: ModelFolder, live: LiveRows): void {
  const rows = [
    ...[...database.observations.values()].map((row) => `observation:${row.syncId}`),
    ...[...database.prompts.values()].map((row) => `prompt:${row.syncId}`),
  ];
  assert.equal(new Set(rows).size, rows.length, `v1.14.0 has rows twice: ${twice(rows).join(', ')}`);
  const wanted = new Set(Object.keys(live).filter((key) => /^(?:observation|prompt):/.test(key)));
  for (const { id } of manifestOf(folder).chunks) {
    const chunk = readChunk(folder, id);
    for (const row of chunk?.observations ?? []) wanted.add(`observation:${row.syncId}`);
    for (const row of chunk?.prompts ?? []) wanted.add(`prompt:${row.syncId}`);
  }
  assert.deepEqual(rows.sort(), [...wanted].sort(), 'the rows of v1.14.0');
}

function twice(rows: readonly string[]): readonly string[] {
  return rows.filter((row, index) => rows.indexOf(row) !== index);
}

/** What a v1.16.1 teammate who only imports has: the live rows of ours. @param except identities that were changed on two branches at once. */
export function checkSafeReader({ database }: Member, live: LiveRows, except: ReadonlySet<string>): void {
  const without = (rows: LiveRows): LiveRows => Object.fromEntries(Object.entries(rows).filter(([key]) => !except.has(key)));
  assert.deepEqual(without(modelRows(database)), without(live), 'the live rows of v1.16.1');
}

/**
 * The identities of which a later entry of the manifest brings an older version, or less of a session. v1.16.1 lets the last entry win,
 * so it cannot agree with ours about them; where everybody works on one line there must be none.
 */
export async function outOfOrder(folder: ModelFolder): Promise<ReadonlySet<string>> {
  const orders = new Map<string, string>();
  const sessions = new Map<string, SessionVersion>();
  const found = new Set<string>();
  for (const { id } of manifestOf(folder).chunks) {
    const versions = await chunkVersions(decodeChunkSync(folder.chunks.get(id) ?? new Uint8Array()), async () => undefined);
    for (const [key, { version }] of [...versions.rows, ...versions.relations]) {
      if (version.order < (orders.get(key) ?? '')) found.add(key);
      else orders.set(key, version.order);
    }
    for (const { version } of versions.sessions.values()) {
      const before = sessions.get(version.key);
      const merged = before ? mergeSessions(before, version) : version;
      if (!sameSession({ ...merged, extra: version.extra }, version)) found.add(`session:${version.key}`);
      sessions.set(version.key, merged);
    }
  }
  return found;
}
