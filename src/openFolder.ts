import type { NodeSqlite } from './adapters/nodeSqlite.ts';
import type { Http } from './engine/cloud/cloudPorts.ts';
import type { CallContext, FolderOptions, FolderRequests } from './engine/folderRequests.ts';
import { OpenMemoryFolder } from './folder/memoryFolder.ts';

/** What the builder needs of the thread or process it runs in. */
export interface FolderEnvironment {
  /** Absolute path of `sql-wasm.wasm`; `mergeDriver.js` stands beside it. */
  readonly wasmPath: string;
  readonly log: (level: 'info' | 'debug' | 'warn' | 'error', message: string) => void;
  /** Tells which chunk is being read, `undefined` afterwards. */
  readonly onReading: (chunkId: string | undefined) => void;
  /** Chunks that must not be read because they ended a thread before. */
  readonly quarantined: (chunkId: string) => boolean;
  /** The way to the cloud server; absent: there is none. */
  readonly http?: Http;
  /** The Engram program's own folder; absent: where that program looks for it. @throws {EngramError} cloud-config */
  readonly dataDirectory?: () => string;
  /** The host's own SQLite; absent: looked for when a database needs it. For tests of a host that has none. */
  readonly findNative?: () => NodeSqlite | undefined;
}

/** One `.engram` folder, open. Every request takes a signal and reports progress. */
export type MemoryFolder = {
  readonly [Name in keyof FolderRequests]: (
    ...args: [...Parameters<FolderRequests[Name]>, context?: CallContext]
  ) => ReturnType<FolderRequests[Name]>;
} & {
  configure(options: FolderOptions): void;
  /** Waits for the running request and its save, then frees the databases. */
  close(): Promise<void>;
};

/** Builds engine, store and adapters for one folder; opens nothing before the first request. */
export function openMemoryFolder(options: FolderOptions, environment: FolderEnvironment): MemoryFolder {
  return new OpenMemoryFolder(options, environment);
}
