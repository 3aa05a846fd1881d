import { describe, expect, it } from 'vitest';
import { FileTransport } from '../../../src/adapters/chunkFolder.ts';
import { findNodeSqlite, type NodeSqlite, openNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openSqlJs } from '../../../src/adapters/sqlJs.ts';
import { systemClock } from '../../../src/adapters/systemClock.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { FolderRights } from '../../../src/engine/folderRights.ts';
import { Importer } from '../../../src/engine/importer.ts';
import type { FolderIndex, SqlDatabase, Turn } from '../../../src/engine/ports.ts';
import { scanTransport } from '../../../src/engine/transportScan.ts';
import { openFolderIndex } from '../../../src/store/folderIndex.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { agentSaves, integrityOf } from '../../support/liveDatabase.ts';
import { deletion, LATER, LiveMember, memoryRow, mutation, receive, sessionRow } from '../../support/liveMember.ts';
import { testSqlJs } from '../store/testDatabase.ts';

const native = findNodeSqlite();
if (!native) process.stdout.write('node:sqlite: this host has none with FTS5, so no import is cut into pieces.\n');

const ROWS =
  "SELECT sync_id, session_id, title, project, deleted_at IS NULL AS live FROM observations WHERE sync_id NOT LIKE 'agent-%' ORDER BY sync_id";

/** A member with memories that a chunk edits and deletes, and with that chunk: rows of its own project and of a third one, a relation. */
function member(): LiveMember {
  const ann = new LiveMember();
  ann.agent((database) => {
    for (const id of ['obs-edited', 'obs-deleted']) agentSaves(database, id);
    agentSaves(database, 'obs-secret', { project: 'other' });
  });
  const relation = { sync_id: 'rel-1', source_id: 'obs-new-1', target_id: 'obs-third-1', relation: 'related', judgment_status: 'judged' };
  receive(ann.root, {
    sessions: [sessionRow('s-bob'), sessionRow('s-third', 'third')],
    observations: [
      ...[1, 2, 3].map((number) => memoryRow(`obs-new-${number}`)),
      ...[1, 2, 3].map((number) => memoryRow(`obs-third-${number}`, { session_id: 's-third', project: 'third' })),
    ],
    mutations: [
      mutation('upsert', 'obs-edited', memoryRow('obs-edited', { title: 'Edited', updated_at: LATER })),
      deletion('obs-deleted'),
      deletion('obs-secret'),
      { ...mutation('upsert', 'rel-1', { ...relation, created_at: LATER, updated_at: LATER }), entity: 'relation' },
    ],
  });
  return ann;
}

function opened(module: NodeSqlite, { livePath }: LiveMember): SqlDatabase {
  const database = openNodeSqlite(module, livePath);
  database.run('PRAGMA synchronous = OFF');
  return database;
}

/** Imports in the smallest of pieces. */
async function importIn(ann: LiveMember, open: { readonly memories: SqlDatabase; readonly index: FolderIndex }, turn: Turn) {
  const store = new SqlMemoryStore(open.memories, { pieces: { pieceMs: 0, gapMs: 0 } });
  const transport = new FileTransport(ann.root, {});
  const known = { indexed: open.index.chunks(), recorded: store.importedChunks(), undone: store.undoneChunks(), problems: new Map() };
  const importer = new Importer({
    transport,
    store,
    index: open.index,
    clock: systemClock,
    turn,
    problems: new Map(),
    quarantined: () => false,
    onReading: () => undefined,
    checkpoint: async () => undefined,
    rights: new FolderRights(store, open.index, 'demo'),
  });
  return importer.run((await scanTransport(transport, known)).chunks, undefined, {});
}

/** Stops the import at its turn number `stopAt`. @returns whether it came that far */
async function stopped(
  ann: LiveMember,
  open: { readonly memories: SqlDatabase; readonly index: FolderIndex },
  stopAt: number,
): Promise<boolean> {
  let turns = 0;
  try {
    await importIn(ann, open, async () => {
      turns += 1;
      if (turns === stopAt) throw new EngramError('cancelled', 'Cancelled.');
    });
    return false;
  } catch (error) {
    if (EngramError.is(error, 'cancelled')) return true;
    throw error;
  }
}

describe.runIf(native)('an import in pieces', () => {
  it('lets an agent write between any two of them', async () => {
    if (!native) return;
    const ann = member();
    const memories = opened(native, ann);
    const { index } = openFolderIndex(openSqlJs(await testSqlJs()));
    let written = 0;
    await importIn(ann, { memories, index }, async () => {
      if (memories.inTransaction) return;
      ann.agent((database) => agentSaves(database, `agent-${written}`));
      written += 1;
    });
    memories.close();
    expect(written).toBeGreaterThan(10);
    expect(ann.agent((database) => database.prepare(`SELECT count(*) AS n FROM observations WHERE sync_id LIKE 'agent-%'`).get())).toEqual({
      n: written,
    });
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it.each(['kept', 'lost'])('ends as one that nobody stopped, wherever it was stopped (its index is %s)', async (what) => {
    if (!native) return;
    const whole = member();
    const expected = await finished(whole, openFolderIndex(openSqlJs(await testSqlJs())).index);
    expect(expected.summary).toEqual({ deletes: 1, edits: 0, heldBack: 0 });
    let stops = 0;
    for (let stopAt = what === 'kept' ? 1 : 3; ; stopAt += 4) {
      const ann = member();
      const memories = opened(native, ann);
      const { index } = openFolderIndex(openSqlJs(await testSqlJs()));
      const wasStopped = await stopped(ann, { memories, index }, stopAt);
      expect(memories.inTransaction).toBe(false);
      memories.close();
      if (!wasStopped) break;
      stops += 1;
      const again = what === 'kept' ? index : openFolderIndex(openSqlJs(await testSqlJs())).index;
      expect([stopAt, await finished(ann, again)]).toEqual([stopAt, expected]);
    }
    expect(stops).toBeGreaterThan(5);
  });

  /** The rows after a whole import, and what a chunk may do then with a row of the third project that came by the first one. */
  async function finished(ann: LiveMember, index: FolderIndex) {
    if (!native) throw new Error('only where there is one');
    const memories = opened(native, ann);
    await importIn(ann, { memories, index }, async () => undefined);
    const rows = ann.agent((database) => [database.prepare(ROWS).all(), database.prepare('SELECT sync_id FROM memory_relations').all()]);
    const marks = memories.all(`SELECT target_key FROM sync_chunks`);
    const held = index.heldBack().map(({ key }) => key);
    receive(ann.root, { mutations: [deletion('obs-third-2')] });
    const { deletes, edits, heldBack = 0 } = await importIn(ann, { memories, index }, async () => undefined);
    memories.close();
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
    return { rows, marks, held, summary: { deletes, edits, heldBack } };
  }
});
