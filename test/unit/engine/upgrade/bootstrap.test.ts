import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { enrollProject, unenrollProject } from '../../../../src/engine/cloud/enrolment.ts';
import { type BootstrapParts, bootstrapProject, type UpgradeBootstrapResult } from '../../../../src/engine/upgrade/bootstrap.ts';
import { rollbackProject } from '../../../../src/engine/upgrade/rollback.ts';
import { Killed } from '../../../simulation/fuse.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../../simulation/memberDatabases.ts';
import { WASM_PATH } from '../../../support/wasm.ts';
import { observation } from '../../store/records.ts';
import { CONFIG, UNREACHABLE, UpgradeWorld } from './upgradeWorld.ts';

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

const AT = '2026-11-24 09:00:00';

function bootstrap(parts: BootstrapParts): Promise<UpgradeBootstrapResult> {
  return bootstrapProject(parts, { project: ' Demo ', createdBy: 'ana' });
}

const nothing = (): void => undefined;

describe('a bootstrap', () => {
  it('enrols, sends, fetches, and is done once', async () => {
    const world = new UpgradeWorld(kit);
    expect(await world.run(bootstrap)).toEqual({ project: 'demo', stage: 'bootstrap_verified', resumed: false, noOp: false });
    const rows = world.rows();
    expect(rows['upgrade']).toMatchObject([{ stage: 'bootstrap_verified', repair_class: 'ready', last_error_code: null }]);
    expect([rows['enrolled'], rows['pending']]).toEqual([[{ project: 'demo' }], []]);
    expect(Object.keys(world.sent)).toEqual(['s1', 'obs-1']);
    expect(await world.run(bootstrap)).toEqual({ project: 'demo', stage: 'bootstrap_verified', resumed: true, noOp: true });
    expect(world.calls).toBe(2);
  });

  it('notes what was configured before anything is changed, and keeps it', async () => {
    const world = new UpgradeWorld(kit);
    world.refusal = UNREACHABLE;
    await expect(world.run(bootstrap)).rejects.toMatchObject({
      code: 'cloud-unreachable',
      message: 'bootstrap first push: cloud: fetch manifest: connection refused',
    });
    world.config = '{\n  "server_url": "https://other.example",\n  "token": "secret"\n}';
    await expect(world.run(bootstrap)).rejects.toMatchObject({ code: 'cloud-unreachable' });
    await world.run(async ({ cloud }) => {
      expect(cloud.upgradeState('demo')).toMatchObject({
        stage: 'bootstrap_enrolled',
        repairClass: 'repairable',
        snapshot: { cloudConfigPresent: true, cloudConfigJson: CONFIG, projectEnrolled: false },
      });
    });
    expect(world.server.pushes.length).toBe(0);
  });

  it('never copies a token into the database', async () => {
    const world = new UpgradeWorld(kit);
    world.config = '{"server_url": "https://cloud.example", "token" : "s3cr\\"et"}';
    await world.run(bootstrap);
    const [state] = world.rows()['upgrade'] ?? [];
    expect(state?.['snapshot_json']).toContain('https://cloud.example');
    expect(state?.['snapshot_json']).not.toContain('s3cr');
  });

  it('completes payloads that the cloud would refuse', async () => {
    const world = new UpgradeWorld(kit, (cloud) => {
      cloud.enqueue({ entity: 'session', entityKey: 's1', op: 'upsert', payload: '{"id":"s1","project":"demo"}', project: 'demo' }, AT);
      cloud.enqueue({ entity: 'session', entityKey: 's9', op: 'upsert', payload: 'not json', project: 'demo' }, AT);
    });
    world.refusal = UNREACHABLE;
    await expect(world.run(bootstrap)).rejects.toThrow('first push');
    await world.run(async ({ cloud }) => {
      expect(cloud.pendingMutations(0, 10).map(({ payload }) => payload)).toEqual([
        '{"id":"s1","project":"demo","directory":"/home/ana/demo"}',
        'not json',
      ]);
    });
  });

  it('of a verified project that was unenrolled since sends what is new, and stays verified meanwhile', async () => {
    const world = new UpgradeWorld(kit);
    await world.run(bootstrap);
    await world.run(async ({ cloud, store, checkpoint }) => {
      unenrollProject(cloud, 'demo');
      store.writeObservation(observation({ syncId: 'obs-2', sessionId: 's1', project: 'demo' }));
      await checkpoint();
    });
    world.refusal = UNREACHABLE;
    await expect(world.run(bootstrap)).rejects.toThrow('first push');
    expect(world.rows()['upgrade']).toMatchObject([{ stage: 'bootstrap_verified' }]);
    world.refusal = undefined;
    await world.run(async ({ cloud, checkpoint }) => {
      unenrollProject(cloud, 'demo');
      await checkpoint();
    });
    expect(await world.run(bootstrap)).toMatchObject({ resumed: true, noOp: false });
    expect(Object.values(world.sent).map((payloads) => payloads.length)).toEqual([1, 1, 1]);
  });

  it.each(['', '  '])('of project %j is refused before anything is read', async (project) => {
    const world = new UpgradeWorld(kit);
    await expect(world.run((parts) => bootstrapProject(parts, { project }))).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'cloud upgrade bootstrap requires project',
    });
    expect(world.calls).toBe(0);
  });
});

describe('a bootstrap that is killed', () => {
  it('at any call ends, run again, as if it had not been, and sends nothing twice with another meaning', async () => {
    const whole = new UpgradeWorld(kit);
    await whole.run(bootstrap);
    const expected = whole.rows();
    const calls = whole.calls;
    expect(calls).toBeGreaterThan(80);
    for (let killAt = 1; killAt <= calls; killAt++) {
      const world = new UpgradeWorld(kit);
      await expect(world.run(bootstrap, killAt)).rejects.toThrow(Killed);
      await world.run(bootstrap);
      expect({ killAt, ...world.rows() }).toEqual({ killAt, ...expected });
      expect(world.sent).toEqual(whole.sent);
    }
    console.log(`bootstrap: killed at each of ${calls} calls`);
  });

  it('again and again, with the server away between, ends the same', async () => {
    const whole = new UpgradeWorld(kit);
    await whole.run(bootstrap);
    const expected = whole.rows();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: whole.calls }), fc.boolean()), { maxLength: 5 }), async (runs) => {
        const world = new UpgradeWorld(kit);
        for (const [killAt, isAway] of runs) {
          world.refusal = isAway ? UNREACHABLE : undefined;
          await world.run(bootstrap, killAt).catch(nothing);
        }
        world.refusal = undefined;
        await world.run(bootstrap);
        expect(world.rows()).toEqual(expected);
        expect(world.sent).toEqual(whole.sent);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['nothing configured', undefined, false],
    ['a server, not enrolled', CONFIG, false],
    ['a server and enrolled', CONFIG, true],
  ])('at every fifth call before it is verified is rolled back to exactly what was there: %s', async (_, config, isEnrolled) => {
    const start = async (): Promise<UpgradeWorld> => {
      const world = new UpgradeWorld(kit, (cloud) => isEnrolled && void enrollProject(cloud, 'demo', AT));
      world.config = config;
      return world;
    };
    const whole = await start();
    await whole.run(bootstrap);
    let rolledBack = 0;
    for (let killAt = 1; killAt <= whole.calls; killAt += 5) {
      const world = await start();
      await world.run(bootstrap, killAt).catch(nothing);
      const stage = await world.run(async ({ cloud }) => cloud.upgradeState('demo')?.stage);
      if (stage === undefined || stage === 'bootstrap_verified') continue;
      world.config = '{"server_url":"https://in-between.example"}';
      await world.run((parts) => rollbackProject(parts, { project: 'demo' }));
      rolledBack++;
      expect({ killAt, config: world.config, ...world.rows() }).toMatchObject({
        killAt,
        config,
        enrolled: isEnrolled ? [{ project: 'demo' }] : [],
        upgrade: [{ stage: 'rolled_back' }],
      });
    }
    expect(rolledBack).toBeGreaterThan(8);
  });
});
