import { EngramError, type EngramErrorCode } from '../engine/errors.ts';
import type { CallContext, FolderRequests } from '../engine/folderRequests.ts';
import type { SyncSummary } from '../engine/folderState.ts';
import type { ProgramSyncSummary } from '../engine/programSync.ts';
import { type Answer, type Call, describeExport, describeHeal, describeImport } from './call.ts';
import type { Activity, SessionRequests } from './session.ts';
import type { SnapshotKeeper } from './snapshotKeeper.ts';

export interface RequestParts {
  readonly call: Call;
  readonly keeper: SnapshotKeeper;
  readonly trusted: () => boolean;
  /** That a person lets take part in the cloud what the snapshot shows then. */
  readonly consent: { give(): Promise<void>; withdraw(): Promise<void> };
  /** Reads the state into the snapshot and gives it. */
  readonly readState: SessionRequests['state'];
  readonly log: (level: 'info' | 'error', message: string) => void;
}

/** What a person did wrong, or wanted: no fault of the folder. */
const NOT_OF_THE_FOLDER: ReadonlySet<EngramErrorCode> = new Set([
  'cancelled',
  'invalid-input',
  'not-found',
  'untrusted',
  // Nothing of ours was under way, and what the program left is looked at.
  'program-failed',
  // The cloud has a view of its own for them.
  'cloud-config',
  'cloud-unreachable',
  'cloud-refused',
  'cloud-answer',
  'cloud-unenrolled',
]);

/**
 * The requests of a session as the UI calls them: each change shows as an activity and its result is in the snapshot before it resolves.
 * In Restricted Mode only what reads files goes through.
 */
export function sessionRequests(parts: RequestParts): SessionRequests {
  const { call } = parts;
  const change = changer(parts);
  const full = <T>(work: () => Promise<T>): Promise<T> => (parts.trusted() ? work() : Promise.reject(untrusted()));
  return {
    state: parts.readState,
    initialise: (context) => change('saving', { name: 'initialise', args: [], context }),
    importChunks: (options, context) => change('importing', { name: 'importChunks', args: [options], context, describe: describeImport }),
    exportNew: (options, context) => change('exporting', { name: 'exportNew', args: [options], context, describe: describeExport }),
    exportPreview: (options, context) => full(() => call('exportPreview', [options], context)),
    heal: (options, context) => change('healing', { name: 'heal', args: [options], context, describe: describeHeal }),
    mergeDriver: (action, context) => change('saving', { name: 'mergeDriver', args: [action], context }),
    sync: (options, context) => change('syncing', { name: 'sync', args: [options], context, describe: describeSync }),
    programPreview: (context) => full(() => call('programPreview', [], context)),
    programSync: (options, context) => change('syncing', { name: 'programSync', args: [options], context, describe: describeProgram }),
    save: (memory, context) => change('saving', { name: 'save', args: [memory], context }),
    edit: (syncId, patch, context) => change('saving', { name: 'edit', args: [syncId, patch], context }),
    remove: (syncId, context) => change('saving', { name: 'remove', args: [syncId], context }),
    restoreKept: (context) => change('importing', { name: 'restoreKept', args: [], context, describe: describeImport }),
    discardKept: (context) => change('saving', { name: 'discardKept', args: [], context }),
    noLongerShared: (context) => full(() => call('noLongerShared', [], context)),
    shareAgain: (keys, context) => change('saving', { name: 'shareAgain', args: [keys], context }),
    planUndo: (chunkId, context) => full(() => call('planUndo', [chunkId], context)),
    undoImport: (chunkId, context) => change('saving', { name: 'undoImport', args: [chunkId], context }),
    copyMemories: (options, context) => change('importing', { name: 'copyMemories', args: [options], context, describe: describeImport }),
    databaseVersion: (context) => full(() => call('databaseVersion', [], context)),
    memory: (syncId, context) => full(() => call('memory', [syncId], context)),
    search: (query, options, context) => full(() => call('search', [query, options], context)),
    chunkContents: (id, context) => call('chunkContents', [id], context),
    readChunk: (id, context) => call('readChunk', [id], context),
    readMemory: (syncId, context) => full(() => call('readMemory', [syncId], context)),
    readSession: (id, context) => full(() => call('readSession', [id], context)),
    doctor: (context) => full(() => call('doctor', [], context)),
    repairHealth: (repairs, context) => change('saving', { name: 'repairHealth', args: [repairs], context }),
    cloudState: (context) => full(() => readCloud(parts, context)),
    cloudAsk: (context) =>
      full(async () => {
        await call('cloudAsk', [], context);
        await readCloud(parts, context);
      }),
    cloudCheck: (server, context) => full(() => call('cloudCheck', [server], context)),
    ...cloudChanges(parts, change),
  };
}

/** What a person does by hand is their consent, once it is done; what ends it does so first, whatever becomes of the rest. */
function cloudChanges(
  { consent, keeper }: RequestParts,
  change: Changer,
): Pick<SessionRequests, 'cloudSync' | 'cloudEnroll' | 'cloudUnenroll' | 'cloudUpgrade'> {
  const consenting = async <T>(done: Promise<T>): Promise<T> => {
    const before = keeper.snapshot.cloud;
    const value = await done;
    const after = keeper.snapshot.cloud;
    // A repository may change what a setting names meanwhile: of that a person has said nothing.
    const isSame = !before || (before.project === after?.project && before.server === after.server);
    if (isSame) await consent.give();
    return value;
  };
  return {
    cloudSync: (options, context) => {
      const done = change('syncing', { name: 'cloudSync', args: [options], context, describe: describeSync });
      return options.automatic ? done : consenting(done);
    },
    cloudEnroll: (project, context) => consenting(change('saving', { name: 'cloudEnroll', args: [project], context })),
    cloudUnenroll: async (project, context) => {
      await consent.withdraw();
      return change('saving', { name: 'cloudUnenroll', args: [project], context });
    },
    cloudUpgrade: async (step, options, context) => {
      if (step === 'rollback') await consent.withdraw();
      const done = change('syncing', { name: 'cloudUpgrade', args: [step, options], context });
      return step === 'bootstrap' ? consenting(done) : done;
    },
  };
}

async function readCloud({ call, keeper }: RequestParts, context: CallContext | undefined): Promise<Answer<'cloudState'>> {
  const cloud = await call('cloudState', [], context);
  keeper.change({ cloud });
  return cloud;
}

interface Change<Name extends keyof FolderRequests> {
  readonly name: Name;
  readonly args: Parameters<FolderRequests[Name]>;
  readonly context: CallContext | undefined;
  readonly describe?: (value: Answer<Name>) => string;
}

type Changer = ReturnType<typeof changer>;

function changer(parts: RequestParts) {
  const { call, keeper, log } = parts;
  return async <Name extends keyof FolderRequests>(kind: Activity['kind'], change: Change<Name>): Promise<Answer<Name>> => {
    if (!parts.trusted()) throw untrusted();
    const activity = keeper.begin(kind);
    const started = performance.now();
    try {
      const onProgress: CallContext['onProgress'] = (progress) => {
        activity.progress(progress);
        change.context?.onProgress?.(progress);
      };
      const value = await call(change.name, change.args, { ...change.context, onProgress });
      keeper.succeeded('command');
      const ms = Math.round(performance.now() - started);
      log('info', `${change.name} (command): ${change.describe ? `${change.describe(value)}, ` : ''}${ms} ms`);
      return value;
    } catch (error) {
      if (!EngramError.is(error) || !NOT_OF_THE_FOLDER.has(error.code)) keeper.failed('command', error);
      throw error;
    } finally {
      await parts.readState().catch((error: unknown) => log('error', `state (command) failed: ${String(error)}`));
      activity.end();
    }
  };
}

function untrusted(): EngramError {
  return new EngramError('untrusted', 'Nothing is imported, exported or saved in Restricted Mode. Trust this folder first.');
}

function describeProgram({ imported, notBrought, waiting, shared, stopped }: ProgramSyncSummary): string {
  const { chunks, memories, prompts, relations, edits, deletes } = imported;
  const rows = `${memories} memories, ${prompts} prompts, ${relations} relations, ${edits} edits, ${deletes} deletes`;
  const left = `${shared.chunkIds.length} chunks written (${shared.memories} memories, ${shared.prompts} prompts, ${shared.mutations} mutations)`;
  const end = stopped ? `, stopped at ${stopped.step}` : '';
  return `by the program: ${chunks} chunks imported (${rows}), ${notBrought} not brought, ${waiting} waiting; ${left}${end}`;
}

/** Also of an exchange with the cloud. */
export function describeSync({ imported, exported, healed }: SyncSummary): string {
  return `${healed ? `${describeHeal(healed)}, ` : ''}${describeImport(imported)}, ${describeExport(exported)}`;
}
