import type { HttpRequest, HttpResponse } from './engine/cloud/cloudPorts.ts';
import type { FolderOptions, FolderRequests, Progress, RequestFailure } from './engine/folderRequests.ts';

/** The typed boundary between the extension host's thread and the worker. Structured-cloneable data only. */
export type ToWorker =
  /** Opens a folder, or changes the options of an open one. */
  | { readonly kind: 'open'; readonly options: FolderOptions }
  | { readonly kind: 'close'; readonly root: string }
  | RequestMessage
  | { readonly kind: 'cancel'; readonly id: number }
  | HttpAnswer
  /** Finish what was asked, close every folder, then let the thread end. Nothing may follow it. */
  | { readonly kind: 'end' };

export type RequestMessage = {
  [Name in keyof FolderRequests]: {
    readonly kind: 'request';
    readonly id: number;
    readonly root: string;
    readonly name: Name;
    readonly args: Parameters<FolderRequests[Name]>;
  };
}[keyof FolderRequests];

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: RequestFailure }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  /** Which chunk is being read; `undefined` when none is. If the thread dies now, this chunk is to blame. */
  | { readonly kind: 'reading'; readonly root: string; readonly chunkId: string | undefined }
  /** The worker has neither the editor's proxy nor a token: the host sends this and adds the token. Ids are the worker's own. */
  | { readonly kind: 'http'; readonly id: number; readonly request: HttpRequest }
  | { readonly kind: 'http-cancel'; readonly id: number }
  | { readonly kind: 'log'; readonly level: 'info' | 'debug' | 'warn' | 'error'; readonly message: string };

export type HttpAnswer = { readonly kind: 'http-answer'; readonly id: number } & (
  | { readonly response: HttpResponse }
  | { readonly error: RequestFailure }
);

/** Passed as `workerData`. */
export interface WorkerStart {
  /** Absolute path of `sql-wasm.wasm`. */
  readonly wasmPath: string;
  /** Chunks (by folder) that killed a worker before; they are shown as unreadable and not read again. */
  readonly quarantined: readonly { readonly root: string; readonly chunkId: string }[];
}
