import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { chunkId } from '../../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../../src/engine/cloud/canonical.ts';
import { ChunkNotFoundError, EngramError } from '../../../src/engine/errors.ts';
import type { SqlRow } from '../../../src/engine/ports.ts';
import { goldenPath } from '../../golden.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel, refusal } from '../../support/cloudModel.ts';
import { WASM_PATH } from '../../support/wasm.ts';

/** Chunks of every odd kind, each pushed to the real server and imported by the Go program; ours imports them from the model of the server. */
const path = goldenPath('cloud', 'roundtrip', 'import-edge.json');
const cases: readonly EdgeCase[] = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as EdgeCase[]) : [];
if (cases.length === 0) console.log('skipped: golden/cloud/roundtrip/import-edge.json is not here');

interface EdgeCase {
  readonly name: string;
  readonly steps: readonly EdgeStep[];
}
interface EdgeStep {
  readonly push?: unknown;
  readonly server_sql?: string;
  readonly server_fault?: string | null;
  readonly argv?: readonly string[];
  readonly snapshot?: string;
  readonly tables?: Readonly<Record<string, readonly SqlRow[]>>;
}

const WHOLE = ['session s1 /home/alice/demo 2026-01-02 03:04:05', 'memory obs-1 T r1 2026-01-02 03:05:00', 'prompt prompt-1 hi'];
const S2 = 'session s2 /home/alice/demo 2026-01-02 03:04:05';

/** Where the rows end otherwise than v1.14.0, and why. The end state after the first import; after the second it is the same. */
const BETTER: Readonly<Record<string, { readonly why: string; readonly ends: readonly string[] }>> = {
  'session of the observation is in no chunk: stalls for ever': {
    why: 'W-10, W-26: a placeholder session, and the later chunk is reached',
    ends: [S2, 'session s1 (recovered-missing-session) 1970-01-01 00:00:00', 'memory obs-1 T r1 2026-01-02 03:05:00'],
  },
  'session upsert, delete, upsert and an observation in one chunk: stalls for ever (W-27)': {
    why: 'W-27: nothing stalls',
    ends: WHOLE.slice(0, 2),
  },
  'session delete of a session with prompts only: prompts go without tombstones': {
    why: 'W-26: nobody has deleted the prompt, so it stays, and its session with it',
    ends: [WHOLE[0] ?? '', WHOLE[2] ?? ''],
  },
  'chunk of a wrong type: the import stops, later chunks are not reached': {
    why: 'W-11: a bad record costs itself',
    ends: [...WHOLE, 'session s3 /home/alice/demo 2026-01-02 03:04:05'],
  },
  'older revision in a later chunk wins (W-23)': {
    why: 'W-23: the later edit wins, wherever it stands',
    ends: [WHOLE[0] ?? '', 'memory obs-1 rev 5 r5 2026-01-09 00:00:00'],
  },
  'soft delete before the upsert: the row is live (W-24)': { why: 'W-24: a deletion beats what is older', ends: [WHOLE[0] ?? ''] },
  'session end and a later upsert without summary: the summary is kept': {
    why: 'W-22: what an upsert does not say is kept, the start too; of two directories all members take the same',
    ends: ['session s1 /home/alice/demo 2026-01-02 03:04:05 2026-01-02 04:00:00 done'],
  },
  'session upsert without started_at: now': {
    why: 'a start that nobody knows is not made up',
    ends: ['session s1 /home/alice/demo 1970-01-01 00:00:00'],
  },
  'observation upsert clears topic_key, tool_name and deleted_at; counts and times are kept when absent': {
    why: 'W-24: an upsert without a time of its own is older than the deletion',
    ends: [WHOLE[0] ?? ''],
  },
  'topic key in capitals and a long content are taken as they are': {
    why: 'topic keys are kept in one form, so that two members mean the same one',
    ends: [WHOLE[0] ?? '', 'memory obs-1 T a-b r1 2026-01-02 03:05:00'],
  },
};

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

function described(tables: Readonly<Record<string, readonly SqlRow[]>>): string[] {
  const line = (kind: string, row: SqlRow, fields: readonly string[]): string =>
    [kind, ...fields.map((field) => (field === 'revision_count' ? `r${row[field]}` : row[field]))]
      .filter((part) => part !== null)
      .join(' ');
  const rows = (table: string): readonly SqlRow[] => tables[table] ?? [];
  return [
    ...rows('sessions').map((row) => line('session', row, ['id', 'directory', 'started_at', 'ended_at', 'summary'])),
    ...rows('observations')
      .filter((row) => row['deleted_at'] === null)
      .map((row) => line('memory', row, ['sync_id', 'title', 'topic_key', 'revision_count', 'updated_at'])),
    ...rows('user_prompts').map((row) => line('prompt', row, ['sync_id', 'content'])),
    ...rows('prompt_tombstones').map((row) => line('deleted prompt', row, ['sync_id', 'deleted_at'])),
    ...rows('memory_relations').map((row) => line('relation', row, ['sync_id', 'relation'])),
  ].sort();
}

function own({ databases: { memories } }: CloudMember): string[] {
  const names = ['sessions', 'observations', 'user_prompts', 'prompt_tombstones', 'memory_relations'];
  return described(Object.fromEntries(names.map((name) => [name, memories.all(`SELECT * FROM ${name}`)])));
}

function push(server: CloudModel, chunk: unknown): void {
  const bytes = canonicalizeForProject(new TextEncoder().encode(JSON.stringify(chunk)), 'demo');
  const counts = { sessions: 0, memories: 0, prompts: 0 };
  server.push('demo', chunkId(bytes), bytes, { id: chunkId(bytes), createdBy: 'hand', createdAt: '2026-01-05T00:00:00Z', ...counts });
}

/** Two statements are all that the cases have. */
function runSql(server: CloudModel, sql: string): void {
  const [, json, changed] = /payload='(.*)' where chunk_id='(\w+)'/.exec(sql) ?? [];
  const [, removed] = /^delete from cloud_chunks where chunk_id='(\w+)'/.exec(sql) ?? [];
  if (json !== undefined && changed !== undefined) server.replace('demo', changed, json);
  else if (removed !== undefined) server.remove('demo', removed);
  else throw new Error(`a statement that the model does not know: ${sql}`);
}

function faulty(fault: string, id: string): Error {
  const [, status] = /answers (\d+)/.exec(fault) ?? [];
  if (status === '404') return new ChunkNotFoundError(id);
  return status === '503' ? refusal(503, '', 'maintenance') : new EngramError('cloud-answer', 'cloud: empty chunk payload');
}

describe.skipIf(cases.length === 0)('golden/cloud/roundtrip/import-edge.json', () => {
  it('is all there, and no difference is listed in vain', () => {
    expect(cases).toHaveLength(27);
    expect(Object.keys(BETTER).filter((name) => !cases.some((one) => one.name === name))).toEqual([]);
    console.log(
      `import-edge: ${cases.length} cases, ${cases.length - Object.keys(BETTER).length} end as v1.14.0, ${Object.keys(BETTER).length} better`,
    );
  });

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (name, { steps }) => {
    const server = new CloudModel();
    const transport = server.transport('demo');
    let fault = '';
    const bob = new CloudMember(kit, 'bob', {
      ...transport,
      readChunk: async (id) => (fault.includes(id) ? Promise.reject(faulty(fault, id)) : transport.readChunk(id)),
    });
    const better = BETTER[name];
    for (const step of steps) {
      if (step.push !== undefined) push(server, step.push);
      if (step.server_sql !== undefined) runSql(server, step.server_sql);
      if (step.server_fault !== undefined) fault = step.server_fault ?? '';
      if (step.argv)
        await bob.syncer.import().catch((error: unknown) => expect([error, fault]).toEqual([expect.any(EngramError), fault || '-']));
      if (step.snapshot !== 'after the import' || !step.tables) continue;
      expect(own(bob), better?.why).toEqual(better ? [...better.ends].sort() : described(step.tables));
      if (better) expect(described(step.tables), 'a difference that is none any more').not.toEqual([...better.ends].sort());
    }
    const end = own(bob);
    await bob.sync();
    expect(own(bob), 'the next sync changes nothing').toEqual(end);
    expect(server.pushes.filter(({ by }) => by === 'bob')).toEqual([]);
  });
});
