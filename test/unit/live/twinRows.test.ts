import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openIn, readChunk } from '../../support/folder.ts';
import { agentSaves, integrityOf, searchAsProgram } from '../../support/liveDatabase.ts';
import { deletion, LATER, LiveMember, memoryRow, receive, sessionRow } from '../../support/liveMember.ts';

if (!findNodeSqlite()) process.stdout.write('node:sqlite: this host has none with FTS5, so no row stands twice.\n');

/** Inserts a row once more, as v1.14 does when it imports a chunk that we import at the same moment. */
function insertAgain(
  database: DatabaseSync,
  table: 'observations' | 'user_prompts',
  syncId: string,
  changes: Readonly<Record<string, string>> = {},
): void {
  const columns = database
    .prepare(`SELECT name FROM pragma_table_info('${table}') WHERE name <> 'id'`)
    .all()
    .map((row) => String(row['name']));
  const values = columns.map((name) => (name in changes ? `'${changes[name]}'` : name));
  database.exec(`INSERT INTO ${table}(${columns}) SELECT ${values} FROM ${table} WHERE sync_id = '${syncId}' ORDER BY id LIMIT 1`);
}

async function imported(): Promise<LiveMember> {
  const ann = new LiveMember();
  const prompts = [
    { id: 1, sync_id: 'prompt-1', session_id: 's-bob', content: 'Do it', project: 'demo', created_at: '2026-01-01 10:00:00' },
  ];
  receive(ann.root, {
    sessions: [sessionRow('s-bob')],
    observations: [memoryRow('obs-1', { title: 'Walrus' }), memoryRow('obs-2')],
    prompts,
  });
  await ann.folder.sync({});
  return ann;
}

describe.runIf(findNodeSqlite())('a row that stands twice because two programs imported it at the same moment', () => {
  it('stands once after the next sync, for everybody, and is no news', async () => {
    const ann = await imported();
    ann.agent((database) => {
      insertAgain(database, 'observations', 'obs-1');
      insertAgain(database, 'observations', 'obs-1');
      insertAgain(database, 'user_prompts', 'prompt-1');
    });
    expect((await ann.folder.state()).toShare).toMatchObject({ memories: 0, prompts: 0, edits: 0, deletes: 0 });
    expect(await ann.folder.sync({})).toMatchObject({ imported: { chunks: 0 }, exported: { chunkIds: [] } });
    expect(ann.titles()).toEqual(['Title of obs-2', 'Walrus']);
    expect(searchAsProgram(ann.livePath, 'Walrus')).toEqual(['Walrus']);
    expect(await ann.folder.search('Walrus', {})).toHaveLength(1);
    expect((await ann.folder.state()).totals).toMatchObject({ observations: 2, prompts: 1 });
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it('stays twice where anything differs, even what only a newer program knows', async () => {
    const ann = await imported();
    ann.agent((database) => {
      database.exec('ALTER TABLE observations ADD COLUMN mood TEXT');
      insertAgain(database, 'observations', 'obs-1', { mood: 'happy' });
    });
    await ann.folder.sync({});
    expect(ann.titles()).toEqual(['Title of obs-2', 'Walrus', 'Walrus']);
    expect(await ann.folder.search('Walrus', {})).toMatchObject([{ syncId: 'obs-1' }]);
    const twice = (await ann.folder.doctor()).findings.find(({ code }) => code === 'row-twice');
    // The whole database of all agents is no file to be moved away.
    expect(twice?.fix?.text).not.toMatch(/move/);
  });

  it.each(['', 'ON DELETE CASCADE'])('stays twice where a table of another program refers to its row %s', async (clause) => {
    const ann = await imported();
    ann.agent((database) => {
      insertAgain(database, 'observations', 'obs-1');
      insertAgain(database, 'user_prompts', 'prompt-1');
      database.exec(
        `CREATE TABLE embeddings(row INTEGER REFERENCES Observations(id) ${clause}); INSERT INTO embeddings SELECT id FROM observations`,
      );
    });
    await ann.folder.sync({});
    const count = (table: string): unknown => ann.agent((database) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
    expect(['observations', 'embeddings', 'user_prompts'].map(count)).toEqual([3, 3, 1]);
  });

  it('is deleted as a whole: the program finds neither, and the team is told once', async () => {
    const ann = await imported();
    ann.agent((database) => insertAgain(database, 'observations', 'obs-1', { title: 'Walrus, as it was' }));
    await ann.folder.remove('obs-1');
    expect(searchAsProgram(ann.livePath, 'Walrus')).toEqual([]);
    const { exported } = await ann.folder.sync({});
    expect((await readChunk(ann.root, exported.chunkIds[0] ?? '')).mutations).toHaveLength(1);
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it('is deleted as a whole by a teammate, but for what an agent changed later', async () => {
    const ann = await imported();
    ann.agent((database) => {
      insertAgain(database, 'observations', 'obs-1', { title: 'Walrus, as it was' });
      insertAgain(database, 'observations', 'obs-2', { title: 'Changed later', updated_at: '2027-01-01 10:00:00' });
    });
    receive(ann.root, { mutations: [deletion('obs-1'), deletion('obs-2')] });
    await ann.folder.importChunks({});
    expect(searchAsProgram(ann.livePath, 'Walrus')).toEqual([]);
    expect(ann.titles()).toContain('Changed later');
  });

  it('leaves once', async () => {
    const ann = new LiveMember();
    ann.agent((database) => {
      agentSaves(database, 'obs-new');
      insertAgain(database, 'observations', 'obs-new', { title: 'Edited', updated_at: LATER });
    });
    const { chunkIds, memories } = await ann.folder.exportNew({});
    const { observations } = await readChunk(ann.root, chunkIds[0] ?? '');
    expect([memories, observations.map(({ title }) => title)]).toEqual([1, ['Edited']]);
    const bob = openIn(ann.root);
    expect(await bob.importChunks({})).toMatchObject({ memories: 1 });
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
  });
});
