import { beforeAll, describe, expect, it } from 'vitest';
import { enrollProject, unenrollProject } from '../../../../src/engine/cloud/enrolment.ts';
import { EngramError } from '../../../../src/engine/errors.ts';
import { type BootstrapParts, bootstrapProject } from '../../../../src/engine/upgrade/bootstrap.ts';
import { examineUpgrade } from '../../../../src/engine/upgrade/diagnose.ts';
import { type RollbackParts, rollbackProject, type UpgradeLifecycleHooks } from '../../../../src/engine/upgrade/rollback.ts';
import { Killed } from '../../../simulation/fuse.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../../simulation/memberDatabases.ts';
import { WASM_PATH } from '../../../support/wasm.ts';
import { CONFIG, UNREACHABLE, UpgradeWorld } from './upgradeWorld.ts';

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

const AT = '2026-11-24 09:00:00';
const OTHER = '{"server_url":"https://other.example","token":"secret"}';

/** A bootstrap that stopped behind the enrolment. */
async function interrupted(prepare: ConstructorParameters<typeof UpgradeWorld>[1] = () => undefined): Promise<UpgradeWorld> {
  const world = new UpgradeWorld(kit, prepare);
  world.refusal = UNREACHABLE;
  await world.run((parts) => bootstrapProject(parts, { project: 'demo' })).catch(() => undefined);
  return world;
}

function rollback(hooks?: UpgradeLifecycleHooks): (parts: RollbackParts) => ReturnType<typeof rollbackProject> {
  return (parts) => rollbackProject(parts, { project: 'Demo', ...(hooks && { hooks }) });
}

/** Says what it is asked; throws where it is told to. */
function hooksOf(said: string[], failing: 'stop' | 'resume' | 'none' = 'none'): UpgradeLifecycleHooks {
  const hook = (name: 'stop' | 'resume') => async (project: string) => {
    said.push(`${name} ${project}`);
    if (failing === name) throw new EngramError('store-locked', 'busy');
  };
  return { stopForUpgrade: hook('stop'), resumeAfterUpgrade: hook('resume') };
}

describe('a rollback', () => {
  it('configures again what was configured, between stopping and resuming what runs by itself', async () => {
    const world = await interrupted();
    world.config = OTHER;
    const said: string[] = [];
    const state = await world.run(rollback(hooksOf(said)));
    expect(state).toMatchObject({ project: 'demo', stage: 'rolled_back', repairClass: 'repairable', lastErrorCode: '' });
    expect([world.config, world.rows()['enrolled'], said]).toEqual([CONFIG, [], ['stop demo', 'resume demo']]);
  });

  it('leaves the configuration alone where nobody has looked at it', async () => {
    const world = new UpgradeWorld(kit);
    world.refusal = UNREACHABLE;
    const blind = async (parts: BootstrapParts): Promise<void> => {
      await bootstrapProject({ ...parts, config: undefined }, { project: 'demo' }).catch(() => undefined);
    };
    await world.run(blind);
    world.config = OTHER;
    await world.run(rollback());
    expect([world.config, world.rows()['enrolled']]).toEqual([OTHER, []]);
  });

  it('leaves a file that says the same as it is, with its token', async () => {
    const world = await interrupted();
    const withToken = CONFIG.replace('""', '"mine"');
    world.config = withToken;
    await world.run(rollback());
    expect(world.config).toBe(withToken);
  });

  it('a second time changes nothing, whatever was configured meanwhile', async () => {
    const world = await interrupted();
    await world.run(rollback());
    await world.run(async ({ cloud, checkpoint }) => {
      enrollProject(cloud, 'demo', AT);
      await checkpoint();
    });
    world.config = OTHER;
    expect(await world.run(rollback())).toMatchObject({ stage: 'rolled_back' });
    expect([world.config, world.rows()['enrolled']]).toEqual([OTHER, [{ project: 'demo' }]]);
  });

  it('of the next upgrade restores what stood before that one', async () => {
    const world = await interrupted();
    await world.run(rollback());
    world.config = OTHER;
    await world.run((parts) => bootstrapProject(parts, { project: 'demo' })).catch(() => undefined);
    world.config = undefined;
    await world.run(rollback());
    expect(world.config).toBe(OTHER.replace('secret', ''));
  });

  it('behind a doctor alone leaves cloud.json and the enrolment, which nobody has noted', async () => {
    const world = new UpgradeWorld(kit, (cloud) => void enrollProject(cloud, 'demo', AT));
    await world.run(async (parts) => {
      examineUpgrade(parts, { project: 'demo', cloudConfigured: true });
      await parts.checkpoint();
    });
    await world.run(rollback());
    expect([world.config, world.rows()['enrolled']]).toEqual([CONFIG, [{ project: 'demo' }]]);
  });

  it('of what the Go program enrolled without a snapshot unenrols, and leaves cloud.json', async () => {
    const world = new UpgradeWorld(kit, (cloud) => {
      enrollProject(cloud, 'demo', AT);
      const texts = { lastErrorCode: '', lastErrorMessage: '', findingsJson: '', appliedActions: '' };
      cloud.saveUpgradeState({
        project: 'demo',
        stage: 'bootstrap_enrolled',
        repairClass: 'repairable',
        snapshot: undefined,
        ...texts,
        updatedAt: AT,
      });
    });
    await world.run(rollback());
    expect([world.config, world.rows()['enrolled']]).toEqual([CONFIG, []]);
  });

  it('is refused without an upgrade, and behind a verified one; no hook is called', async () => {
    const said: string[] = [];
    const world = new UpgradeWorld(kit);
    await expect(world.run(rollback(hooksOf(said)))).rejects.toMatchObject({
      code: 'not-found',
      message: 'rollback requires existing upgrade checkpoint state',
    });
    await world.run((parts) => bootstrapProject(parts, { project: 'demo' }));
    await expect(world.run(rollback(hooksOf(said)))).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'rollback is unavailable post-bootstrap; use explicit disconnect/unenroll flows',
    });
    await expect(world.run((parts) => rollbackProject(parts, { project: ' ' }))).rejects.toThrow('cloud upgrade rollback requires project');
    expect(said).toEqual([]);
  });

  it('changes nothing when nothing can be stopped', async () => {
    const world = await interrupted();
    world.config = OTHER;
    const before = world.rows();
    const said: string[] = [];
    await expect(world.run(rollback(hooksOf(said, 'stop')))).rejects.toMatchObject({
      code: 'store-locked',
      message: 'cloud upgrade rollback stop autosync: busy',
    });
    expect([world.config, world.rows(), said]).toEqual([OTHER, before, ['stop demo']]);
  });

  it('stands although nothing could be resumed', async () => {
    const world = await interrupted();
    await expect(world.run(rollback(hooksOf([], 'resume')))).rejects.toThrow('cloud upgrade rollback resume autosync: busy');
    expect(world.rows()['upgrade']).toMatchObject([{ stage: 'rolled_back' }]);
  });

  it('that fails resumes what it has stopped, and can be done again', async () => {
    const world = await interrupted();
    const said: string[] = [];
    const work = world.run((parts) => {
      const write = async (): Promise<void> => {
        throw new EngramError('read-only', 'cloud.json cannot be written');
      };
      return rollbackProject({ ...parts, config: { read: async () => OTHER, write } }, { project: 'demo', hooks: hooksOf(said, 'resume') });
    });
    await expect(work).rejects.toMatchObject({ code: 'read-only' });
    expect(said).toEqual(['stop demo', 'resume demo']);
    await world.run(rollback());
    expect(world.rows()['enrolled']).toEqual([]);
  });

  it('that is killed at any call is done by the next one', async () => {
    const whole = await interrupted();
    whole.config = OTHER;
    await whole.run(rollback());
    const { calls } = whole;
    for (let killAt = 1; killAt <= calls; killAt++) {
      const world = await interrupted();
      world.config = OTHER;
      await expect(world.run(rollback(), killAt)).rejects.toThrow(Killed);
      await world.run(rollback());
      expect({ killAt, config: world.config, ...world.rows() }).toEqual({ killAt, config: CONFIG, ...whole.rows() });
    }
    expect(calls).toBeGreaterThan(5);
  });
});

describe('enrolment', () => {
  it('takes any form of a name, and ends the state that told of its absence', async () => {
    const world = new UpgradeWorld(kit, (cloud) => cloud.markBlocked('cloud:demo', 'blocked_unenrolled', 'not enrolled', AT));
    await world.run(async ({ cloud }) => {
      expect([enrollProject(cloud, ' Demo ', AT), enrollProject(cloud, 'demo', AT)]).toEqual([true, false]);
      expect(cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'pending', reasonCode: '' });
      unenrollProject(cloud, 'DEMO');
      expect(cloud.isEnrolled('demo')).toBe(false);
      expect(() => enrollProject(cloud, ' ', AT)).toThrow('project name must not be empty');
    });
  });

  it('leaves another reason: enrolling does not make a token valid', async () => {
    const world = new UpgradeWorld(kit, (cloud) => cloud.markBlocked('cloud:demo', 'auth_required', 'no token', AT));
    await world.run(async ({ cloud }) => {
      enrollProject(cloud, 'demo', AT);
      expect(cloud.syncState('cloud:demo')).toMatchObject({ lifecycle: 'degraded', reasonCode: 'auth_required' });
    });
  });
});
