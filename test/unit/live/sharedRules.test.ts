import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openIn, readChunk } from '../../support/folder.ts';
import { agentDeletes, agentSaves, integrityOf, searchAsProgram } from '../../support/liveDatabase.ts';
import { AT, deletion, LATER, LiveMember, memoryRow, mutation, receive, sessionRow } from '../../support/liveMember.ts';

if (!findNodeSqlite()) process.stdout.write('node:sqlite: this host has none with FTS5, so the rules of the live database are skipped.\n');

describe.runIf(findNodeSqlite())('what agents delete for good', () => {
  it('is a deletion for the team, and stays away', async () => {
    const ann = new LiveMember();
    receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-1'), memoryRow('obs-2')] });
    await ann.folder.sync({});
    ann.agent((database) => agentDeletes(database, 'obs-1', LATER));
    expect((await ann.folder.state()).toShare).toMatchObject({ deletes: 1, memories: 0 });
    const { exported } = await ann.folder.sync({});
    expect((await readChunk(ann.root, exported.chunkIds[0] ?? '')).mutations).toMatchObject([{ op: 'delete', entityKey: 'obs-1' }]);
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
    await ann.withoutIndex();
    await ann.folder.sync({});
    expect(ann.titles()).toEqual(['Title of obs-2']);
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
  });

  it('comes back by a later edit of a teammate, not by an older copy', async () => {
    const ann = new LiveMember();
    receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-1'), memoryRow('obs-2')] });
    await ann.folder.sync({});
    ann.agent((database) => {
      for (const id of ['obs-1', 'obs-2']) agentDeletes(database, id, LATER);
    });
    const later = memoryRow('obs-1', { title: 'Edited', updated_at: '2026-03-01 10:00:00' });
    const older = memoryRow('obs-2', { title: 'Too old', updated_at: '2026-01-20 10:00:00' });
    receive(ann.root, {
      sessions: [sessionRow('s-bob')],
      mutations: [mutation('upsert', 'obs-1', later), mutation('upsert', 'obs-2', older)],
    });
    await ann.folder.sync({});
    expect(ann.titles()).toEqual(['Edited']);
  });

  it.each(['anew', 'over'] as const)('is not what is merely absent: a database replaced (%s) deletes nothing for the team', async (how) => {
    const ann = new LiveMember();
    ann.agent((database) => agentSaves(database, 'obs-old'));
    await ann.folder.sync({});
    const restore = ann.backup(how);
    ann.agent((database) => agentSaves(database, 'obs-new'));
    receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-bob')] });
    await ann.folder.sync({});
    await ann.folder.close();
    restore();
    expect((await ann.folder.state()).toShare).toMatchObject({ deletes: 0, memories: 0 });
    const { exported } = await ann.folder.sync({});
    expect(exported.chunkIds).toEqual([]);
    expect(ann.titles()).toEqual(['Title of obs-bob', 'Title of obs-new', 'Title of obs-old']);
  });
});

describe.runIf(findNodeSqlite())('a record without an id that an older program has imported', () => {
  /** What v1.14.0 does with the chunk: a row with a random id, and a line that it was imported. */
  function importedByProgram(ann: LiveMember): string {
    const { sync_id: _none, ...legacy } = memoryRow('', { title: 'Legacy', content: 'Old' }) as { sync_id: string };
    const id = receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [legacy] });
    ann.agent((database) => {
      agentSaves(database, 'obs-0123456789abcdef', { session_id: 's-bob', title: 'Legacy', content: 'Old' });
      agentSaves(database, 'obs-other', { session_id: 's-bob', title: 'Legacy', content: 'Old', created_at: LATER });
      database.prepare(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', ?)`).run(id);
      const relation = `INSERT INTO memory_relations(sync_id, source_id, target_id, relation) VALUES('rel-1', ?, 'obs-other', 'related')`;
      database.prepare(relation).run('obs-0123456789abcdef');
    });
    return id;
  }

  it('is that record: it is not there twice, not exported, and relations follow it', async () => {
    const ann = new LiveMember();
    importedByProgram(ann);
    expect(await ann.folder.sync({})).toMatchObject({ exported: { memories: 1 } });
    expect(ann.titles()).toEqual(['Legacy', 'Legacy']);
    const [row] = ann.agent((database) => database.prepare('SELECT source_id, target_id FROM memory_relations').all());
    expect(row).toMatchObject({ source_id: expect.stringMatching(/^obs-derived-/), target_id: 'obs-other' });
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
  });

  it('is no news before it is merged, either', async () => {
    const ann = new LiveMember();
    const id = importedByProgram(ann);
    ann.agent((database) => database.exec(`DELETE FROM observations WHERE sync_id = 'obs-other'; DELETE FROM sync_chunks`));
    await ann.folder.exportNew({});
    ann.agent((database) => database.prepare(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', ?)`).run(id));
    expect((await ann.folder.state()).toShare).toMatchObject({ memories: 0 });
  });

  it('keeps its random id where the cloud has it under that', async () => {
    const ann = new LiveMember();
    importedByProgram(ann);
    ann.agent((database) => database.exec('UPDATE sync_mutations SET acked_at = occurred_at'));
    await ann.folder.importChunks({});
    expect(ann.titles()).toEqual(['Legacy', 'Legacy', 'Legacy']);
  });
});

describe.runIf(findNodeSqlite())('a chunk that an older program has recorded, its edits ignored', () => {
  const edit = (): object[] => [mutation('upsert', 'obs-1', memoryRow('obs-1', { title: 'Edited', updated_at: LATER }))];

  it.each(['at once', 'when ours has only read it'])('is merged (%s)', async (when) => {
    const ann = new LiveMember();
    ann.agent((database) => agentSaves(database, 'obs-1', { session_id: 's-bob', title: 'First' }));
    receive(ann.root, {
      sessions: [sessionRow('s-bob')],
      observations: [memoryRow('obs-1', { title: 'First', content: 'Content of obs-1' })],
    });
    await ann.folder.sync({});
    const id = receive(ann.root, { sessions: [sessionRow('s-bob')], mutations: edit() });
    if (when !== 'at once') await ann.folder.exportNew({});
    expect(ann.titles()).toEqual(['First']);
    ann.agent((database) => database.prepare(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', ?)`).run(id));
    await ann.folder.sync({});
    expect(ann.titles()).toEqual(['Edited']);
    expect(searchAsProgram(ann.livePath, 'Edited')).toEqual(['Edited']);
  });
});

describe.runIf(findNodeSqlite())('a copy of the database in its place', () => {
  it.each(['anew', 'over'] as const)(
    '(%s) gets the edits that its program had ignored, although ours had merged them before',
    async (how) => {
      const ann = new LiveMember();
      ann.agent((database) => agentSaves(database, 'obs-1', { session_id: 's-bob', title: 'First' }));
      const id = receive(ann.root, {
        sessions: [sessionRow('s-bob')],
        mutations: [mutation('upsert', 'obs-1', memoryRow('obs-1', { title: 'Edited', updated_at: LATER }))],
      });
      ann.agent((database) => database.prepare(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', ?)`).run(id));
      const restore = ann.backup(how);
      await ann.folder.sync({});
      expect(ann.titles()).toEqual(['Edited']);
      ann.agent((database) => agentSaves(database, 'obs-2', { title: 'Later' }));
      await ann.folder.sync({});
      await ann.folder.close();
      restore();
      expect(ann.titles()).toEqual(['First']);
      await ann.folder.sync({});
      expect(ann.titles()).toEqual(['Edited', 'Later']);
      expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
    },
  );
});

describe.runIf(findNodeSqlite())('the memories of another project', () => {
  const hostile = { title: 'Overwritten', content: 'x', project: 'demo', updated_at: LATER };

  function withSecret(): LiveMember {
    const ann = new LiveMember();
    ann.agent((database) => {
      agentSaves(database, 'obs-secret', { project: 'other', title: 'Secret' });
      agentSaves(database, 'obs-secret-2', { project: 'other', title: 'Secret 2' });
      agentSaves(database, 'obs-own', { title: 'Own' });
    });
    return ann;
  }

  it('are neither changed nor deleted by a chunk; those of the folder’s project are', async () => {
    const ann = withSecret();
    const mutations = [mutation('upsert', 'obs-secret-2', memoryRow('obs-secret-2', hostile)), deletion('obs-secret'), deletion('obs-own')];
    const id = receive(ann.root, { mutations });
    const session = { ...sessionRow('manual-save-other'), summary: 'Overwritten' };
    receive(ann.root, { sessions: [session], observations: [memoryRow('obs-secret', { ...hostile, session_id: 'manual-save-other' })] });
    expect((await ann.folder.sync({})).imported).toMatchObject({ deletes: 1, edits: 0, heldBack: 4 });
    expect(ann.titles()).toEqual(['Secret', 'Secret 2']);
    const { heldBack } = (await ann.folder.state()).live ?? {};
    expect(heldBack).toMatchObject({ changes: 4 });
    // What a person decides on.
    expect(heldBack?.chunks.find((chunk) => chunk.id === id)).toMatchObject({
      changes: 2,
      memories: expect.arrayContaining([
        { title: 'Secret', project: 'other' },
        { title: 'Secret 2', project: 'other' },
      ]),
    });
    await ann.reopen();
    // Nor by the next one, although chunks hold that memory now.
    receive(ann.root, { mutations: [deletion('obs-secret', '2026-03-01 10:00:00')] });
    expect((await ann.folder.sync({})).imported).toMatchObject({ heldBack: 1 });
    expect(ann.titles()).toEqual(['Secret', 'Secret 2']);
    const [summary] = ann.agent((database) => database.prepare(`SELECT summary FROM sessions WHERE id = 'manual-save-other'`).all());
    expect(summary).toEqual({ summary: null });
    expect(await ann.folder.importChunks({ ids: [id], otherProjects: true })).toMatchObject({ deletes: 1, edits: 1 });
    expect(ann.titles()).toEqual(['Overwritten']);
    expect((await ann.folder.state()).live?.heldBack).toMatchObject({ changes: 3 });
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it('are changed by those chunks that brought them, or that they left in', async () => {
    const ann = withSecret();
    receive(ann.root, { sessions: [sessionRow('s-bob', 'third')], observations: [memoryRow('obs-third', { project: 'third' })] });
    await ann.folder.sync({});
    await ann.folder.exportNew({ project: 'other' });
    receive(ann.root, { mutations: [deletion('obs-secret'), deletion('obs-third')] });
    await ann.reopen();
    expect((await ann.folder.sync({})).imported).toMatchObject({ deletes: 2 });
    expect(ann.titles()).toEqual(['Own', 'Secret 2']);
  });

  it('may be changed where an older program has imported the chunk that brought them, unless they differ from it', async () => {
    const ann = withSecret();
    const rows = [
      memoryRow('obs-secret', { project: 'other', session_id: 'manual-save-other', title: 'Secret' }),
      memoryRow('obs-secret-2', hostile),
    ];
    const id = receive(ann.root, { sessions: [sessionRow('s-bob')], observations: rows });
    ann.agent((database) => database.prepare(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', ?)`).run(id));
    await ann.folder.sync({});
    receive(ann.root, { mutations: [deletion('obs-secret'), deletion('obs-secret-2')] });
    expect((await ann.folder.sync({})).imported).toMatchObject({ deletes: 1, heldBack: 1 });
    expect(ann.titles()).toEqual(['Own', 'Secret 2']);
  });

  it('are not given another id by a chunk that only looks as if it had brought them', async () => {
    const ann = withSecret();
    const row = { id: 1, session_id: 'manual-save-other', type: 'manual', title: 'Secret', content: 'Content of obs-secret' };
    receive(ann.root, { observations: [{ ...row, scope: 'project', project: 'demo', created_at: AT, updated_at: AT }] });
    await ann.folder.sync({});
    const ids = ann.agent((database) => database.prepare(`SELECT sync_id FROM observations WHERE title = 'Secret' ORDER BY id`).all());
    expect(ids).toMatchObject([{ sync_id: 'obs-secret' }, { sync_id: expect.stringMatching(/^obs-derived-/) }]);
  });

  it('may be changed where an older program has imported them without an id from the folder’s chunk', async () => {
    const ann = withSecret();
    const row = { id: 1, session_id: 'manual-save-other', type: 'manual', title: 'Secret', content: 'Content of obs-secret' };
    const observations = [{ ...row, scope: 'project', project: 'other', created_at: AT, updated_at: AT }];
    const id = receive(ann.root, { observations });
    ann.agent((database) => database.prepare(`INSERT INTO sync_chunks(target_key, chunk_id) VALUES('local', ?)`).run(id));
    await ann.folder.sync({});
    const [renamed] = ann.agent((database) => database.prepare(`SELECT sync_id FROM observations WHERE title = 'Secret'`).all());
    receive(ann.root, { mutations: [deletion(String(renamed?.['sync_id']))] });
    expect((await ann.folder.sync({})).imported).toMatchObject({ deletes: 1 });
    expect(ann.titles()).toEqual(['Own', 'Secret 2']);
  });

  it('do not exist in a folder’s own database: there every row is the folder’s', async () => {
    const ann = withSecret();
    receive(ann.root, {
      sessions: [sessionRow('s-x', 'other')],
      observations: [memoryRow('obs-x', { session_id: 's-x', project: 'other' })],
    });
    const own = openIn(ann.root);
    await own.importChunks({});
    receive(ann.root, { mutations: [deletion('obs-x')] });
    expect(await own.importChunks({})).toMatchObject({ deletes: 1 });
  });
});
