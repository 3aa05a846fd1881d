import { chunkId, encodeChunk } from '../../src/engine/chunkCodec.ts';
import { goTrim, normalizeProject } from '../../src/engine/goText.ts';
import { formatRfc3339, normalizeTimestamp } from '../../src/engine/goTime.ts';
import type { ChunkData, Int } from '../../src/engine/records.ts';
import { isGreater, type ModelFolder, readManifest, writeManifest } from './chunkFolder.ts';
import type { Member, MemberDatabase, Release } from './member.ts';

/** Go `sync.SyncResult`, of a local export. */
export interface ExportResult {
  readonly chunkId?: string;
  readonly sessions: number;
  readonly observations: number;
  readonly prompts: number;
  /** Always 0: only cloud sync writes mutations. */
  readonly mutations: number;
  readonly isEmpty: boolean;
}

const EMPTY: ExportResult = { sessions: 0, observations: 0, prompts: 0, mutations: 0, isEmpty: true };

/**
 * The local export of both releases: rows newer than the newest entry of the manifest, whoever wrote it, into the arrays. Source: spec
 * sync.md §3, files.md §3.
 *
 * @param project `''`: all.
 * @throws {GoError} `parse manifest: …`
 */
export function exportNew(member: Member, folder: ModelFolder, by: string, project = ''): ExportResult {
  const manifest = readManifest(folder);
  const { database } = member;
  const data = filterNewData(member.release, rowsOf(database, normalizeProject(project).normalized), lastChunkTime(manifest.chunks));
  if (data.sessions.length + data.observations.length + data.prompts.length === 0) return EMPTY;
  const json = encodeChunk(data);
  const id = chunkId(json);
  if (database.chunks.has(id) || manifest.chunks.some((entry) => entry.id === id)) {
    database.chunks.add(id);
    return EMPTY;
  }
  const counts = { sessions: data.sessions.length, observations: data.observations.length, prompts: data.prompts.length };
  const { sessions, observations: memories, prompts } = counts;
  folder.chunks.set(id, json);
  const entry = { id, createdBy: by, createdAt: formatRfc3339(member.now()), sessions, memories, prompts };
  writeManifest(folder, { ...manifest, chunks: [...manifest.chunks, entry] });
  database.chunks.add(id);
  return { chunkId: id, ...counts, mutations: 0, isEmpty: false };
}

function rowsOf(database: MemberDatabase, project: string): ChunkData {
  const sessions = [...database.sessions.values()].sort((a, b) => order(a.startedAt, b.startedAt));
  const observations = [...database.observations.values()].map(({ normalizedHash: _, ...row }) => row).sort(byId);
  const prompts = [...database.prompts.values()].sort(byId);
  if (project === '') return { sessions, observations, prompts };
  const inProject = (row: { readonly project?: string; readonly sessionId: string }): boolean => {
    return (row.project || database.sessions.get(row.sessionId)?.project) === project;
  };
  const rows = { observations: observations.filter(inProject), prompts: prompts.filter(inProject) };
  const needed = new Set([...rows.observations, ...rows.prompts].map((row) => row.sessionId));
  return { sessions: sessions.filter((session) => session.project === project || needed.has(session.id)), ...rows };
}

function order(a: string, b: string): number {
  return isGreater(a, b) ? 1 : isGreater(b, a) ? -1 : 0;
}

function byId(a: { readonly id: Int }, b: { readonly id: Int }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/**
 * Go `sync.filterByProject`: the rows of a project's sessions, those of the project itself, and the sessions that these need. Only tests of the
 * Go program use it; its exports ask the database ({@link exportNew}).
 */
export function filterByProject(data: ChunkData, project: string): ChunkData {
  const wanted = normalizeProject(project).normalized;
  const isOwn = (row: { readonly project?: string }): boolean => normalizeProject(row.project ?? '').normalized === wanted;
  const sessions = new Set(data.sessions.filter(isOwn).map(({ id }) => id));
  const observations = data.observations.filter((row) => sessions.has(row.sessionId) || isOwn(row));
  const prompts = data.prompts.filter((row) => sessions.has(row.sessionId) || isOwn(row));
  const needed = new Set([...sessions, ...[...observations, ...prompts].map((row) => row.sessionId)]);
  return { sessions: data.sessions.filter(({ id }) => needed.has(id)), observations, prompts };
}

/** Go `sync.lastChunkTime`: the greatest text, not the latest time. */
export function lastChunkTime(entries: readonly { readonly createdAt: string }[]): string {
  return entries.reduce((newest, entry) => (isGreater(entry.createdAt, newest) ? entry.createdAt : newest), '');
}

/** Go `sync.filterNewData`: what is newer than the cut-off. */
export function filterNewData(release: Release, data: ChunkData, newest: string): ChunkData {
  if (newest === '') return data;
  const cutOff = normalizeTime(newest);
  const isNew = (time: string): boolean => isGreater(normalizeTime(time), cutOff);
  return {
    sessions: data.sessions.filter((row) => isNew(row.startedAt)),
    observations: data.observations.filter((row) => isNew(row.createdAt) || (release === 'v1.16.1' && isNew(row.updatedAt))),
    prompts: data.prompts.filter((row) => isNew(row.createdAt)),
  };
}

/** Go `sync.normalizeTime`: unlike the store's comparison it takes a time in RFC 3339 with spaces around it for no time. */
export function normalizeTime(text: string): string {
  const trimmed = goTrim(text);
  return trimmed === text ? normalizeTimestamp(text) : trimmed;
}
