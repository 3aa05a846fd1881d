import { dirname } from 'node:path';
import { systemClock } from '../adapters/systemClock.ts';
import { makeTurn } from '../adapters/turns.ts';
import type { CloudUpgradeState } from '../engine/cloud/cloudPorts.ts';
import { CloudSyncer } from '../engine/cloud/cloudSyncer.ts';
import * as enrolment from '../engine/cloud/enrolment.ts';
import { normalizeProject } from '../engine/goText.ts';
import { formatInstant } from '../engine/goTime.ts';
import type { Transport, WriteGuard } from '../engine/ports.ts';
import * as bootstrap from '../engine/upgrade/bootstrap.ts';
import type { CloudConfigFile } from '../engine/upgrade/configText.ts';
import * as legacy from '../engine/upgrade/legacyMutations.ts';
import * as repair from '../engine/upgrade/repair.ts';
import * as rollback from '../engine/upgrade/rollback.ts';
import { type FolderDatabases, type OpenDatabases, workAndSave } from './databases.ts';
import { placeAt, writeIn } from './engramFolder.ts';
import { readOnlyDatabase } from './refusals.ts';
import type { Store } from './store.ts';
import { databasesOf } from './syncer.ts';

/** How an upgrade to the cloud, and back, is done to a {@link Store}. Every call holds the lock of the database's folder, for as long as it takes. */

export interface UpgradeBootstrapOptions extends bootstrap.UpgradeBootstrapOptions {
  /** Where the server is configured; without it a rollback restores the enrolment alone. */
  readonly config?: CloudConfigFile;
  readonly signal?: AbortSignal;
}

export interface UpgradeRollbackOptions extends rollback.UpgradeRollbackOptions {
  /** As in {@link UpgradeBootstrapOptions}. */
  readonly config?: CloudConfigFile;
}

/**
 * Takes a project to the cloud: enrols it, sends what the cloud has not, fetches what it has (Go `sync.BootstrapProject`). What fails, or is
 * killed, goes on where it was when it is called again.
 *
 * @throws {EngramError} invalid-input: a blank project; with the code of what failed, and the step in front of its message
 */
export function bootstrapProject(
  store: Store,
  transport: Transport,
  options: UpgradeBootstrapOptions,
): Promise<bootstrap.UpgradeBootstrapResult> {
  const { config, signal, ...wanted } = options;
  const work = ({ cloud, store: memories, index }: OpenDatabases, save: () => Promise<void>): Promise<bootstrap.UpgradeBootstrapResult> => {
    const parts = { cloud, store: memories, clock: systemClock };
    const sync = new CloudSyncer({ ...parts, transport, index, turn: makeTurn(signal), project: wanted.project, save });
    return bootstrap.bootstrapProject({ ...parts, sync, config, checkpoint: save }, wanted, signal ? { signal } : {});
  };
  return inDatabases(store, work, signal);
}

/**
 * Configures again what was configured before the upgrade (Go `sync.RollbackProject`); memories and the server stay as they are.
 *
 * @throws {EngramError} invalid-input: a blank project, or a bootstrap that is verified; not-found: no upgrade has begun; of hooks and file
 */
export function rollbackProject(store: Store, options: UpgradeRollbackOptions): Promise<CloudUpgradeState> {
  const { config, ...wanted } = options;
  return inDatabases(store, ({ cloud }, checkpoint) => rollback.rollbackProject({ cloud, clock: systemClock, config, checkpoint }, wanted));
}

/** Completes payloads of the journal that the cloud would refuse (Go `store.RepairCloudUpgrade`). @param options `apply`: false changes nothing */
export function repairCloudUpgrade(
  store: Store,
  project: string,
  options: { readonly apply: boolean },
): Promise<repair.UpgradeRepairReport> {
  return inDatabases(store, ({ cloud, store: memories }) =>
    repair.repairCloudUpgrade({ cloud, store: memories, clock: systemClock }, project, options),
  );
}

/** The rows of a project's journal that the cloud would refuse (Go `store.DiagnoseCloudUpgradeLegacyMutations`). Reads only. */
export async function diagnoseLegacyMutations(store: Store, project: string): Promise<legacy.LegacyReport> {
  const files = databasesOf(store);
  const { cloud, store: memories } = await files.open();
  const report = legacy.diagnoseLegacyMutations({ cloud, store: memories }, normalizeProject(project).normalized);
  files.close();
  return report;
}

/** Lets a project's changes go to the cloud (Go `store.EnrollProject`). @returns false when it was enrolled already. @throws {EngramError} invalid-input */
export function enrollProject(store: Store, project: string): Promise<boolean> {
  return inDatabases(store, async ({ cloud }) => enrolment.enrollProject(cloud, project, formatInstant(systemClock.now())));
}

/** Keeps them here again (Go `store.UnenrollProject`). @throws {EngramError} invalid-input */
export function unenrollProject(store: Store, project: string): Promise<void> {
  return inDatabases(store, async ({ cloud }) => enrolment.unenrollProject(cloud, project));
}

async function inDatabases<T>(
  store: Store,
  work: (databases: OpenDatabases, save: () => Promise<void>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const files: FolderDatabases = databasesOf(store);
  const run = async (guard: WriteGuard): Promise<T> => {
    const databases = await files.open();
    if (!databases.writable) throw readOnlyDatabase(databases);
    return workAndSave(files, guard, () => work(databases, () => files.save(guard)));
  };
  try {
    return await writeIn([placeAt(dirname(store.path))], run, signal);
  } finally {
    files.close();
  }
}
