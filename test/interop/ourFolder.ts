import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { chunkId } from '../../src/engine/chunkCodec.ts';
import type { MemoryFolder } from '../../src/openFolder.ts';
import { engramFolder, entry, openIn, putChunk, putManifest } from '../support/folder.ts';
import { fillWithEverything, observation, prompt, relation, session } from './everything.ts';
import { insert, live, type Row, type Rows, readRows, withDatabase } from './rows.ts';

/** A member who works with ours. */
export class OurMember {
  readonly root: string;
  readonly folder: MemoryFolder;
  /** Our rows as they were when chunks were written. */
  readonly #snapshots: Rows[] = [];

  constructor(root = engramFolder()) {
    this.root = root;
    this.folder = openIn(root);
  }

  get databasePath(): string {
    return join(this.root, 'engram.db');
  }

  /** Writes to the database as another program of this machine would. */
  write(work: (database: DatabaseSync) => void): void {
    withDatabase(this.databasePath, work);
  }

  rows(): Rows {
    return readRows(this.databasePath);
  }

  /** Resolves to the ids of the new chunks. */
  async sync(): Promise<readonly string[]> {
    return (await this.folder.sync({ createdBy: 'alice' })).exported.chunkIds;
  }

  /** As {@link sync}, for {@link firstShared}. */
  async syncAndRemember(): Promise<readonly string[]> {
    const ids = await this.sync();
    this.#snapshots.push(this.rows());
    return ids;
  }

  /** What a program knows that inserts each array row once and never looks at mutations: every row as it was when it was first shared. */
  firstShared(table: keyof Rows): readonly Row[] {
    const first = new Map<unknown, Row>();
    for (const snapshot of this.#snapshots) {
      for (const row of live(snapshot[table])) {
        const key = row['sync_id'] ?? row['id'];
        if (!first.has(key)) first.set(key, row);
      }
    }
    return [...first.values()].sort((a, b) => (String(a['sync_id'] ?? a['id']) < String(b['sync_id'] ?? b['id']) ? -1 : 1));
  }
}

/**
 * A folder that ours wrote in three exports: new rows of every kind, edits, deletions, a memory brought back, sessions that ended later,
 * prompts, relations; in front of them a chunk of a release that is newer than all of us, with fields that nobody here knows.
 */
export async function folderOfOurs(): Promise<OurMember> {
  const ours = new OurMember();
  putChunkOfNewerRelease(ours.root);
  await ours.folder.importChunks({});
  ours.write(fillWithEverything);
  await ours.syncAndRemember();
  await changeALot(ours);
  await ours.syncAndRemember();
  await changeMore(ours);
  await ours.syncAndRemember();
  return ours;
}

async function changeALot(ours: OurMember): Promise<void> {
  ours.write((database) => {
    database.exec(
      `UPDATE observations SET title = 'Edited', revision_count = 2, updated_at = '2024-02-01 10:00:00' WHERE sync_id = 'obs-emoji'`,
    );
    database.exec(`UPDATE sessions SET ended_at = '2024-02-01 18:00:00', summary = 'It went <well>' WHERE id = 's-open'`);
    database.exec(`DELETE FROM user_prompts WHERE sync_id = 'prompt-hostile'`);
    insert(database, 'prompt_tombstones', { sync_id: 'prompt-hostile', session_id: 's-ended', deleted_at: '2024-02-01 10:00:00' });
    insert(database, 'sessions', session('s-late', { started_at: '2024-02-01 09:00:00' }));
    insert(database, 'sessions', session('s-alone', { started_at: '2024-02-01 09:30:00', summary: 'Nothing was said' }));
    insert(database, 'observations', observation('obs-late', 's-late', { created_at: '2024-02-01 10:00:00' }));
    insert(database, 'observations', observation('obs-never', 's-late', { created_at: '2024-02-01 10:00:00' }));
    insert(database, 'user_prompts', prompt('prompt-late', 's-late', { created_at: '2024-02-01 10:00:00' }));
    database.exec(
      `UPDATE observations SET deleted_at = '2024-02-01 10:00:00', updated_at = '2024-02-01 10:00:00' WHERE sync_id = 'obs-other'`,
    );
    insert(database, 'memory_relations', relation('rel-old', 'obs-topic', 'obs-emoji'));
    insert(database, 'memory_relations', relation('rel-new', 'obs-late', 'obs-hostile'));
  });
  await ours.folder.edit('obs-owned', { content: 'Edited by one who does not know x_note' });
  await ours.folder.edit('obs-plain', { title: 'Edited here' });
  for (const syncId of ['obs-count', 'obs-never']) await ours.folder.remove(syncId);
}

async function changeMore(ours: OurMember): Promise<void> {
  ours.write((database) => {
    const later = `updated_at = datetime(updated_at, '+1 minute')`;
    database.exec(`UPDATE observations SET deleted_at = NULL, ${later} WHERE sync_id = 'obs-other'`);
    database.exec(`UPDATE observations SET title = 'Edited again', revision_count = 3, ${later} WHERE sync_id = 'obs-emoji'`);
    insert(database, 'observations', observation('obs-last', 's-late', { created_at: '2024-03-01 10:00:00' }));
  });
  await ours.folder.remove('obs-long');
}

function putChunkOfNewerRelease(root: string): void {
  const at = '2024-01-01 08:00:00';
  const counts = { revision_count: 1, duplicate_count: 1 };
  const memory = { id: 1, sync_id: 'obs-owned', session_id: 's-owned', type: 'manual', title: 'Owned', content: 'x', scope: 'project' };
  const chunk = JSON.stringify({
    sessions: [{ id: 's-owned', project: 'demo', directory: 'demo', started_at: at, ownership_mode: 'project_owned' }],
    observations: [{ ...memory, project: 'demo', ...counts, created_at: at, updated_at: at, x_note: { kept: [1, 'é'] } }],
    prompts: null,
  });
  const id = chunkId(Buffer.from(chunk));
  putChunk(root, id, chunk);
  putManifest(root, { version: 2, chunks: [entry(id, { created_at: '2024-01-01T08:00:00.123456789Z', sessions: 1, memories: 1 })] });
}
