/**
 * The package's public face: the same engine without an editor, for scripts and other programs. Names follow the Go package `sync` of the
 * Engram program where the thing is the same.
 */
export { FileTransport } from './adapters/chunkFolder.ts';
export { getUsername } from './adapters/userName.ts';
export { chunkId, decodeChunk, encodeChunk } from './engine/chunkCodec.ts';
export { EngramError, type EngramErrorCode } from './engine/errors.ts';
export type { CallContext, ExportOptions, FolderOptions, ImportOptions, NewMemory, SavedMemory } from './engine/folderRequests.ts';
export type { ExportSummary, FolderState, ImportSummary, SyncSummary } from './engine/folderState.ts';
export { encodeGoString } from './engine/goJson.ts';
export { normalizeProject } from './engine/goText.ts';
export { type ChunkEntry, type ChunkId, encodeManifest, type Manifest, manifestSummary, parseManifest } from './engine/manifest.ts';
export type { Transport } from './engine/ports.ts';
export { decodeMutationPayload } from './engine/recordCodec.ts';
export type { ChunkData, ObservationRecord, PromptRecord, RelationRecord, SessionRecord, SyncMutation } from './engine/records.ts';
export { type FolderEnvironment, type MemoryFolder, openMemoryFolder } from './openFolder.ts';
