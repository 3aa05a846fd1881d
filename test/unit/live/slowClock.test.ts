import { describe, expect, it } from 'vitest';
import { findNodeSqlite, openNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openIn } from '../../support/folder.ts';
import { JournallingAgent } from '../../support/journallingAgent.ts';
import { LiveMember, memoryRow, receive, sessionRow } from '../../support/liveMember.ts';

const sqlite = findNodeSqlite();
if (!sqlite) process.stdout.write('node:sqlite: this host has none with FTS5, so no agent with a slow clock writes a live database.\n');

const NOON = '2099-01-01 12:00:00';
const clock = { now: () => Date.UTC(2026, 10, 25, 11) };

/** A member who has received a memory from somebody with a fast clock. */
async function receiver(project = 'demo'): Promise<LiveMember> {
  const ann = new LiveMember();
  receive(ann.root, { sessions: [sessionRow('s-bob', project)], observations: [memoryRow('obs-1', { project, updated_at: NOON })] });
  await ann.folder.sync({});
  return ann;
}

/** An agent in a process of its own, as far as SQLite can tell. */
function withAgent(ann: LiveMember, work: (agent: JournallingAgent) => void): void {
  if (!sqlite) throw new Error('there is no SQLite');
  const database = openNodeSqlite(sqlite, ann.livePath);
  try {
    work(new JournallingAgent(() => database, clock));
  } finally {
    database.close();
  }
}

function row(ann: LiveMember): unknown {
  return ann.agent((database) => database.prepare('SELECT content, updated_at, deleted_at FROM observations').get());
}

describe.runIf(sqlite)('an agent with a slow clock in the live database', () => {
  it('has its edit counted as not shared, then shared, and a second database gets it', async () => {
    const ann = await receiver();
    withAgent(ann, (agent) => agent.edit('obs-1', 'edited'));
    expect((await ann.folder.state()).toShare).toMatchObject({ edits: 1 });
    expect(row(ann)).toMatchObject({ updated_at: '2026-11-25 11:00:00' });
    expect((await ann.folder.sync({})).exported).toMatchObject({ mutations: 1 });
    expect(row(ann)).toMatchObject({ content: 'edited', updated_at: '2099-01-01 12:00:01' });
    await ann.reopen();
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
    const bob = openIn(ann.root);
    await bob.sync({});
    expect(await bob.memory('obs-1')).toMatchObject({ content: 'edited' });
  });

  it('has its edit stamped before ours goes over it, and before ours deletes it', async () => {
    const ann = await receiver();
    withAgent(ann, (agent) => agent.edit('obs-1', 'edited'));
    await ann.folder.edit('obs-1', { title: 'Renamed' });
    const bob = openIn(ann.root);
    await ann.folder.sync({});
    await bob.sync({});
    expect(await bob.memory('obs-1')).toMatchObject({ content: 'edited', title: 'Renamed' });
  });

  it('has a deletion for good shared, although only the journal knows of it', async () => {
    const ann = await receiver();
    withAgent(ann, (agent) => agent.remove('obs-1', true));
    expect((await ann.folder.state()).toShare).toMatchObject({ deletes: 1 });
    await ann.folder.sync({});
    const bob = openIn(ann.root);
    await bob.sync({});
    expect((await bob.state()).totals.observations).toBe(0);
  });

  it('changes nothing of another project', async () => {
    const ann = new LiveMember();
    withAgent(ann, (agent) => agent.save('obs-1', { sessionId: 's-other', title: 'T', content: 'theirs', project: 'other' }));
    receive(ann.root, {
      sessions: [sessionRow('s-bob')],
      observations: [memoryRow('obs-1', { content: 'hostile', updated_at: '2099-06-01 00:00:00' })],
    });
    await ann.folder.sync({});
    withAgent(ann, (agent) => agent.edit('obs-1', 'edited'));
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
    expect(row(ann)).toMatchObject({ content: 'edited', updated_at: '2026-11-25 11:00:00' });
  });
});
