import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type MemoryDatabase, openSqlJs } from '../../../src/adapters/sqlJs.ts';
import type { CloudUpgradeState, NewMutation, UpgradeStage } from '../../../src/engine/cloud/cloudPorts.ts';
import type { SqlDatabase } from '../../../src/engine/ports.ts';
import { SqlCloudStore } from '../../../src/store/cloudStore.ts';
import { goldenPath } from '../../golden.ts';
import { memoryDatabase, testSqlJs } from './testDatabase.ts';

const AT = '2026-11-24 10:00:00';
const LATER = '2026-11-24 10:00:05';
const NOW_MS = Date.parse('2026-11-24T10:00:00Z');
const TABLES = ['sync_state', 'sync_mutations', 'cloud_upgrade_state', 'sync_enrolled_projects', 'sync_chunks'];

let database: MemoryDatabase;
let store: SqlCloudStore;

beforeEach(async () => {
  database = await memoryDatabase();
  store = new SqlCloudStore(database);
});

function mutation(entityKey: string, project = 'demo'): NewMutation {
  return { entity: 'session', entityKey, op: 'upsert', payload: `{"id":"${entityKey}"}`, project };
}

function keys(): string[] {
  return store.pendingMutations(0, 100).map((row) => row.entityKey);
}

function everything(of: SqlDatabase = database): unknown {
  return TABLES.map((name) => of.all(`SELECT * FROM ${name}`));
}

describe('the journal', () => {
  it('appends a local row for target cloud, and marks the cloud and the project as pending', () => {
    const seq = store.enqueue(mutation('s1'), AT);
    expect(store.pendingMutations(0, 10)).toEqual([
      {
        seq,
        targetKey: 'cloud',
        entity: 'session',
        entityKey: 's1',
        op: 'upsert',
        payload: '{"id":"s1"}',
        source: 'local',
        project: 'demo',
        occurredAt: AT,
      },
    ]);
    for (const target of ['cloud', 'cloud:demo']) {
      expect(store.syncState(target)).toMatchObject({ lifecycle: 'pending', lastEnqueuedSeq: seq, lastAckedSeq: 0, updatedAt: AT });
    }
  });

  it('marks only the cloud for a row without project, and keeps a reason that stands there', () => {
    store.markBlocked('cloud', 'auth_required', 'no token', AT);
    store.enqueue(mutation('s1', ''), LATER);
    expect(store.syncState('cloud')).toMatchObject({ lifecycle: 'pending', reasonCode: 'auth_required', lastError: 'no token' });
    expect(database.all('SELECT target_key FROM sync_state')).toEqual([{ target_key: 'cloud' }]);
  });

  it('pages by seq, over enrolled projects, others and none', () => {
    const [, second] = ['a', 'b', 'c'].map((key, place) => store.enqueue(mutation(key, ['demo', 'other', ''][place]), AT));
    expect(store.pendingMutations(0, 2).map((row) => row.entityKey)).toEqual(['a', 'b']);
    expect(store.pendingMutations(second ?? 0, 2).map((row) => row.entityKey)).toEqual(['c']);
  });

  it('finds the newest row of an identity, acknowledged or not, and rewrites only one that is pending', () => {
    store.enqueue(mutation('s1'), AT);
    const newest = store.enqueue({ ...mutation('s1'), op: 'delete' }, AT);
    store.replacePayload(newest, '{"id":"new"}');
    store.acknowledge([newest], LATER);
    store.replacePayload(newest, '{"id":"too late"}');
    expect(store.lastMutation('session', 's1')).toMatchObject({ seq: newest, op: 'delete', payload: '{"id":"new"}', ackedAt: LATER });
    expect(store.lastMutation('prompt', 's1')).toBeUndefined();
  });

  it('joins an open transaction, and goes with it', async () => {
    const work = store.transaction(async () => {
      store.enqueue(mutation('s1'), AT);
      throw new Error('stopped');
    });
    await expect(work).rejects.toThrow('stopped');
    expect(keys()).toEqual([]);
    expect(store.syncState('cloud')).toBeUndefined();
  });
});

describe('an acknowledgement', () => {
  it('covers exactly the rows that were delivered: never one before, after or of another project', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('demo', 'other', ''), fc.boolean()), { maxLength: 12 }), (rows) => {
        database.run('DELETE FROM sync_mutations');
        const journal = rows.map(([project, isDelivered], place) => {
          return { key: `s${place}`, project, isDelivered, seq: store.enqueue(mutation(`s${place}`, project), AT) };
        });
        store.acknowledge(
          journal.filter((row) => row.isDelivered).map((row) => row.seq),
          LATER,
        );
        const left = journal.filter((row) => !row.isDelivered);
        expect(keys()).toEqual(left.map((row) => row.key));
        if (left.length === journal.length) return;
        expect(store.syncState('cloud')?.lifecycle).toBe(left.length === 0 ? 'healthy' : 'pending');
      }),
    );
  });

  it('clears what a failure left behind once nothing of the project is pending', () => {
    const seq = store.enqueue(mutation('s1'), AT);
    store.enqueue(mutation('s2', 'other'), AT);
    store.markFailure('cloud:demo', 'connection refused', '2026-11-24T10:00:01Z', AT);
    store.acknowledge([seq], LATER);
    expect(store.syncState('cloud:demo')).toMatchObject({
      lifecycle: 'healthy',
      lastAckedSeq: seq,
      consecutiveFailures: 0,
      backoffUntil: '',
      reasonCode: '',
    });
    expect(store.syncState('cloud')?.lifecycle).toBe('pending');
    expect(store.syncState('cloud:other')).toMatchObject({ lifecycle: 'pending', lastAckedSeq: 0 });
  });

  it.each([
    ['auth_required', ''],
    ['policy_forbidden', ''],
    ['cloud_config_error', ''],
    ['blocked_unenrolled', ''],
    ['paused', ''],
    ['transport_failed', '2026-11-24T10:01:00Z'],
    ['transport_failed', '2026-11-24T12:01:00+02:00'],
  ])('leaves a state that is degraded by %s %s', (reasonCode, until) => {
    const seq = store.enqueue(mutation('s1'), AT);
    if (until === '') store.markBlocked('cloud:demo', reasonCode, 'why', AT);
    else store.markFailure('cloud:demo', 'why', until, AT);
    store.acknowledge([seq], LATER);
    expect(store.syncState('cloud:demo')).toMatchObject({
      lifecycle: 'degraded',
      lastAckedSeq: seq,
      reasonCode,
      reasonMessage: 'why',
      backoffUntil: until,
    });
    expect(store.syncState('cloud')?.lifecycle).toBe('healthy');
  });

  it.each(['soon', '2026-11-24 10:01:00', ''])('takes a waiting time %j for none', (until) => {
    const seq = store.enqueue(mutation('s1'), AT);
    store.markFailure('cloud:demo', 'why', until, AT);
    store.acknowledge([seq], LATER);
    expect(store.syncState('cloud:demo')?.lifecycle).toBe('healthy');
  });

  it('of nothing writes nothing', () => {
    store.acknowledge([], AT);
    expect(everything()).toEqual(TABLES.map(() => []));
  });
});

describe('marks', () => {
  it('count failures, which a block and health clear', () => {
    store.markFailure('cloud:demo', 'first', '2026-11-24T10:00:30Z', AT);
    store.markFailure('cloud:demo', 'second', '2026-11-24T10:00:35Z', LATER);
    expect(store.syncState('cloud:demo')).toMatchObject({
      lifecycle: 'degraded',
      consecutiveFailures: 2,
      reasonCode: 'transport_failed',
      reasonMessage: 'second',
      lastError: 'second',
      backoffUntil: '2026-11-24T10:00:35Z',
    });
    store.markBlocked('cloud:demo', 'auth_required', 'no token', LATER);
    expect(store.syncState('cloud:demo')).toMatchObject({ consecutiveFailures: 0, backoffUntil: '', reasonCode: 'auth_required' });
    store.markPending('cloud:demo', LATER);
    expect(store.syncState('cloud:demo')).toMatchObject({ lifecycle: 'pending', reasonCode: '', reasonMessage: '', lastError: '' });
    store.markHealthy('cloud:demo', LATER);
    expect(store.syncState('cloud:demo')?.lifecycle).toBe('healthy');
  });

  it('move the cursor forward only', () => {
    store.setPulled('cloud', 7, AT);
    store.setPulled('cloud', 0, LATER);
    expect(store.syncState('cloud')).toMatchObject({ lastPulledSeq: 7, updatedAt: AT });
  });

  it('read a lifecycle that nobody knows as idle', () => {
    database.run(`INSERT INTO sync_state(target_key, lifecycle) VALUES('cloud', 'sleeping')`);
    expect(store.syncState('cloud')?.lifecycle).toBe('idle');
  });
});

describe('a question', () => {
  it('writes nothing, whatever it asks', () => {
    expect(store.syncState('cloud')).toBeUndefined();
    expect(store.upgradeState('demo')).toBeUndefined();
    expect(store.isEnrolled('demo')).toBe(false);
    expect(store.enrolledProjects()).toEqual([]);
    expect(store.importedChunks('cloud:demo')).toEqual(new Set());
    store.releaseLease('cloud', 'me');
    expect(everything()).toEqual(TABLES.map(() => []));
  });
});

describe('a lease', () => {
  it('keeps others out until it ends, is released or was its owner’s', () => {
    expect(store.acquireLease('cloud', 'first', 60_000, NOW_MS)).toBe(true);
    expect(store.syncState('cloud')).toMatchObject({ leaseOwner: 'first', leaseUntil: '2026-11-24T10:01:00Z' });
    expect(store.acquireLease('cloud', 'second', 60_000, NOW_MS + 59_000)).toBe(false);
    expect(store.acquireLease('cloud', 'first', 0, NOW_MS + 59_000)).toBe(true);
    store.releaseLease('cloud', 'second');
    expect(store.acquireLease('cloud', 'second', 60_000, NOW_MS + 118_000)).toBe(false);
    expect(store.acquireLease('cloud', 'second', 60_000, NOW_MS + 119_000)).toBe(true);
    store.releaseLease('cloud', 'second');
    expect(store.syncState('cloud')).toMatchObject({ leaseOwner: '', leaseUntil: '' });
  });

  it('whose end cannot be read holds nobody up', () => {
    database.run(`INSERT INTO sync_state(target_key, lease_owner, lease_until) VALUES('cloud', 'first', 'tomorrow')`);
    expect(store.acquireLease('cloud', 'second', 1000, NOW_MS)).toBe(true);
  });
});

describe('enrolment and chunks', () => {
  it('are sets, by project and by target', () => {
    expect([store.enroll('zebra', AT), store.enroll('demo', AT), store.enroll('demo', LATER)]).toEqual([true, true, false]);
    expect(store.enrolledProjects()).toEqual(['demo', 'zebra']);
    store.unenroll('zebra');
    expect([store.isEnrolled('demo'), store.isEnrolled('zebra'), store.isEnrolled('')]).toEqual([true, false, false]);
    store.recordChunk('cloud:demo', 'a1', AT);
    store.recordChunk('cloud:demo', 'a1', LATER);
    store.recordChunk('local', 'b2', AT);
    expect(store.importedChunks('cloud:demo')).toEqual(new Set(['a1']));
  });
});

describe('an upgrade state', () => {
  const stages: readonly UpgradeStage[] = [
    'planned',
    'doctor_blocked',
    'repair_applied',
    'bootstrap_enrolled',
    'bootstrap_pushed',
    'bootstrap_verified',
  ];
  const before = { cloudConfigPresent: true, cloudConfigJson: '{"server_url":"https://a"}', projectEnrolled: false };

  function state(changes: Partial<CloudUpgradeState>): CloudUpgradeState {
    const texts = { lastErrorCode: '', lastErrorMessage: '', findingsJson: '', appliedActions: '' };
    return { project: 'demo', stage: 'planned', repairClass: 'none', snapshot: undefined, ...texts, updatedAt: AT, ...changes };
  }

  it('is read as it was saved', () => {
    const texts = { lastErrorCode: 'c', lastErrorMessage: 'm', findingsJson: '[]', appliedActions: '["x"]' };
    const whole = state({ stage: 'doctor_ready', repairClass: 'ready', snapshot: before, ...texts });
    store.saveUpgradeState(whole);
    expect(store.upgradeState('demo')).toEqual(whole);
    store.saveUpgradeState(state({ stage: 'doctor_ready' }));
    expect(database.all('SELECT last_error_code, findings_json FROM cloud_upgrade_state')).toEqual([
      { last_error_code: null, findings_json: null },
    ]);
  });

  it('keeps its snapshot through every later save, and goes back by a rollback only', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...stages), { minLength: 1, maxLength: 8 }), (saved) => {
        database.run('DELETE FROM cloud_upgrade_state');
        store.saveUpgradeState(state({ snapshot: before }));
        let highest = 0;
        for (const stage of saved) {
          store.saveUpgradeState(state({ stage }));
          highest = Math.max(highest, stages.indexOf(stage) - 2);
          const stored = store.upgradeState('demo');
          expect(stored?.snapshot).toEqual(before);
          expect(stored?.stage).toBe(highest > 0 ? stages[highest + 2] : stage);
        }
        store.saveUpgradeState(state({ stage: 'rolled_back' }));
        expect(store.upgradeState('demo')).toMatchObject({ stage: 'rolled_back', snapshot: before });
      }),
    );
  });

  it('takes a snapshot anew when an upgrade begins after a rollback', () => {
    const after = { cloudConfigPresent: false, cloudConfigJson: '', projectEnrolled: true };
    store.saveUpgradeState(state({ snapshot: before }));
    store.saveUpgradeState(state({ snapshot: after }));
    expect(store.upgradeState('demo')?.snapshot).toEqual(before);
    store.saveUpgradeState(state({ stage: 'rolled_back', snapshot: after }));
    expect(store.upgradeState('demo')?.snapshot).toEqual(before);
    store.saveUpgradeState(state({ stage: 'doctor_ready' }));
    expect(store.upgradeState('demo')?.snapshot).toBeUndefined();
    store.saveUpgradeState(state({ snapshot: after }));
    expect(store.upgradeState('demo')?.snapshot).toEqual(after);
  });

  it('tells a snapshot of nothing from one that nobody took', () => {
    const nothing = { cloudConfigPresent: false, cloudConfigJson: '', projectEnrolled: false };
    store.saveUpgradeState(state({ snapshot: nothing }));
    expect(store.upgradeState('demo')?.snapshot).toEqual(nothing);
    database.run(`UPDATE cloud_upgrade_state SET snapshot_json = '{"cloud_config_present":false,"project_enrolled":false}'`);
    expect(store.upgradeState('demo')?.snapshot).toBeUndefined();
    store.saveUpgradeState(state({ snapshot: { ...nothing, configUnknown: true } }));
    expect(store.upgradeState('demo')?.snapshot).toEqual({ ...nothing, configUnknown: true });
    for (const odd of ['', 'nonsense', 'null', '[]', '7']) {
      database.run('UPDATE cloud_upgrade_state SET snapshot_json = ?', [odd]);
      expect(store.upgradeState('demo')?.snapshot).toBeUndefined();
    }
  });

  it('is normalised: case and white space do not matter, what nobody knows is planned', () => {
    database.run(
      `INSERT INTO cloud_upgrade_state(project, stage, repair_class) VALUES('a', ' Bootstrap_Pushed ', 'READY'), ('b', 'x', 'y')`,
    );
    expect(store.upgradeState('a')).toMatchObject({ stage: 'bootstrap_pushed', repairClass: 'ready' });
    expect(store.upgradeState('b')).toMatchObject({ stage: 'planned', repairClass: 'none' });
  });
});

describe('a database of the Go program', () => {
  it('ends in the state that the Go program recorded when the same rows are acknowledged', async () => {
    const path = goldenPath('cloud/roundtrip/alice-0-before.db');
    if (!existsSync(path)) return void console.log('golden/cloud is absent: skipped');
    const theirs = openSqlJs(await testSqlJs(), readFileSync(path));
    const after = openSqlJs(await testSqlJs(), readFileSync(goldenPath('cloud/roundtrip/alice-1-after-first-sync.db')));
    const journal = new SqlCloudStore(theirs);
    const demo = journal.pendingMutations(0, 100).filter((row) => row.project === 'demo');
    journal.acknowledge(
      demo.map((row) => row.seq),
      LATER,
    );
    const states =
      'SELECT target_key, lifecycle, last_enqueued_seq, last_acked_seq, consecutive_failures FROM sync_state ORDER BY target_key';
    expect(demo).toHaveLength(11);
    expect(theirs.all(states)).toEqual(after.all(states));
    const pending = 'SELECT seq, acked_at IS NULL AS pending FROM sync_mutations';
    expect(theirs.all(pending)).toEqual(after.all(pending));
    theirs.close();
    after.close();
  });
});
