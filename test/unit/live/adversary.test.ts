import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import type { ChunkData } from '../../../src/engine/records.ts';
import { engramFolder, openIn, readChunk } from '../../support/folder.ts';
import { agentDeletes, agentSaves, integrityOf } from '../../support/liveDatabase.ts';
import { AT, deletion, LATER, LiveMember, memoryRow, mutation, receive, sessionRow } from '../../support/liveMember.ts';

if (!findNodeSqlite()) process.stdout.write('node:sqlite: this host has none with FTS5, so nobody attacks the live database.\n');

const prompt = (key: string, more: object = {}): object => ({
  id: 1,
  sync_id: key,
  session_id: 's-bob',
  content: `Do ${key}`,
  project: 'demo',
  created_at: AT,
  ...more,
});

function agentAsks(database: DatabaseSync, key: string, project: string): void {
  database
    .prepare('INSERT INTO user_prompts(sync_id, session_id, content, project, created_at) VALUES(?, ?, ?, ?, ?)')
    .run(key, `manual-save-${project}`, `Do ${key}`, project, AT);
}

/** As the program deletes a prompt: the row goes, and a line says that it was there. */
function agentForgets(database: DatabaseSync, key: string): void {
  database
    .prepare(
      `INSERT INTO prompt_tombstones(sync_id, session_id, project, deleted_at) SELECT sync_id, session_id, project, ? FROM user_prompts WHERE sync_id = ?`,
    )
    .run(LATER, key);
  database.prepare('DELETE FROM user_prompts WHERE sync_id = ?').run(key);
}

/** Everything of the other project, as it is in the tables. */
function theOthers(ann: LiveMember): unknown {
  return ann.agent((database) => [
    database.prepare(`SELECT * FROM observations WHERE sync_id LIKE 'obs-secret%' ORDER BY id`).all(),
    database.prepare(`SELECT * FROM user_prompts WHERE sync_id = 'prompt-secret'`).all(),
    database.prepare(`SELECT * FROM sessions WHERE id = 'manual-save-other'`).all(),
    database.prepare(`SELECT * FROM memory_relations WHERE sync_id = 'rel-secret'`).all(),
    database.prepare('SELECT * FROM prompt_tombstones').all(),
  ]);
}

function withSecrets(): LiveMember {
  const ann = new LiveMember();
  ann.agent((database) => {
    for (const id of ['obs-secret-1', 'obs-secret-2']) agentSaves(database, id, { project: 'other' });
    agentSaves(database, 'obs-own');
    agentAsks(database, 'prompt-secret', 'other');
    database.exec(`INSERT INTO memory_relations(sync_id, source_id, target_id, relation, judgment_status, created_at, updated_at)
      VALUES('rel-secret', 'obs-secret-1', 'obs-secret-2', 'related', 'judged', '${AT}', '${AT}')`);
  });
  return ann;
}

const of = (entity: string, line: object): object => ({ ...line, entity });
const gone = { deleted: true, deleted_at: LATER, hard_delete: true };

describe.runIf(findNodeSqlite())('a hostile chunk', () => {
  it('reaches nothing of another project: no memory, prompt, session or relation', async () => {
    const ann = withSecrets();
    const before = theOthers(ann);
    const relation = {
      sync_id: 'rel-secret',
      source_id: 'obs-secret-1',
      target_id: 'obs-own',
      relation: 'supersedes',
      judgment_status: 'judged',
    };
    const session = { ...sessionRow('manual-save-other', 'demo'), summary: 'Mine now', directory: '/x' };
    receive(ann.root, {
      sessions: [session],
      observations: [memoryRow('obs-secret-1', { title: 'Mine', updated_at: LATER, session_id: 'manual-save-other' })],
      prompts: [prompt('prompt-secret', { content: 'Mine', created_at: LATER, session_id: 'manual-save-other' })],
    });
    receive(ann.root, {
      mutations: [
        deletion('obs-secret-1'),
        mutation('upsert', 'obs-secret-2', memoryRow('obs-secret-2', { title: 'Mine', project: 'demo', updated_at: LATER })),
        of('prompt', mutation('delete', 'prompt-secret', { sync_id: 'prompt-secret', ...gone })),
        of('session', mutation('delete', 'manual-save-other', { id: 'manual-save-other', ...gone })),
        of('relation', mutation('upsert', 'rel-secret', { ...relation, created_at: AT, updated_at: LATER })),
        of('relation', mutation('delete', 'rel-secret', { sync_id: 'rel-secret', ...gone })),
      ],
    });
    const { imported } = await ann.folder.sync({});
    expect(theOthers(ann)).toEqual(before);
    expect(imported).toMatchObject({ edits: 0, deletes: 0 });
    expect((await ann.folder.state()).live?.heldBack.changes).toBeGreaterThanOrEqual(5);
    await ann.withoutIndex();
    await ann.folder.sync({});
    expect(theOthers(ann)).toEqual(before);
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
  });

  it('takes no place of what was deleted in another project, so that its team is told', async () => {
    const ann = withSecrets();
    const others = openIn(engramFolder(), { ...ann.options, project: 'other' });
    await others.sync({});
    ann.agent((database) => {
      agentDeletes(database, 'obs-secret-1', LATER, 'other');
      agentForgets(database, 'prompt-secret');
    });
    const late = { created_at: '2027-01-01 10:00:00', updated_at: '2027-01-01 10:00:00' };
    receive(ann.root, {
      sessions: [sessionRow('s-bob')],
      observations: [memoryRow('obs-secret-1', { title: 'Mine', ...late })],
      prompts: [prompt('prompt-secret', { content: 'Mine', ...late })],
    });
    await ann.folder.sync({});
    expect(ann.titles()).not.toContain('Mine');
    expect((await ann.folder.state()).live?.heldBack.changes).toBe(2);
    expect((await others.sync({})).exported.mutations).toBe(2);
  });

  it('gets no rights from a copy of another project’s chunk, nor from rows that are written like its, whatever becomes of the index', async () => {
    const ann = withSecrets();
    const root = engramFolder();
    const theirs = openIn(root, { ...ann.options, project: 'other' });
    const chunk = { sessions: [sessionRow('s-x', 'other')], observations: [memoryRow('obs-x', { session_id: 's-x', project: 'other' })] };
    receive(root, chunk);
    await theirs.importChunks({});
    receive(ann.root, chunk);
    receive(ann.root, { ...chunk, prompts: [prompt('prompt-evil', { session_id: 's-x' })] });
    await ann.folder.importChunks({});
    await ann.withoutIndex();
    await ann.folder.importChunks({});
    receive(ann.root, { mutations: [deletion('obs-x')] });
    await ann.folder.importChunks({});
    expect(ann.agent((database) => database.prepare(`SELECT deleted_at FROM observations WHERE sync_id = 'obs-x'`).all())).toEqual([
      { deleted_at: null },
    ]);
    expect((await ann.folder.state()).live?.heldBack.changes).toBe(1);
  });

  it('is not told from a good one by the project of its rows: what a folder brought it may change, also after the index is lost', async () => {
    const ann = withSecrets();
    receive(ann.root, {
      sessions: [sessionRow('s-y', 'elsewhere')],
      observations: [memoryRow('obs-y', { session_id: 's-y', project: 'elsewhere' })],
    });
    await ann.folder.importChunks({});
    await ann.withoutIndex();
    await ann.folder.importChunks({});
    receive(ann.root, { mutations: [deletion('obs-y')] });
    await ann.folder.importChunks({});
    expect(
      ann.agent((database) => database.prepare(`SELECT 1 FROM observations WHERE sync_id = 'obs-y' AND deleted_at IS NULL`).all()),
    ).toEqual([]);
    expect((await ann.folder.state()).live?.heldBack.changes).toBe(0);
  });

  it('that a program of ours has shared before does not go out again as ours, nor the other project with it', async () => {
    const ann = withSecrets();
    receive(ann.root, { mutations: [deletion('obs-secret-1')] });
    const { exported } = await ann.folder.sync({});
    const chunk = await readChunk(ann.root, exported.chunkIds[0] ?? '');
    expect(chunk.observations.map(({ syncId }) => syncId)).toEqual(['obs-own']);
    expect(chunk.mutations ?? []).toEqual([]);
    expect(chunk.sessions.map(({ id }) => id)).toEqual(['manual-save-demo']);
  });
});

describe.runIf(findNodeSqlite())('a hostile chunk that puts rows of its own into a session of another project', () => {
  const evil = memoryRow('obs-evil', { session_id: 'manual-save-other' });

  async function withEvil(rows: Parameters<typeof receive>[1]): Promise<LiveMember> {
    const ann = withSecrets();
    ann.agent((database) => database.exec(`UPDATE sessions SET summary = 'a secret' WHERE id = 'manual-save-other'`));
    await ann.folder.sync({});
    receive(ann.root, rows);
    await ann.folder.importChunks({});
    return ann;
  }

  async function whatLeaves(ann: LiveMember): Promise<ChunkData[]> {
    const { exported } = await ann.folder.sync({});
    return Promise.all(exported.chunkIds.map((id) => readChunk(ann.root, id)));
  }

  it.each([
    ['in the arrays', { observations: [evil] }],
    ['beside a session of that name', { sessions: [sessionRow('manual-save-other', 'demo')], observations: [evil] }],
    ['as a mutation', { mutations: [mutation('upsert', 'obs-evil', evil)] }],
    ['as a prompt', { prompts: [prompt('prompt-evil', { session_id: 'manual-save-other' })] }],
  ])('does not get that session: %s', async (_where, rows) => {
    const ann = await withEvil(rows);
    // The start of one that the chunk brings is not the other project's.
    ann.agent((database) => database.exec(`UPDATE sessions SET started_at = '2025-12-31 08:00:00' WHERE id = 'manual-save-other'`));
    expect(await whatLeaves(ann)).toEqual([]);
  });

  it('does not get it either when an agent goes on with its row', async () => {
    const ann = await withEvil({ mutations: [mutation('upsert', 'obs-evil', evil)] });
    ann.agent((database) =>
      database.exec(`UPDATE observations SET content = 'more', updated_at = '2026-03-01 10:00:00' WHERE sync_id = 'obs-evil'`),
    );
    const [chunk] = await whatLeaves(ann);
    expect(chunk?.observations.map(({ content }) => content)).toEqual(['more']);
    expect(chunk?.sessions).toMatchObject([{ id: 'manual-save-other', directory: '(recovered-missing-session)', project: 'demo' }]);
    expect(chunk?.sessions[0]?.summary).toBeUndefined();
  });

  it('a memory that an agent saved there itself leaves with its session, and what becomes of that', async () => {
    const ann = withSecrets();
    ann.agent((database) => database.exec(`UPDATE observations SET session_id = 'manual-save-other' WHERE sync_id = 'obs-own'`));
    expect((await whatLeaves(ann)).flatMap(({ sessions }) => sessions.map(({ id }) => id))).toContain('manual-save-other');
    ann.agent((database) => database.exec(`UPDATE sessions SET summary = 'done' WHERE id = 'manual-save-other'`));
    expect((await whatLeaves(ann))[0]?.sessions).toMatchObject([{ id: 'manual-save-other', summary: 'done' }]);
  });
});

describe.runIf(findNodeSqlite())('a memory that becomes personal while an export waits for the database', () => {
  it('stays here: a new one, and one that a relation would take along', async () => {
    const ann = new LiveMember();
    ann.agent((database) => {
      for (const id of ['obs-a', 'obs-b']) agentSaves(database, id);
    });
    await ann.folder.sync({});
    ann.agent((database) => {
      for (const id of ['obs-new', 'obs-open']) agentSaves(database, id);
      database.exec(`INSERT INTO memory_relations(sync_id, source_id, target_id, relation, judgment_status, created_at, updated_at)
        VALUES('rel-1', 'obs-a', 'obs-b', 'related', 'judged', '${AT}', '${AT}')`);
    });
    const agent = new DatabaseSync(ann.livePath);
    agent.exec('BEGIN IMMEDIATE');
    const exported = ann.folder.exportNew({});
    await sleep(1000);
    agent.exec(
      `UPDATE observations SET scope = 'personal', content = 'a secret', updated_at = '${LATER}' WHERE sync_id IN ('obs-a', 'obs-new')`,
    );
    agent.exec('COMMIT');
    agent.close();
    const { chunkIds } = await exported;
    expect(chunkIds).toHaveLength(1);
    const chunk = await readChunk(ann.root, chunkIds[0] ?? '');
    expect(chunk.observations.map(({ syncId }) => syncId)).toEqual(['obs-open']);
    expect(chunk.mutations ?? []).toEqual([]);
  });
});

describe.runIf(findNodeSqlite())('a prompt that an agent deletes', () => {
  async function shared(): Promise<LiveMember> {
    const ann = new LiveMember();
    receive(ann.root, { sessions: [sessionRow('s-bob')], prompts: [prompt('prompt-1'), prompt('prompt-2')] });
    await ann.folder.sync({});
    return ann;
  }
  const prompts = (ann: LiveMember): unknown[] =>
    ann.agent((database) =>
      database
        .prepare('SELECT sync_id FROM user_prompts ORDER BY sync_id')
        .all()
        .map((row) => row['sync_id']),
    );

  it('is a deletion for the team, and stays away', async () => {
    const ann = await shared();
    ann.agent((database) => agentForgets(database, 'prompt-1'));
    expect((await ann.folder.state()).toShare).toMatchObject({ deletes: 1, prompts: 0 });
    const { exported } = await ann.folder.sync({});
    expect((await readChunk(ann.root, exported.chunkIds[0] ?? '')).mutations).toMatchObject([
      { entity: 'prompt', op: 'delete', entityKey: 'prompt-1' },
    ]);
    const bob = openIn(ann.root);
    await bob.importChunks({});
    expect((await bob.state()).totals.prompts).toBe(1);
    await ann.withoutIndex();
    await ann.folder.sync({});
    expect(prompts(ann)).toEqual(['prompt-2']);
  });

  it('is none where the row is merely absent', async () => {
    const ann = await shared();
    ann.agent((database) => database.exec(`DELETE FROM user_prompts WHERE sync_id = 'prompt-1'`));
    expect((await ann.folder.state()).toShare).toMatchObject({ deletes: 0 });
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
  });
});
