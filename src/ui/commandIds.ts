/** Every command, as `package.json` contributes it. */
export const COMMAND_IDS = [
  'engram.syncNow',
  'engram.syncAll',
  'engram.importPending',
  'engram.importChunk',
  'engram.exportNew',
  'engram.repairManifest',
  'engram.installMergeDriver',
  'engram.removeMergeDriver',
  'engram.initialise',
  'engram.saveMemory',
  'engram.editMemory',
  'engram.deleteMemory',
  'engram.restoreKept',
  'engram.reviewUnshared',
  'engram.searchMemories',
  'engram.openChunk',
  'engram.openMemory',
  'engram.revealChunk',
  'engram.groupChunksByAuthor',
  'engram.groupChunksByDay',
  'engram.listChunks',
  'engram.refresh',
  'engram.copyDiagnostics',
  'engram.showLog',
] as const;

export type CommandId = (typeof COMMAND_IDS)[number];
