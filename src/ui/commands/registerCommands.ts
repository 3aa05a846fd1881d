import { commands, Disposable, type LogOutputChannel, l10n, window } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import type { CommandId } from '../commandIds.ts';
import { plain, SENTENCE_LENGTH } from '../plainText.ts';
import { groupChunksByAuthor, groupChunksByDay, listChunks, refresh } from './arrangeChunks.ts';
import { chooseSharing } from './askSharing.ts';
import { checkHealth, fixHealth } from './checkHealth.ts';
import { chooseDatabase } from './chooseDatabase.ts';
import { enrollProject, unenrollProject } from './cloudProject.ts';
import { bootstrapCloud, diagnoseCloudUpgrade, rollBackCloud } from './cloudUpgrade.ts';
import type { CommandContext } from './commandContext.ts';
import { connectCloud, disconnectCloud } from './connectCloud.ts';
import { copyMemories } from './copyMemories.ts';
import { deleteMemory } from './deleteMemory.ts';
import { copyDiagnostics, showLog } from './diagnostics.ts';
import { editMemory } from './editMemory.ts';
import { exportNew } from './exportNew.ts';
import { importAgain, importChunk } from './importChunk.ts';
import { importPending } from './importPending.ts';
import { initialise } from './initialise.ts';
import { installMergeDriver, removeMergeDriver } from './mergeDriver.ts';
import { openChunk } from './openChunk.ts';
import { openMemory } from './openMemory.ts';
import { repairManifest } from './repairManifest.ts';
import { restoreKept } from './restoreKept.ts';
import { revealChunk } from './revealChunk.ts';
import { reviewHeldBack } from './reviewHeldBack.ts';
import { reviewUnshared } from './reviewUnshared.ts';
import { saveMemory } from './saveMemory.ts';
import { searchMemories } from './searchMemories.ts';
import { syncCloud } from './syncCloud.ts';
import { syncAll, syncNow } from './syncNow.ts';
import { setProgramPath } from './throughProgram.ts';
import { undoImport } from './undoImport.ts';

/** The full list; test/unit/ui/contributions.test.ts checks its ids against `contributes.commands`. */
const handlers: Readonly<Record<CommandId, (context: CommandContext, argument: unknown) => Promise<void>>> = {
  'engram.syncNow': syncNow,
  'engram.syncAll': syncAll,
  'engram.importPending': importPending,
  'engram.importChunk': importChunk,
  'engram.importAgain': importAgain,
  'engram.undoImport': undoImport,
  'engram.exportNew': exportNew,
  'engram.repairManifest': repairManifest,
  'engram.installMergeDriver': installMergeDriver,
  'engram.removeMergeDriver': removeMergeDriver,
  'engram.initialise': initialise,
  'engram.saveMemory': saveMemory,
  'engram.editMemory': editMemory,
  'engram.deleteMemory': deleteMemory,
  'engram.restoreKept': restoreKept,
  'engram.reviewUnshared': reviewUnshared,
  'engram.reviewHeldBack': reviewHeldBack,
  'engram.chooseDatabase': chooseDatabase,
  'engram.chooseSharing': chooseSharing,
  'engram.copyMemories': copyMemories,
  'engram.setProgramPath': setProgramPath,
  'engram.searchMemories': searchMemories,
  'engram.openChunk': openChunk,
  'engram.openMemory': openMemory,
  'engram.revealChunk': revealChunk,
  'engram.groupChunksByAuthor': groupChunksByAuthor,
  'engram.groupChunksByDay': groupChunksByDay,
  'engram.listChunks': listChunks,
  'engram.checkHealth': checkHealth,
  'engram.fixHealth': fixHealth,
  'engram.connectCloud': connectCloud,
  'engram.disconnectCloud': disconnectCloud,
  'engram.enrollProject': enrollProject,
  'engram.unenrollProject': unenrollProject,
  'engram.syncCloud': syncCloud,
  'engram.diagnoseCloudUpgrade': diagnoseCloudUpgrade,
  'engram.bootstrapCloud': bootstrapCloud,
  'engram.rollBackCloud': rollBackCloud,
  'engram.refresh': refresh,
  'engram.copyDiagnostics': copyDiagnostics,
  'engram.showLog': showLog,
};

export function registerCommands(context: CommandContext): Disposable {
  return Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) =>
      commands.registerCommand(id, (argument: unknown) =>
        handler(context, argument).catch((error: unknown) => report(error, id, context.log)),
      ),
    ),
  );
}

/** Commands fail in one place: log in full, show one sentence, offer the log. Cancellation is silent. */
async function report(error: unknown, id: string, log: LogOutputChannel): Promise<void> {
  if (EngramError.is(error, 'cancelled')) return;
  log.error(error instanceof Error ? error : String(error), id);
  const showTheLog = l10n.t('Show Log');
  const message = EngramError.is(error) ? plain(error.message, SENTENCE_LENGTH) : l10n.t('Engram could not finish. The log has details.');
  if ((await window.showErrorMessage(message, showTheLog)) === showTheLog) log.show();
}
