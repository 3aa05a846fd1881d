import assert from 'node:assert/strict';
import { chunkId } from '../../src/engine/chunkCodec.ts';
import type { SyncMutation } from '../../src/engine/records.ts';
import { type GoChunk, type ModelFolder, readChunk } from '../models/chunkFolder.ts';
import { decodePayload, PAYLOADS } from '../models/mutations.ts';
import { gateRefusal } from '../models/ownershipGate.ts';
import { manifestOf } from './team.ts';

const ENTRY_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The rules F1 to F11 (spec sync.md §10) that can be read off the folder. @throws {AssertionError} naming rule and chunk */
export function checkChunks(folder: ModelFolder): void {
  const manifest = manifestOf(folder);
  const arrays = new Map<string, string>();
  for (const { id, createdBy, createdAt } of manifest.chunks) {
    const chunk = readChunk(folder, id);
    assert(chunk, `${id} is listed and not there`);
    for (const row of [...chunk.observations, ...chunk.prompts]) {
      assert.equal(arrays.get(row.syncId), undefined, `F1: ${row.syncId} stands in the arrays of ${id} and of another chunk`);
      arrays.set(row.syncId, id);
    }
    if (!isOurs(createdBy)) continue;
    assert.match(createdAt, ENTRY_TIME, `F5: time of ${id}`);
    assert.equal(chunkId(folder.chunks.get(id) ?? new Uint8Array()), id, 'F6');
    assert(manifest.version >= 2, `F9: ${id} is in a manifest of version ${manifest.version}`);
    assert.equal(gateRefusal(folder, id, new Set(['demo'])), undefined, `the gate of 3.x refuses ${id}`);
    checkChunk(id, chunk);
  }
}

/** Members of the team sign with their name, those of {@link fillStart} with another. */
export function isOurs(createdBy: string): boolean {
  return createdBy.startsWith('member') || createdBy === 'newcomer';
}

function checkChunk(id: string, chunk: GoChunk): void {
  const sessions = new Map(chunk.sessions.map((session) => [session.id, session]));
  for (const row of [...chunk.observations, ...chunk.prompts]) {
    assert(sessions.has(row.sessionId), `F3: ${row.syncId} of ${id} has no session in the chunk`);
  }
  const seen = new Set<string>();
  const live = new Set(chunk.observations.filter((row) => row.deletedAt === undefined).map((row) => row.syncId));
  for (const mutation of chunk.mutations) {
    const identity = `${mutation.entity}:${mutation.entityKey}`;
    assert(!seen.has(identity), `F8: ${identity} twice in ${id}`);
    seen.add(identity);
    checkMutation(id, mutation, live);
    if (mutation.entity === 'session') checkSession(id, mutation, sessions);
  }
  const explicit = [...sessions.keys()].filter((key) => !seen.has(`session:${key}`));
  const needed = new Set([...chunk.observations, ...chunk.prompts].map((row) => row.sessionId));
  for (const mutation of chunk.mutations) if (mutation.op === 'upsert') needed.add(sessionOf(mutation));
  if (chunk.mutations.length === 0) return;
  for (const key of explicit)
    assert(needed.has(key), `F2: v1.16.1 drops the session ${key} of ${id}: no row needs it and no mutation names it`);
}

function checkMutation(id: string, { entity, entityKey, op, payload }: SyncMutation, live: Set<string>): void {
  if (entity === 'observation' && op === 'upsert') live.add(entityKey);
  if (entity === 'observation' && op === 'delete') {
    assert(decodePayload(payload, PAYLOADS.observation).hardDelete, `F10: ${entityKey} is deleted softly in ${id}`);
  }
  if (entity !== 'relation') return;
  assert.equal(op, 'upsert', `F7: ${entityKey} of ${id} is no upsert`);
  const { sourceId, targetId } = decodePayload(payload, PAYLOADS.relation);
  assert.notEqual(sourceId, targetId, `F7: ${entityKey} of ${id} has one end`);
  for (const end of [sourceId, targetId])
    assert(live.has(end), `F7: ${end}, an end of ${entityKey}, does not stand in front of it in ${id}`);
}

function checkSession(id: string, { entityKey, payload }: SyncMutation, sessions: ReadonlyMap<string, object>): void {
  const { directory, startedAt } = decodePayload(payload, PAYLOADS.session);
  assert(directory.trim() !== '' && startedAt.trim() !== '', `F11: the session ${entityKey} of ${id} is not whole`);
  assert(sessions.has(entityKey), `F11: the session ${entityKey} of ${id} is not in its array: v1.14.0 would never get it`);
}

function sessionOf({ entity, payload }: SyncMutation): string {
  if (entity === 'observation') return decodePayload(payload, PAYLOADS.observation).sessionId;
  return entity === 'prompt' ? decodePayload(payload, PAYLOADS.prompt).sessionId : '';
}
