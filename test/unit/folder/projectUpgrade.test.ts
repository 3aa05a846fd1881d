import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import type { Transport } from '../../../src/engine/ports.ts';
import {
  bootstrapProject,
  diagnoseLegacyMutations,
  enrollProject,
  repairCloudUpgrade,
  rollbackProject,
  unenrollProject,
} from '../../../src/folder/projectUpgrade.ts';
import type { Store } from '../../../src/folder/store.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { changeDatabase } from '../../support/goldenDatabase.ts';
import { cloudSyncerOf, storeAt } from '../../support/library.ts';

async function withMemory(root = temporaryFolder()): Promise<Store> {
  const store = await storeAt(join(root, 'engram.db'));
  await store.save({ title: 'Mine', content: 'saved before there was a cloud', project: 'demo' });
  return store;
}

/** A server that goes away before the first push. */
function unreachable(server: CloudModel): Transport {
  const writeChunk = async (): Promise<void> => {
    throw new EngramError('cloud-unreachable', 'cloud: push chunk: connection refused');
  };
  return { ...server.transport('demo'), writeChunk };
}

describe('the upgrade of a store', () => {
  it('takes a project to the cloud, where another machine finds it', async () => {
    const server = new CloudModel();
    const ours = await withMemory();
    await expect(bootstrapProject(ours, unreachable(server), { project: 'Demo' })).rejects.toMatchObject({
      code: 'cloud-unreachable',
      message: expect.stringMatching(/^bootstrap first push: /),
    });
    const result = { project: 'demo', stage: 'bootstrap_verified', resumed: true };
    expect(await bootstrapProject(ours, server.transport('demo'), { project: 'Demo' })).toEqual({ ...result, noOp: false });
    expect(await bootstrapProject(ours, server.transport('demo'), { project: 'demo' })).toEqual({ ...result, noOp: true });
    expect(server.pushes).toMatchObject([{ project: 'demo', by: 'upgrade-bootstrap' }]);
    const theirs = await storeAt(join(temporaryFolder(), 'engram.db'));
    expect([await enrollProject(theirs, 'DEMO'), await enrollProject(theirs, 'demo')]).toEqual([true, false]);
    await cloudSyncerOf(theirs, server.transport('demo')).import();
    expect((await theirs.observations()).map(({ title }) => title)).toEqual(['Mine']);
    await unenrollProject(theirs, 'demo');
    await expect(cloudSyncerOf(theirs, server.transport('demo')).import()).rejects.toMatchObject({ code: 'cloud-unenrolled' });
  });

  it('goes back to what was configured before', async () => {
    const ours = await withMemory();
    let file: string | undefined = '{"server_url": "https://before.example", "token": ""}';
    const config = {
      read: async () => file,
      write: async (text: string | undefined) => {
        file = text;
      },
    };
    await bootstrapProject(ours, unreachable(new CloudModel()), { project: 'demo', config }).catch(() => undefined);
    file = '{"server_url": "https://after.example"}';
    const said: string[] = [];
    const hooks = {
      stopForUpgrade: async (project: string) => void said.push(`stop ${project}`),
      resumeAfterUpgrade: async (project: string) => void said.push(`resume ${project}`),
    };
    expect(await rollbackProject(ours, { project: 'demo', config, hooks })).toMatchObject({ project: 'demo', stage: 'rolled_back' });
    expect([file, said]).toEqual(['{"server_url": "https://before.example", "token": ""}', ['stop demo', 'resume demo']]);
    expect(await enrollProject(ours, 'demo')).toBe(true);
  });

  it('finds and completes what an older program has journalled', async () => {
    const root = temporaryFolder();
    const ours = await withMemory(root);
    await changeDatabase(root, [
      `INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload, project)
        VALUES('cloud', 'session', 'manual-save-demo', 'upsert', '{"id":"manual-save-demo","project":"demo"}', 'demo')`,
    ]);
    expect(await diagnoseLegacyMutations(ours, 'Demo')).toMatchObject({ repairable: [{ entityKey: 'manual-save-demo' }], blocked: [] });
    expect(await repairCloudUpgrade(ours, 'demo', { apply: true })).toMatchObject({ code: 'upgrade_blocked_manual', applied: false });
    await enrollProject(ours, 'demo');
    expect(await repairCloudUpgrade(ours, 'demo', { apply: true })).toMatchObject({ class: 'repairable', applied: true });
    expect(await repairCloudUpgrade(ours, 'demo', { apply: true })).toMatchObject({ code: 'upgrade_repair_noop', applied: false });
    expect(await diagnoseLegacyMutations(ours, 'demo')).toEqual({ repairable: [], blocked: [] });
  });
});
