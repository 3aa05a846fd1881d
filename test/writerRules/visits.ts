import assert from 'node:assert/strict';
import { formatInstant, instantOf, normalizeTimestamp } from '../../src/engine/goTime.ts';
import { type GoChunk, type ModelFolder, readChunk } from '../models/chunkFolder.ts';
import { copyDatabase, type Member } from '../models/member.ts';
import { exportFolder } from '../models/teammate.ts';
import { isOurs } from './chunkRules.ts';
import { mustImport } from './readers.ts';
import { manifestOf } from './team.ts';

/** A copy of the folder, so that what a visitor writes does not become part of the history. */
export function copyFolder(folder: ModelFolder): ModelFolder {
  return { manifest: folder.manifest, chunks: new Map(folder.chunks) };
}

/**
 * A teammate with memories of the own, who never synced before, imports a copy of the folder and exports: v1.14.0 writes nothing that came
 * from us, v1.16.1 may repeat an edited row, once; and whatever of theirs is newer than our rows leaves.
 */
export function checkVisit(visitor: Member, remote: ModelFolder): void {
  const folder = copyFolder(remote);
  const member: Member = { ...visitor, database: copyDatabase(visitor.database) };
  mustImport(member, folder);
  const written = mustExport(member, folder);
  const own = ownKeys(visitor);
  const cutOff = newestOfOurs(remote);
  const foreign = keysOf(written).filter((key) => !own.has(key));
  if (member.release === 'v1.14.0') assert.deepEqual(foreign, [], 'v1.14.0 writes what came from us');
  else checkRepeats(member, written, foreign);
  const due = newerThan(visitor, cutOff);
  const left = new Set(keysOf(written));
  assert.deepEqual(
    due.filter((key) => !left.has(key)),
    [],
    `${member.release} does not write what is newer than our rows (${cutOff})`,
  );
  checkAgain(member, folder);
}

/** @returns the chunk, or an empty one. */
export function mustExport(member: Member, folder: ModelFolder): GoChunk {
  const outcome = exportFolder(member, folder, 'theirs');
  assert('ok' in outcome, `${member.release} cannot export`);
  const chunk = outcome.ok.chunkId === undefined ? undefined : readChunk(folder, outcome.ok.chunkId);
  return chunk ?? { sessions: [], observations: [], prompts: [], mutations: [] };
}

function checkRepeats(member: Member, written: GoChunk, foreign: readonly string[]): void {
  const edited = written.observations.filter((row) => normalizeTimestamp(row.updatedAt) > normalizeTimestamp(row.createdAt));
  const allowed = new Set(edited.map((row) => `observation:${row.syncId}`));
  assert.deepEqual(
    foreign.filter((key) => !allowed.has(key)),
    [],
    `${member.release} writes what came from us and was not edited`,
  );
}

/** Of a member whose clock is ahead, v1.16.1 repeats an edit until its own clock has passed it, but never the same ones a third time. */
function checkAgain(member: Member, folder: ModelFolder): void {
  const now = formatInstant(member.now());
  const again = mustExport(member, folder);
  const ahead = new Set(
    again.observations.filter((row) => normalizeTimestamp(row.updatedAt) > now).map((row) => `observation:${row.syncId}`),
  );
  assert.deepEqual(
    keysOf(again).filter((key) => !ahead.has(key)),
    [],
    `${member.release} writes it again`,
  );
  assert.deepEqual(keysOf(mustExport(member, folder)), [], `${member.release} writes it a third time`);
}

function keysOf(chunk: GoChunk): string[] {
  return [
    ...chunk.sessions.map((row) => `session:${row.id}`),
    ...chunk.observations.map((row) => `observation:${row.syncId}`),
    ...chunk.prompts.map((row) => `prompt:${row.syncId}`),
  ];
}

function ownKeys({ database }: Member): ReadonlySet<string> {
  return new Set(keysOf(rowsOf(database)));
}

function rowsOf({ sessions, observations, prompts }: Member['database']): GoChunk {
  return { sessions: [...sessions.values()], observations: [...observations.values()], prompts: [...prompts.values()], mutations: [] };
}

/** The instant that our entries may cut off: the newest of the times that v1.14.0 compares, or an entry of another program. */
function newestOfOurs(folder: ModelFolder): string {
  let newest = '';
  for (const { id, createdBy, createdAt } of manifestOf(folder).chunks) {
    const times = isOurs(createdBy) ? timesOf(readChunk(folder, id)) : [createdAt];
    for (const time of times.map(instantOf)) if (time > newest) newest = time;
  }
  return newest;
}

function timesOf(chunk: GoChunk | undefined): readonly string[] {
  if (!chunk) return [];
  return [
    ...chunk.sessions.map((row) => row.startedAt),
    ...chunk.observations.map((row) => row.createdAt),
    ...chunk.prompts.map((row) => row.createdAt),
  ];
}

/** Of the second of the newest row on it is text against text: a row of that same second is not newer. */
function newerThan({ database }: Member, cutOff: string): readonly string[] {
  const second = cutOff.slice(0, 19);
  const isNewer = (time: string): boolean => instantOf(time).slice(0, 19) > second;
  const { sessions, observations, prompts } = rowsOf(database);
  return keysOf({
    sessions: sessions.filter((row) => isNewer(row.startedAt)),
    observations: observations.filter((row) => isNewer(row.createdAt)),
    prompts: prompts.filter((row) => isNewer(row.createdAt)),
    mutations: [],
  });
}
