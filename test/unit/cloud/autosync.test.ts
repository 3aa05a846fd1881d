import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AutosyncManager, Later } from '../../../src/engine/cloud/autosync.ts';
import { AUTOSYNC_DEFAULTS, backoffMs } from '../../../src/engine/cloud/autosyncSettings.ts';
import type { NewMutation } from '../../../src/engine/cloud/cloudPorts.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel, refusal } from '../../support/cloudModel.ts';
import { WASM_PATH } from '../../support/wasm.ts';

let kit: DatabaseKit;
let server: CloudModel;
let ann: CloudMember;
let bob: CloudMember;

const member = (name: string): CloudMember => new CloudMember(kit, name, server.transport('demo'));
const managerOf = (who: CloudMember): AutosyncManager => who.autosync({ transport: server.channel() });
const keys = (): string[] => server.mutations.map(({ op, entity, entityKey }) => `${op} ${entity} ${entityKey}`);

beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

beforeEach(() => {
  server = new CloudModel();
  [ann, bob] = [member('ann'), member('bob')];
});

/** The timers of a manager, by hand. */
class Timers {
  readonly waiting: { readonly delayMs: number; readonly run: () => void }[] = [];

  readonly later: Later = (delayMs, run) => {
    const timer = { delayMs, run };
    this.waiting.push(timer);
    return () => {
      const place = this.waiting.indexOf(timer);
      if (place >= 0) this.waiting.splice(place, 1);
    };
  };
}

describe.each([false, true])('two members over single mutations, newer server: %s', (isNewer) => {
  beforeEach(() => {
    server = new CloudModel(isNewer);
    [ann, bob] = [member('ann'), member('bob')];
  });

  it('share what one has saved, edited and deleted, and push nothing back', async () => {
    const [ours, theirs] = [managerOf(ann), managerOf(bob)];
    ann.save('obs-1');
    ann.save('obs-2');
    ann.prompt('prompt-1');
    await ours.runOnce();
    expect(keys()).toEqual([
      'upsert session session-ann',
      'upsert observation obs-1',
      'upsert observation obs-2',
      'upsert prompt prompt-1',
    ]);
    expect(ann.pending()).toEqual([]);
    await theirs.runOnce();
    expect(bob.live()).toEqual(ann.live());
    ann.edit('obs-1', { title: 'Better' });
    ann.remove('obs-2');
    ann.removePrompt('prompt-1');
    await ours.runOnce();
    await theirs.runOnce();
    expect(bob.live()).toEqual(ann.live());
    expect(bob.titles()).toEqual(['Better']);
    const count = server.mutations.length;
    expect(count).toBe(7);
    for (const each of [ours, theirs, ours]) await each.runOnce();
    for (const each of [ann, bob]) expect((await each.sync()).exported.chunkIds).toEqual([]);
    expect(server.mutations).toHaveLength(count);
    expect([ours, theirs].map(({ status }) => [status.phase, status.problems])).toEqual([
      ['healthy', []],
      ['healthy', []],
    ]);
  });

  it('never takes back a later edit of one’s own, which the server does not know yet', async () => {
    const ours = managerOf(ann);
    ann.save('obs-1');
    await ours.runOnce();
    ann.edit('obs-1', { title: 'Two' });
    server.take = () => {
      throw refusal(503, '', 'busy');
    };
    await ours.runOnce();
    expect(ours.status).toMatchObject({ phase: 'push_failed', consecutiveFailures: 1, reasonCode: 'transport_failed' });
    Reflect.deleteProperty(server, 'take');
    ann.now += 60_000;
    await ours.runOnce();
    expect(ann.titles()).toEqual(['Two']);
    expect(server.mutations.at(-1)?.payload).toContain('"Two"');
  });

  it('fill an index that was made anew, and push nothing that the cloud has', async () => {
    const [ours, theirs] = [managerOf(ann), managerOf(bob)];
    ann.save('obs-1');
    await ours.runOnce();
    await theirs.runOnce();
    bob.databases.loseIndex();
    await theirs.runOnce();
    await theirs.runOnce();
    expect(keys()).toEqual(['upsert session session-ann', 'upsert observation obs-1']);
    expect(bob.live()).toEqual(ann.live());
  });

  it('give a project that is enrolled later everything from the start', async () => {
    const [ours, theirs] = [managerOf(ann), managerOf(bob)];
    bob.cloud.unenroll('demo');
    bob.cloud.enroll('else', bob.at);
    ann.save('obs-1');
    await ours.runOnce();
    await theirs.runOnce();
    expect(bob.titles()).toEqual([]);
    bob.cloud.enroll('demo', bob.at);
    await theirs.runOnce();
    expect(bob.titles()).toEqual(['Title of obs-1']);
  });
});

describe('an entry that a server cannot take', () => {
  it('is kept out of the batch where it has no canonical form, and told', async () => {
    server = new CloudModel(true);
    ann = member('ann');
    const ours = managerOf(ann);
    ann.save('obs-good');
    ann.session('session-bad', { startedAt: '' });
    ann.cloud.enqueue(
      { entity: 'observation', entityKey: 'gone', op: 'delete', payload: '{"sync_id":"another","deleted":true}', project: 'demo' },
      ann.at,
    );
    await ours.runOnce();
    expect(ours.status.phase).toBe('healthy');
    expect(ours.status.problems.map(({ code }) => code)).toEqual(['cloud-refused']);
    expect(keys()).toContain('upsert observation obs-good');
    expect(ann.pending()).toEqual(['delete observation gone']);
  });

  it('is found by halving where the server alone knows why, and is not tried again until it changes', async () => {
    const batches: number[] = [];
    const ours = managerOf(ann);
    for (let n = 0; n < 8; n += 1) ann.save(`obs-${n}`, { title: n === 3 ? 'bad' : `Good ${n}` });
    server.take = (entries: readonly NewMutation[]) => {
      batches.push(entries.length);
      if (entries.some(({ payload }) => payload.includes('"bad"'))) throw refusal(500, '', 'insert: (SQLSTATE 22P05)');
      CloudModel.prototype.take.call(server, entries);
    };
    await ours.runOnce();
    expect(keys()).toHaveLength(8);
    expect(ann.pending()).toEqual(['upsert observation obs-3']);
    expect(ours.status).toMatchObject({ phase: 'healthy', problems: [{ code: 'cloud-refused' }] });
    batches.length = 0;
    await ours.runOnce();
    expect(batches).toEqual([]);
    ann.edit('obs-3', { title: 'Good 3' });
    await ours.runOnce();
    expect([keys().length, ann.pending()]).toEqual([9, []]);
  });

  it('that comes from the cloud costs itself: the cursor goes on', async () => {
    const [ours, theirs] = [managerOf(ann), managerOf(bob)];
    server.take([
      { project: 'demo', entity: 'moon', entityKey: 'm', op: 'upsert', payload: '{}' },
      { project: 'demo', entity: 'session', entityKey: 's', op: 'upsert', payload: '"no object"' },
    ]);
    ann.save('obs-1');
    await ours.runOnce();
    await theirs.runOnce();
    expect(bob.titles()).toEqual(['Title of obs-1']);
    expect(theirs.status).toMatchObject({ phase: 'healthy', problems: [{ code: 'cloud-answer', severity: 'info' }] });
    expect(bob.cloud.syncState('cloud')).toMatchObject({ lifecycle: 'healthy', lastPulledSeq: 4 });
  });
});

it('a hidden row that a newer server tells as an upsert stays hidden', async () => {
  const row = { sync_id: 'obs-1', session_id: 's', type: 't', title: 'Gone', content: 'c', project: 'demo', scope: 'project' };
  const payload = JSON.stringify({
    ...row,
    created_at: '2026-01-01 00:00:00',
    updated_at: '2026-01-03 00:00:00',
    deleted_at: '2026-01-02 00:00:00',
  });
  server.take([{ project: 'demo', entity: 'observation', entityKey: 'obs-1', op: 'upsert', payload }]);
  await managerOf(bob).runOnce();
  expect(bob.titles()).toEqual([]);
});

describe('what a server says when it refuses', () => {
  const cases = [
    [401, '', 'auth_required'],
    [403, 'policy_forbidden', 'policy_forbidden'],
    [404, 'server_unsupported', 'transport_failed'],
    [409, 'sync-paused', 'paused'],
  ] as const;
  it.each(cases)('%i %s', async (status, code, reasonCode) => {
    const ours = managerOf(ann);
    ann.save('obs-1');
    server.take = () => {
      throw refusal(status, code, 'no');
    };
    await ours.runOnce();
    const lastError = `push: transport push project "demo": cloud: push chunk: status ${status}: no`;
    expect(ours.status).toMatchObject({ phase: 'push_failed', reasonCode, lastError, consecutiveFailures: 1 });
    expect(ann.cloud.syncState('cloud')).toMatchObject({ lifecycle: 'degraded', reasonCode: 'transport_failed', lastError });
    expect(ann.pending()).toHaveLength(2);
  });
});

describe('waiting', () => {
  it('doubles, up to five minutes, a quarter more or less; after many failures half an hour', () => {
    const at = (failures: number, random: number): number => backoffMs(failures, AUTOSYNC_DEFAULTS, random);
    expect([1, 2, 3, 9].map((failures) => at(failures, 0.5))).toEqual([1000, 2000, 4000, 256_000]);
    expect([at(1, 0), at(1, 0.999), at(9, 0.999)]).toEqual([750, 1250, 300_000]);
    expect([at(10, 0), at(10, 0.5), at(40, 0.5)]).toEqual([1_350_000, 1_800_000, 1_800_000]);
  });

  it('ends by itself: a server that comes back after days is found', async () => {
    const ours = managerOf(ann);
    ann.save('obs-1');
    let tries = 0;
    server.take = () => {
      tries += 1;
      throw refusal(503, '', 'away');
    };
    for (let n = 0; n < 400; n += 1) {
      ann.now += 60_000;
      await ours.runOnce();
    }
    expect(ours.status).toMatchObject({ phase: 'backoff', reasonCode: 'transport_failed' });
    expect(tries).toBeGreaterThan(15);
    expect(tries).toBeLessThan(40);
    Reflect.deleteProperty(server, 'take');
    ann.now += 40 * 60_000;
    await ours.runOnce();
    expect(ours.status).toMatchObject({ phase: 'healthy', consecutiveFailures: 0, backoffUntilMs: undefined, lastError: '' });
    expect(keys()).toContain('upsert observation obs-1');
  });
});

describe('when it runs', () => {
  it('is every thirty seconds, and soon after something was saved; never before it is started, never after it is stopped', async () => {
    const timers = new Timers();
    const manager = ann.autosync({ transport: server.channel(), later: timers.later });
    expect(timers.waiting.map(({ delayMs }) => delayMs)).toEqual([30_000]);
    manager.notifyDirty();
    expect(timers.waiting.map(({ delayMs }) => delayMs)).toEqual([500]);
    ann.save('obs-1');
    timers.waiting[0]?.run();
    await manager.runOnce();
    expect(keys()).toContain('upsert observation obs-1');
    expect(timers.waiting.map(({ delayMs }) => delayMs)).toContain(30_000);
    await manager.stop();
    expect(timers.waiting.filter(({ delayMs }) => delayMs === 30_000)).toHaveLength(0);
    ann.save('obs-2');
    manager.notifyDirty();
    await manager.runOnce();
    expect(keys()).not.toContain('upsert observation obs-2');
  });

  it('is one window at a time, and the next one as soon as the first is closed', async () => {
    const [first, second] = [managerOf(ann), managerOf(ann)];
    ann.save('obs-1');
    await first.runOnce();
    ann.save('obs-2');
    await second.runOnce();
    expect(keys()).not.toContain('upsert observation obs-2');
    await first.stop();
    await second.runOnce();
    expect(keys()).toContain('upsert observation obs-2');
  });

  it('is not during an upgrade', async () => {
    const manager = managerOf(ann);
    await expect(manager.stopForUpgrade(' ')).rejects.toThrow('autosync stop requires project');
    await expect(manager.resumeAfterUpgrade('')).rejects.toThrow('autosync resume requires project');
    await manager.stopForUpgrade('demo');
    expect(manager.status).toMatchObject({ phase: 'disabled', reasonCode: 'paused' });
    ann.save('obs-1');
    await manager.runOnce();
    expect(keys()).toEqual([]);
    await manager.resumeAfterUpgrade('demo');
    expect(manager.status).toMatchObject({ phase: 'idle', reasonCode: '' });
    await manager.runOnce();
    expect(keys()).toContain('upsert observation obs-1');
  });

  it('waits for the cycle that runs before it says that it stands still', async () => {
    const events: string[] = [];
    const channel = server.channel();
    const manager = ann.autosync({
      transport: {
        push: channel.push,
        pullMutations: async (...given) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          events.push('pulled');
          return channel.pullMutations(...given);
        },
      },
    });
    const cycle = manager.runOnce();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await manager.stopForUpgrade('demo');
    events.push('stopped');
    await cycle;
    expect(events.at(-1)).toBe('stopped');
    expect(manager.status.phase).toBe('disabled');
  });
});
