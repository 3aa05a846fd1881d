import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SqlRow } from '../../../src/engine/ports.ts';
import { goldenPath } from '../../golden.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { CloudStory, fill, type Tables, tablesOf } from '../../support/cloudStory.ts';
import { WASM_PATH } from '../../support/wasm.ts';

type Row = { readonly [field: string]: unknown };

const stories = ['14-14-14', '14-14-16', '16-16-14'].map((name) => [name, CloudStory.read(name)] as const);
const there = stories.flatMap(([name, story]) => (story ? [[name, story] as const] : []));
const hasDatabases = existsSync(goldenPath('cloud', 'roundtrip', 'alice-0-before.db'));
if (!hasDatabases) console.log('skipped: golden/cloud/roundtrip/*.db are not here');

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

function memberWith(name: string, server: CloudModel, tables: Tables): CloudMember {
  const member = new CloudMember(kit, name, server.transport('demo'));
  fill(member.databases.memories, tables);
  member.now = Date.UTC(2026, 10, 24);
  member.cloud.enroll('demo', member.at);
  return member;
}

const all = ({ databases: { memories } }: CloudMember, table: string): readonly SqlRow[] => memories.all(`SELECT * FROM ${table}`);
const rowsOf = (chunk: Row, list: string): readonly Row[] => (chunk[list] ?? []) as readonly Row[];
const byId = (rows: readonly Row[]): Map<unknown, Row> => new Map(rows.map((row) => [row['sync_id'] ?? row['id'], row]));
const titled = (tables: Tables, title: string): string =>
  String(tables['observations']?.find((row) => row['title'] === title)?.['sync_id'] ?? `no ${title}`);

/** The last mutation of each identity, with the payload as an object. */
function lastOf(chunk: Row): Map<string, Row> {
  const last = rowsOf(chunk, 'mutations').map(({ entity, entity_key: key, op, payload }) => {
    return [`${entity} ${key}`, { op, ...(JSON.parse(String(payload)) as Row) }] as const;
  });
  return new Map(last);
}

/** The Go program deletes the prompts of a session with it and tells nobody; here a prompt goes only when somebody has deleted it (W-26). */
const KEPT_PROMPT = 'prompt of a session that is deleted';

/** What a person sees, by title and content. */
function seen(rows: Tables): string[] {
  const memories = (rows['observations'] ?? []).filter((row) => !row['deleted_at']).map((row) => `${row['title']}: ${row['content']}`);
  return [...memories, ...(rows['user_prompts'] ?? []).map((row) => String(row['content']))].sort();
}

const seenBy = (member: CloudMember): string[] =>
  seen({ observations: all(member, 'observations'), user_prompts: all(member, 'user_prompts') });

/** Of the two edits of one memory the later one, by time, then by revision. */
function laterEdit(story: CloudStory): string {
  const alices = story.tables('alice after the second sync')['observations']?.find((row) => row['title'] === 'Use SQLite');
  const chunk = JSON.parse(story.chunks("after bob's push").at(-1)?.text ?? '{}') as Row;
  const bobs = rowsOf(chunk, 'observations').find((row) => row['sync_id'] === alices?.['sync_id']);
  const order = (row: Row | undefined): string => `${row?.['updated_at']} ${row?.['revision_count']}`;
  const later = order(bobs) > order(alices) ? bobs : alices;
  return `${later?.['title']}: ${later?.['content']}`;
}

/** Compares what was pushed with what the Go program had pushed of the same database. */
function comparePush(ours: Row, theirs: Row, heldBack: ReadonlySet<unknown>): void {
  for (const list of ['sessions', 'observations', 'prompts']) {
    const expected = [...byId(rowsOf(theirs, list))].filter(([id, row]) => !heldBack.has(id) && !row['deleted_at']);
    expect(byId(rowsOf(ours, list)), list).toEqual(new Map(expected));
  }
  const [own, recorded] = [lastOf(ours), lastOf(theirs)];
  const expected = [...recorded].filter(([key]) => !heldBack.has(key.split(' ')[1]));
  expect(new Map([...own].sort())).toEqual(new Map(expected.sort()));
  expect(rowsOf(ours, 'mutations')).toHaveLength(own.size);
}

describe.skipIf(!hasDatabases)('golden/cloud/roundtrip/alice-0-before.db', () => {
  it.skipIf(there.length === 0)('is pushed as the Go program pushed it, but for what stays home; twice is once', async () => {
    const story = there[0]?.[1];
    if (!story) return;
    const tables = tablesOf(kit.sqlJs, 'alice-0-before.db');
    const server = new CloudModel();
    const alice = memberWith('alice', server, tables);
    const misplaced = titled(tables, 'Demo memory in a session of another project');
    const { exported } = await alice.sync({ includePersonal: true });
    expect(exported).toMatchObject({ sessions: 1, memories: 6, prompts: 2, mutations: 9, heldBack: 1, personal: 0 });
    const [recorded] = story.chunks("after alice's first push");
    comparePush(
      server.chunk('demo', exported.chunkIds[0] ?? ''),
      JSON.parse(recorded?.text ?? '{}') as Row,
      new Set([misplaced, 'sess-other']),
    );
    const other = titled(tables, 'Other project');
    expect(alice.pending()).toEqual(['upsert session sess-other', `upsert observation ${other}`, `upsert observation ${misplaced}`]);
    expect(all(alice, 'sessions').find((row) => row['id'] === 'sess-other')).toMatchObject({ project: 'other' });
    expect((await alice.sync({ includePersonal: true })).exported.chunkIds).toEqual([]);
  });

  it('keeps the personal memory home unless it is asked for', async () => {
    const server = new CloudModel();
    const alice = memberWith('alice', server, tablesOf(kit.sqlJs, 'alice-0-before.db'));
    expect((await alice.sync()).exported).toMatchObject({ memories: 5, personal: 1, heldBack: 1 });
    expect(JSON.stringify(server.chunk('demo', server.ids('demo')[0] ?? ''))).not.toContain('scope personal');
  });

  it.each(['alice-1-after-first-sync.db', 'alice-2-after-second-sync.db', 'bob-1-after-first-import.db'])(
    '%s has nothing to tell a server that has its chunks',
    async (file) => {
      const story = there[0]?.[1];
      if (!story) return;
      const server = new CloudModel();
      story.serve(server, file.startsWith('alice-2') ? "after alice's second push" : "after alice's first push");
      const before = tablesOf(kit.sqlJs, file);
      const member = memberWith('member', server, before);
      const { exported } = await member.sync({ includePersonal: true });
      expect(exported.chunkIds).toEqual([]);
      expect(seenBy(member).filter((text) => text !== KEPT_PROMPT)).toEqual(seen(before));
      expect(member.pending().filter((row) => !row.includes('sess-other') && !row.includes(titled(before, 'Other project')))).toEqual([]);
    },
  );
});

describe.each(there)('golden/cloud/roundtrip/%s.json', (_name, story) => {
  it('bob imports what the Go program pushed, as the Go program does, and pushes nothing back (W-39)', async () => {
    const server = new CloudModel();
    story.serve(server, "after alice's first push");
    const bob = new CloudMember(kit, 'bob', server.transport('demo'));
    const { imported, exported } = await bob.sync();
    expect(imported.summary.problems.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const recorded = story.tables('bob after the first import');
    for (const table of ['sessions', 'observations', 'user_prompts', 'prompt_tombstones']) {
      const fields = (row: SqlRow): Row => {
        // Two versions of one second that differ in the count alone: of those all members of ours take the same, not the last.
        const {
          id,
          duplicate_count: _d,
          review_after: _,
          expires_at: _e,
          embedding: _m,
          embedding_model: _n,
          embedding_created_at: _c,
          ...rest
        } = row;
        return { ...(table === 'sessions' && { id }), ...rest };
      };
      expect(byId(all(bob, table).map(fields)), table).toMatchObject(byId((recorded[table] ?? []).map(fields)));
      expect(all(bob, table)).toHaveLength(recorded[table]?.length ?? 0);
    }
    expect(exported.chunkIds).toEqual([]);
    expect(bob.pending()).toEqual([]);
  });

  it('alice’s second round goes as it went, each change once; the echo of her first changes nothing of hers', async () => {
    const server = new CloudModel();
    const [first, echo, second] = story.chunks("after alice's second push");
    if (!first || !echo || !second) throw new Error('the story has changed');
    for (const { entry, text } of [first, echo]) server.store('demo', entry, text);
    const before = story.tables('alice second round, before the sync');
    const alice = memberWith('alice', server, before);
    const { exported } = await alice.sync({ includePersonal: true });
    expect(seenBy(alice)).toEqual(seen(before));
    const theirs = JSON.parse(second.text) as Row;
    const ours = server.chunk('demo', exported.chunkIds[0] ?? '');
    // Of the session that lived for a moment only its end is told, and nothing of the prompt in it.
    const gone = [...lastOf(theirs)].flatMap(([key, row]) => (row['content'] === KEPT_PROMPT ? [key.split(' ')[1]] : []));
    // The misplaced memory's session was news to the Go program only because its project was rewritten.
    comparePush(ours, theirs, new Set([...gone, 'sess-other']));
    expect(alice.pending().every((row) => row.includes('sess-other') || row.includes(titled(before, 'Other project')))).toBe(true);
  });

  it('ends the same for both, nothing deleted returns and the later edit wins, where the Go programs differ', async () => {
    const server = new CloudModel();
    story.serve(server, "after bob's push");
    const alice = memberWith('alice', server, story.tables('alice after the second sync'));
    const bob = new CloudMember(kit, 'bob', server.transport('demo'));
    await alice.sync({ includePersonal: true });
    await bob.sync();
    const recorded = story.tables('bob after the second import');
    const ends = seen(recorded).map((text) => (text === 'Use SQLite: Edited twice' ? laterEdit(story) : text));
    ends.push(KEPT_PROMPT);
    expect(seenBy(bob)).toEqual(ends.toSorted());
    expect(seenBy(alice)).toEqual([...ends, 'Other project: never leaves this machine'].toSorted());
    expect(seen(story.tables("alice after bob's chunk"))).toContain('Temporary: Will be hard-deleted later');
    expect(all(alice, 'sessions').find((row) => row['id'] === 'sess-other')).toMatchObject({ project: 'other' });
    expect(server.pushes).toEqual([]);
  });
});
