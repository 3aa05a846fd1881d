import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AutosyncManager } from '../../../src/engine/cloud/autosync.ts';
import type { Http, HttpRequest, HttpResponse } from '../../../src/engine/cloud/cloudPorts.ts';
import { MutationTransport } from '../../../src/engine/cloud/mutationTransport.ts';
import type { SqlRow } from '../../../src/engine/ports.ts';
import { goldenPath } from '../../golden.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { fill, type Tables } from '../../support/cloudStory.ts';
import { WASM_PATH } from '../../support/wasm.ts';

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly query: string; readonly body?: string };
  readonly response: { readonly status: number; readonly body: string };
}
interface Step {
  readonly api?: { readonly method: string; readonly path: string };
  readonly response?: Readonly<Record<string, string | number>>;
  readonly event?: string;
  readonly http?: readonly Exchange[];
  readonly sync_status?: { readonly phase: string; readonly reason_code: string; readonly last_error: string };
  readonly snapshot?: string;
  readonly tables?: Tables;
}

const SERVER = 'http://127.0.0.1:1';
const NOTHING = '{"mutations":[],"has_more":false,"latest_seq":0}';

function stepsOf(name: string): readonly Step[] {
  const path = goldenPath('cloud', 'roundtrip', `${name}.json`);
  if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { steps: readonly Step[] }).steps;
  console.log(`skipped: golden/cloud/roundtrip/${name}.json is not here`);
  return [];
}

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

/** Answers as the real server did, and keeps what it was asked. What ours asks besides (a pull before the first push) has nothing to tell. */
class RecordedServer implements Http {
  asked: string[] = [];
  #expected: Exchange[] = [];

  begin(exchanges: readonly Exchange[]): void {
    this.#expected = [...exchanges];
    this.asked = [];
  }

  async send({ method, url, body }: HttpRequest): Promise<HttpResponse> {
    const place = this.#expected.findIndex(({ request }) => request.method === method);
    const first = this.#expected[0];
    if (place < 0 || (method === 'GET' && first?.request.method === 'POST' && first.response.status === 200)) {
      const count = body ? (JSON.parse(new TextDecoder().decode(body)) as { entries: unknown[] }).entries.length : 0;
      return answer(200, method === 'GET' ? NOTHING : `{"accepted_seqs":[${Array.from({ length: count }, (_, n) => n + 1)}]}`);
    }
    const [{ response } = { response: { status: 500, body: '' } }] = this.#expected.splice(place, 1);
    this.asked.push(`${method} ${url.replace(SERVER, '')} ${body ? new TextDecoder().decode(body) : ''}`.trim());
    return answer(response.status, response.body);
  }
}

function answer(status: number, body: string): HttpResponse {
  return { status, headers: new Map(), body: new TextEncoder().encode(body) };
}

function recorded({ request: { method, path, query, body } }: Exchange): string {
  return `${method} ${path}${query === '' ? '' : `?${query}`} ${body ?? ''}`.trim();
}

interface Run {
  readonly carol: CloudMember;
  readonly manager: AutosyncManager;
  readonly server: RecordedServer;
}

function start(): Run {
  const server = new RecordedServer();
  const carol = new CloudMember(kit, 'carol', new CloudModel().transport('demo'));
  return { carol, server, manager: carol.autosync({ transport: new MutationTransport({ http: server, server: SERVER }) }) };
}

async function cycle({ carol, manager, server }: Run, step: Step): Promise<void> {
  server.begin(step.http ?? []);
  carol.now += 10 * 60_000;
  await manager.runOnce();
}

function patch({ carol }: Run, row: Readonly<Record<string, string | number>>): void {
  const values = ['title', 'content', 'revision_count', 'updated_at', 'sync_id'].map((name) => row[name] ?? null);
  carol.databases.memories.run(
    'UPDATE observations SET title = ?, content = ?, revision_count = ?, updated_at = ? WHERE sync_id = ?',
    values,
  );
}

describe.each(['autosync-14-14', 'autosync-16-16'])('golden/cloud/roundtrip/%s.json', (name) => {
  const steps = stepsOf(name);
  it.skipIf(steps.length === 0)('asks as the Go program asked, cycle by cycle, and keeps what it had', async () => {
    const run = start();
    const written = steps.find(({ snapshot }) => snapshot === 'after the first cycle')?.tables ?? {};
    fill(run.carol.databases.memories, { sessions: written['sessions'] ?? [], observations: written['observations'] ?? [] });
    run.carol.cloud.enroll('demo', run.carol.at);
    let cycles = 0;
    for (const step of steps) {
      if (step.api?.method === 'PATCH' && step.response) patch(run, step.response);
      if (!step.http?.length || !step.sync_status) continue;
      await cycle(run, step);
      cycles += 1;
      expect(run.server.asked, step.event).toEqual(step.http.map(recorded));
      const { phase, last_error: lastError } = step.sync_status;
      expect(run.manager.status, step.event).toMatchObject({ phase: phase === 'healthy' ? 'healthy' : 'push_failed', lastError });
      // The Go program does not tell a pause from a broken connection.
      expect(run.manager.status.reasonCode).toBe(phase === 'healthy' ? '' : 'paused');
    }
    expect(cycles).toBe(5);
    const contents = (rows: readonly SqlRow[] = []): unknown[] => rows.map((row) => [row['title'], row['content'], row['revision_count']]);
    const end = steps.find(({ snapshot }) => snapshot === 'at the end')?.tables?.['observations'];
    expect(contents(run.carol.databases.memories.all('SELECT * FROM observations'))).toEqual(contents(end));
    expect(run.carol.pending()).toEqual([]);
  });
});

describe('golden/cloud/roundtrip/autosync-faults-14.json', () => {
  const steps = stepsOf('autosync-faults-14');
  const eventOf = (event: string): Step => steps.find((step) => step.event === event) ?? {};

  it.skipIf(steps.length === 0)('says of each refusal what the Go program said', async () => {
    const run = start();
    run.carol.session('s1', { directory: '/home/carol/demo', startedAt: '2026-11-23 18:37:27' });
    for (const [failures, status] of [401, 404, 403].entries()) {
      const step = eventOf(`push answered ${status}`);
      await cycle(run, step);
      expect(run.server.asked).toEqual((step.http ?? []).map(recorded));
      const { reason_code: reasonCode = '', last_error: lastError = '' } = step.sync_status ?? {};
      expect(run.manager.status).toMatchObject({ phase: 'push_failed', reasonCode, lastError, consecutiveFailures: failures + 1 });
      const state = { lifecycle: 'degraded', reasonCode: 'transport_failed', reasonMessage: lastError, lastError, lastAckedSeq: 0 };
      expect(run.carol.cloud.syncState('cloud')).toMatchObject({ ...state, consecutiveFailures: failures + 1 });
      expect(run.carol.cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'pending', lastEnqueuedSeq: 1, lastAckedSeq: 0 });
    }
  });

  it.skipIf(steps.length === 0)(
    'acknowledges nothing that the server has not confirmed, passes over what it cannot use, and goes on',
    async () => {
      const run = start();
      run.carol.session('s1', { directory: '/home/carol/demo', startedAt: '2026-11-23 18:37:27' });
      await cycle(run, eventOf('push answered 200 with an empty list: acknowledged all the same'));
      expect(run.manager.status).toMatchObject({ phase: 'push_failed', reasonCode: 'transport_failed' });
      expect(run.carol.pending()).toEqual(['upsert session s1']);
      await cycle(run, eventOf('pull gives an entity that cannot be applied'));
      expect(run.manager.status).toMatchObject({ phase: 'healthy' });
      expect(run.carol.cloud.syncState('cloud')).toMatchObject({ lifecycle: 'healthy', lastPulledSeq: 5 });
      const step = eventOf('an observation without project');
      const row = steps.findLast((each) => each.tables?.['observations']?.length === 1)?.tables ?? {};
      const [observation] = row['observations'] ?? [];
      run.carol.databases.memories.run(
        `INSERT INTO observations(sync_id, session_id, type, title, content, scope, last_seen_at, created_at, updated_at) VALUES(?, 's1', 'manual', ?, ?, 'project', ?, ?, ?)`,
        ['sync_id', 'title', 'content', 'last_seen_at', 'created_at', 'updated_at'].map((name) => observation?.[name] ?? null),
      );
      await cycle(run, step);
      // Ours names the project in the payload, too: an importer need not have the session to know it.
      expect(run.server.asked[0]?.replace('"project":"demo","scope"', '"scope"')).toBe((step.http ?? []).map(recorded)[0]);
      expect(run.carol.pending()).toEqual([]);
    },
  );
});
