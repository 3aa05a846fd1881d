/**
 * The package's public face: the same engine without an editor, for scripts and other programs. Names follow the Go package `sync` of the
 * Engram program where the thing is the same; docs/api.md has them side by side.
 */
export { FileTransport, type FileTransportOptions } from './adapters/chunkFolder.ts';
export { nodeHttp } from './adapters/nodeHttp.ts';
export type { DetectedProject as DetectionResult } from './adapters/projectDetection.ts';
export { retryMeans } from './adapters/retryMeans.ts';
export { getUsername } from './adapters/userName.ts';
// Outside, the plain name is the function that gives its result at once, like its counterpart.
export { chunkId, decodeChunk as decodeChunkInSlices, decodeChunkSync as decodeChunk, encodeChunk } from './engine/chunkCodec.ts';
export { AutosyncManager, type AutosyncOptions, type AutosyncPhase, type AutosyncStatus, type Later } from './engine/cloud/autosync.ts';
export type { OpenAutosync } from './engine/cloud/autosyncContext.ts';
export { AUTOSYNC_DEFAULTS, type AutosyncSettings } from './engine/cloud/autosyncSettings.ts';
export { canonicalizeForProject } from './engine/cloud/canonical.ts';
export { CanonicalError } from './engine/cloud/canonicalError.ts';
export type {
  CloudUpgradeState,
  Http,
  HttpRequest,
  HttpResponse,
  NewMutation,
  UpgradeRepairClass,
  UpgradeSnapshot,
  UpgradeStage,
} from './engine/cloud/cloudPorts.ts';
export { HttpStatusError } from './engine/cloud/httpStatusError.ts';
export {
  MutationTransport,
  type MutationTransportOptions,
  type PulledMutation,
  type PulledPage,
} from './engine/cloud/mutationTransport.ts';
export type { SplitOutcome } from './engine/cloud/pushInHalves.ts';
export { type PushedChunk, RemoteTransport, type RemoteTransportOptions } from './engine/cloud/remoteTransport.ts';
export { DEFAULT_RETRY, type RetryMeans, type RetryPolicy, retrying } from './engine/cloud/retry.ts';
export { ChunkNotFoundError, EngramError, type EngramErrorCode } from './engine/errors.ts';
export {
  type CallContext,
  DEFAULT_LIMITS,
  type ExportOptions,
  type FolderLimits,
  type FolderOptions,
  type ImportOptions,
  type MemoryPatch,
  type NewMemory,
  type SavedMemory,
} from './engine/folderRequests.ts';
export type { ExportSummary, FolderState, ImportSummary, SyncSummary } from './engine/folderState.ts';
export { encodeGoString } from './engine/goJson.ts';
export { normalizeProject } from './engine/goText.ts';
export {
  appendEntry,
  type ChunkEntry,
  type ChunkId,
  decodeManifest,
  encodeManifest,
  type Manifest,
  type ManifestParts,
  manifestSummary,
  toChunkId,
  type UnusableEntry,
} from './engine/manifest.ts';
export {
  buildImportMutations,
  countUpserts,
  effectiveMutations,
  orderMutationsForApply,
  synthesizeMutations,
} from './engine/mutationRules.ts';
export type { ChunkFile, MemoryCounts, Transport, Turn, WriteGuard } from './engine/ports.ts';
export { decodeMutationPayload } from './engine/recordCodec.ts';
export type {
  ChunkData,
  Extra,
  Int,
  JsonNumber,
  JsonObject,
  JsonValue,
  ObservationRecord,
  PromptRecord,
  RejectedRecord,
  RelationRecord,
  SessionRecord,
  SyncMutation,
} from './engine/records.ts';
export type { ChunkProblem, ImportResult, SyncResult, SyncStatus } from './engine/syncResult.ts';
export type { UpgradeBootstrapResult } from './engine/upgrade/bootstrap.ts';
export type { CloudConfigFile } from './engine/upgrade/configText.ts';
export { diagnoseCloudUpgrade, type UpgradeDiagnosisInput, type UpgradeDiagnosisReport } from './engine/upgrade/diagnose.ts';
export type { LegacyFinding, LegacyReport } from './engine/upgrade/legacyMutations.ts';
export type { UpgradeRepairReport } from './engine/upgrade/repair.ts';
export type { UpgradeLifecycleHooks } from './engine/upgrade/rollback.ts';
export { UpgradeReason, UpgradeReasonClass, UpgradeRepairReason, UpgradeStatus } from './engine/upgrade/upgradeCodes.ts';
export { detectProject } from './folder/detectProject.ts';
export {
  bootstrapProject,
  diagnoseLegacyMutations,
  enrollProject,
  repairCloudUpgrade,
  rollbackProject,
  type UpgradeBootstrapOptions,
  type UpgradeRollbackOptions,
  unenrollProject,
} from './folder/projectUpgrade.ts';
export { openStore, type Store, type StoredMemory, type StoreOptions } from './folder/store.ts';
export { Syncer, type SyncerExportOptions, type SyncerImportOptions, type SyncerOptions } from './folder/syncer.ts';
export { type FolderEnvironment, type MemoryFolder, openMemoryFolder } from './openFolder.ts';
