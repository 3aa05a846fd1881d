import { describe, expect, it } from 'vitest';
import { EngramError, type EngramErrorCode } from '../../../src/engine/errors.ts';
import type { Call } from '../../../src/host/call.ts';
import type { SessionRequests, SessionSnapshot } from '../../../src/host/session.ts';
import { sessionRequests } from '../../../src/host/sessionRequests.ts';
import { SnapshotKeeper } from '../../../src/host/snapshotKeeper.ts';
import { emptyState, imported } from './fakeFolder.ts';

const synced = {
  imported: imported(2),
  exported: { chunkIds: ['a3f8c1d2'], sessions: 0, memories: 3, prompts: 0, mutations: 0, personal: 1, heldBack: 0 },
};
const answers: Record<string, unknown> = { importChunks: imported(2), sync: synced, cloudSync: synced };

function setUp({ trusted = true, fails }: { trusted?: boolean; fails?: EngramErrorCode } = {}) {
  const calls: string[] = [];
  const logged: string[] = [];
  const snapshots: SessionSnapshot[] = [];
  const keeper = new SnapshotKeeper('project', (snapshot) => snapshots.push(snapshot));
  const call: Call = async (name, args, context) => {
    calls.push(`${name} ${JSON.stringify(args)}`);
    context?.onProgress?.({ phase: 'importing', done: 1, total: 2 });
    if (fails) throw new EngramError(fails, 'It failed.');
    return answers[name] as never;
  };
  const readState = async () => {
    calls.push('state');
    keeper.change({ state: emptyState });
    keeper.succeeded('state');
    return emptyState;
  };
  const consent = {
    give: async () => void calls.push('consent given'),
    withdraw: async () => void calls.push('consent withdrawn'),
  };
  const log = (_level: string, message: string) => logged.push(message);
  const requests = sessionRequests({ call, keeper, consent, trusted: () => trusted, readState, log });
  return { requests, calls, logged, snapshots, keeper };
}

describe('sessionRequests', () => {
  it('shows a sync while it runs and has its result in the snapshot when it resolves', async () => {
    const { requests, calls, snapshots, keeper, logged } = setUp();
    const progress: number[] = [];
    expect(await requests.sync({ project: 'p' }, { onProgress: ({ done }) => progress.push(done) })).toBe(answers['sync']);
    expect(calls).toEqual(['sync [{"project":"p"}]', 'state']);
    expect(snapshots.map(({ activity }) => `${activity.kind} ${activity.done}/${activity.total}`)).toEqual([
      'syncing 0/0',
      'syncing 1/2',
      'syncing 1/2',
      'idle 0/0',
    ]);
    expect(keeper.snapshot).toEqual({
      name: 'project',
      state: emptyState,
      activity: { kind: 'idle', done: 0, total: 0 },
      failure: undefined,
    });
    expect(progress).toEqual([1]);
    expect(logged).toEqual([expect.stringMatching(/^sync \(command\): 2 chunks imported .*, 1 chunks written .*, \d+ ms$/)]);
  });

  it.each<[string, (requests: SessionRequests) => Promise<unknown>]>([
    ['enrolls', (requests) => requests.cloudEnroll('shop')],
    ['syncs with the cloud', (requests) => requests.cloudSync({})],
    ['bootstraps', (requests) => requests.cloudUpgrade('bootstrap', {})],
  ])('takes for consent that a person %s, once it is done and read', async (_what, act) => {
    const { requests, calls } = setUp();
    await act(requests);
    expect(calls.slice(1)).toEqual(['state', 'consent given']);
    const failing = setUp({ fails: 'cloud-unreachable' });
    await expect(act(failing.requests)).rejects.toThrow();
    expect(failing.calls).not.toContain('consent given');
  });

  it.each<[string, (requests: SessionRequests) => Promise<unknown>]>([
    ['unenrolls', (requests) => requests.cloudUnenroll('')],
    ['rolls the upgrade back', (requests) => requests.cloudUpgrade('rollback', {})],
  ])('ends the consent before a person %s, also where that fails', async (_what, act) => {
    const { requests, calls } = setUp({ fails: 'store-locked' });
    await expect(act(requests)).rejects.toThrow();
    expect(calls[0]).toBe('consent withdrawn');
  });

  it('takes no consent for a project that a setting has named while the sync ran', async () => {
    const { requests, calls, keeper } = setUp();
    const cloud = { server: 'https://cloud.example', offeredServer: '', project: 'shop', enrolled: true, toSend: 0, promptsHere: 0 };
    keeper.change({ cloud });
    const syncing = requests.cloudSync({});
    keeper.change({ cloud: { ...cloud, project: 'secrets' } });
    await syncing;
    expect(calls).not.toContain('consent given');
    await requests.cloudSync({});
    expect(calls).toContain('consent given');
  });

  it('takes nothing else for consent', async () => {
    const { requests, calls } = setUp();
    await requests.cloudSync({ automatic: true });
    await requests.cloudUpgrade('doctor', {});
    await requests.cloudAsk();
    await requests.sync({});
    expect(calls.filter((call) => call.startsWith('consent'))).toEqual([]);
  });

  it('does not call a folder failed because the person’s own program did', async () => {
    const { requests, keeper, calls } = setUp({ fails: 'program-failed' });
    await expect(requests.save({ title: 'x', content: 'y' })).rejects.toMatchObject({ code: 'program-failed' });
    expect(keeper.snapshot.failure).toBeUndefined();
    expect(calls.at(-1)).toBe('state');
  });

  it('never logs what somebody wrote', async () => {
    const { requests, logged } = setUp();
    await requests.save({ title: 'hidden title', content: 'hidden content' });
    await requests.edit('obs-1', { title: 'hidden title' });
    await requests.remove('obs-1');
    expect(logged).toHaveLength(3);
    expect(logged.join()).not.toContain('hidden');
  });

  it.each(['disk-full', 'read-only', 'store-corrupt', 'io-failed'] as const)(
    'keeps %s in the snapshot, and rejects with it',
    async (code) => {
      const { requests, keeper } = setUp({ fails: code });
      await expect(requests.exportNew({})).rejects.toMatchObject({ code });
      expect(keeper.snapshot).toMatchObject({ failure: { code }, activity: { kind: 'idle' } });
    },
  );

  it.each(['cancelled', 'invalid-input', 'not-found', 'store-locked'] as const)('leaves no trace of %s', async (code) => {
    const { requests, keeper } = setUp({ fails: code });
    await expect(requests.exportNew({})).rejects.toMatchObject({ code });
    expect(keeper.snapshot).toMatchObject({ failure: undefined, activity: { kind: 'idle' } });
  });

  it('in Restricted Mode passes on only what reads files', async () => {
    const { requests, calls } = setUp({ trusted: false });
    await requests.state();
    await requests.readChunk('a');
    await requests.chunkContents('a');
    const refused = [
      requests.initialise(),
      requests.importChunks({}),
      requests.exportNew({}),
      requests.sync({}),
      requests.save({ title: 't', content: 'c' }),
      requests.edit('o', {}),
      requests.remove('o'),
      requests.memory('o'),
      requests.search('q', {}),
      requests.readMemory('o'),
      requests.readSession('s'),
    ];
    const results = await Promise.allSettled(refused);
    expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual(refused.map(() => 'untrusted'));
    expect(calls).toEqual(['state', 'readChunk ["a"]', 'chunkContents ["a"]']);
  });
});

describe('SnapshotKeeper', () => {
  it('shows the activity begun last, and never one that ended', () => {
    const keeper = new SnapshotKeeper('project', () => undefined);
    const first = keeper.begin('importing');
    const second = keeper.begin('saving');
    first.progress({ phase: 'importing', done: 5, total: 9 });
    expect(keeper.snapshot.activity.kind).toBe('saving');
    second.end();
    expect(keeper.snapshot.activity).toEqual({ kind: 'importing', done: 5, total: 9 });
    first.end();
    first.end();
    first.progress({ phase: 'importing', done: 9, total: 9 });
    expect(keeper.snapshot.activity.kind).toBe('idle');
  });

  it('clears a failure by a success of its own kind, all by a command, and never a full disk by a mere look', () => {
    const keeper = new SnapshotKeeper('project', () => undefined);
    keeper.failed('import', new EngramError('disk-full', 'The disk is full.', { subject: 'engram.db' }));
    keeper.succeeded('state');
    expect(keeper.snapshot.failure).toEqual({ code: 'disk-full', severity: 'error', message: 'The disk is full.', subject: 'engram.db' });
    keeper.succeeded('import');
    expect(keeper.snapshot.failure).toBeUndefined();
    keeper.failed('state', new Error('text for programmers'));
    expect(keeper.snapshot.failure?.message).not.toContain('programmers');
    keeper.succeeded('command');
    expect(keeper.snapshot.failure).toBeUndefined();
  });
});
