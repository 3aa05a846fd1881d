import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { FolderOptions } from '../../src/engine/folderRequests.ts';
import type { MemoryFolder } from '../../src/openFolder.ts';
import { engramFolder, entry, openIn, putChunk, putManifest, temporaryFolder } from './folder.ts';
import { makeLiveDatabase, withLive } from './liveDatabase.ts';

/** A member of the project `demo` whose memories are the Engram program's. */
export class LiveMember {
  readonly root: string;
  readonly livePath: string;
  readonly options: Partial<FolderOptions>;
  folder: MemoryFolder;

  constructor(options: Partial<FolderOptions> = {}, root = engramFolder()) {
    this.root = root;
    this.livePath = join(temporaryFolder(), 'engram.db');
    makeLiveDatabase(this.livePath);
    this.options = { database: 'live', livePath: this.livePath, project: 'demo', ...options };
    this.folder = openIn(root, this.options);
  }

  /** Works on the memories as an agent does. */
  agent<T>(work: (database: DatabaseSync) => T): T {
    return withLive(this.livePath, work);
  }

  /** Titles of the live memories, in order. */
  titles(): unknown[] {
    const sql = 'SELECT title FROM observations WHERE deleted_at IS NULL ORDER BY title';
    return this.agent((database) =>
      database
        .prepare(sql)
        .all()
        .map((row) => row['title']),
    );
  }

  /** Another window, which knows no more than what is on disk. */
  async reopen(): Promise<void> {
    await this.folder.close();
    this.folder = openIn(this.root, this.options);
  }

  async withoutIndex(): Promise<void> {
    await this.folder.close();
    rmSync(join(this.root, 'index.db-live'), { force: true });
    this.folder = openIn(this.root, this.options);
  }

  /** A copy of the database as it is now. @param how `over`: written into the file that is there then */
  backup(how: 'anew' | 'over' = 'anew'): () => void {
    const copy = `${this.livePath}.copy`;
    this.agent((database) => database.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
    copyFileSync(this.livePath, copy);
    return () => {
      for (const end of how === 'anew' ? ['', '-wal', '-shm'] : ['-wal', '-shm']) rmSync(`${this.livePath}${end}`, { force: true });
      copyFileSync(copy, this.livePath);
    };
  }
}

interface ChunkRows {
  readonly sessions?: readonly object[];
  readonly observations?: readonly object[];
  readonly prompts?: readonly object[];
  readonly mutations?: readonly object[];
}

/** Puts a chunk and its entry behind those that are there. @returns its id */
export function receive(root: string, rows: ChunkRows): string {
  const json = JSON.stringify({ sessions: null, observations: null, prompts: null, ...rows });
  const id = createHash('sha256').update(json).digest('hex').slice(0, 8);
  putChunk(root, id, json);
  const manifest = readManifest(root);
  putManifest(root, { version: 2, chunks: [...manifest, entry(id, { memories: rows.observations?.length ?? 0 })] });
  return id;
}

function readManifest(root: string): readonly object[] {
  try {
    return (JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as { chunks: object[] }).chunks;
  } catch {
    return [];
  }
}

export const AT = '2026-01-01 10:00:00';
export const LATER = '2026-02-01 10:00:00';

export function sessionRow(id: string, project = 'demo'): object {
  return { id, project, directory: project, started_at: '2026-01-01 09:00:00' };
}

export function memoryRow(syncId: string, more: object = {}): object {
  const row = { id: 1, sync_id: syncId, session_id: 's-bob', type: 'manual', title: `Title of ${syncId}`, content: `Content of ${syncId}` };
  return { ...row, project: 'demo', scope: 'project', revision_count: 1, duplicate_count: 1, created_at: AT, updated_at: AT, ...more };
}

export function mutation(op: 'upsert' | 'delete', key: string, payload: object): object {
  const line = {
    seq: 1,
    target_key: 'cloud',
    entity: 'observation',
    entity_key: key,
    op,
    source: 'local',
    occurred_at: LATER,
    project: 'demo',
  };
  return { ...line, payload: JSON.stringify(payload) };
}

export function deletion(syncId: string, at = LATER): object {
  return mutation('delete', syncId, { sync_id: syncId, deleted: true, deleted_at: at, hard_delete: true });
}
