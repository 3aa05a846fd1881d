import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../src/engine/errors.ts';
import type { Transport } from '../../src/engine/ports.ts';
import { bootstrapProject, enrollProject, type UpgradeBootstrapOptions } from '../../src/folder/projectUpgrade.ts';
import { CloudModel } from '../support/cloudModel.ts';
import { temporaryFolder } from '../support/folder.ts';
import { storeAt } from '../support/library.ts';
import { type EngramProgram, PROGRAM_TIMEOUT_MS, programEnvironment } from './programs.ts';

const CONFIG = '{\n  "server_url": "https://before.example",\n  "token": ""\n}';
/** Nothing answers there. */
const CLOSED = '{\n  "server_url": "http://127.0.0.1:9",\n  "token": ""\n}';

/** An upgrade that ours has begun, or finished, in a data folder that the real program then opens. */
export function upgradeStates(program: EngramProgram): void {
  const run = (data: string, ...args: readonly string[]): string => {
    const options = { env: programEnvironment(data, data), cwd: data, timeout: PROGRAM_TIMEOUT_MS, encoding: 'utf8' } as const;
    return execFileSync(program.path, ['cloud', ...args, '--project', 'demo'], { ...options, stdio: 'pipe' });
  };

  /** @returns the data folder */
  async function ours(transport: Transport, prepare: (data: string) => Promise<unknown> = async () => undefined): Promise<string> {
    const data = temporaryFolder();
    const file = join(data, 'cloud.json');
    writeFileSync(file, CONFIG);
    const store = await storeAt(join(data, 'engram.db'));
    await store.save({ title: 'Ours', content: 'saved by the library', project: 'demo' });
    await prepare(data);
    const config: UpgradeBootstrapOptions['config'] = {
      read: async () => readFileSync(file, 'utf8'),
      write: async () => undefined,
    };
    await bootstrapProject(store, transport, { project: 'demo', config }).catch((error: unknown) => {
      if (!EngramError.is(error, 'cloud-unreachable')) throw error;
    });
    writeFileSync(file, CLOSED);
    return data;
  }

  const unreachable = async (): Promise<never> => {
    throw new EngramError('cloud-unreachable', 'connection refused');
  };
  const refused: Transport = { readManifest: unreachable, writeManifest: unreachable, readChunk: unreachable, writeChunk: unreachable };

  describe('an upgrade that ours has begun', () => {
    it('is rolled back by the program to what stood before', async () => {
      const data = await ours(refused);
      expect(run(data, 'upgrade', 'status')).toContain('stage: bootstrap_enrolled');
      expect(run(data, 'upgrade', 'rollback')).toContain('stage: rolled_back');
      expect(readFileSync(join(data, 'cloud.json'), 'utf8')).toBe(CONFIG);
    });

    it('leaves the enrolment that stood before', async () => {
      const data = await ours(refused, async (folder) => enrollProject(await storeAt(join(folder, 'engram.db')), 'demo'));
      run(data, 'upgrade', 'rollback');
      expect(run(data, 'upgrade', 'doctor')).toContain('reason_code: upgrade_ready');
    });

    it('is finished for the program when it is finished for ours', async () => {
      const data = await ours(new CloudModel().transport('demo'));
      expect(run(data, 'upgrade', 'status')).toContain('stage: bootstrap_verified\nclass: ready');
      expect(run(data, 'upgrade', 'bootstrap')).toContain('resumed: true\nnoop: true');
      expect(() => run(data, 'upgrade', 'rollback')).toThrow('rollback is unavailable post-bootstrap');
      expect(run(data, 'upgrade', 'repair')).toContain('upgrade_repair_noop');
    });
  });
}
