/** Every way the engine can fail, as a closed set. Adding one is a design change: the UI must say something about it. */
export type EngramErrorCode =
  | 'not-initialised' // there is no `.engram` folder here
  | 'not-regular-file' // a symbolic link, folder or device where a plain file (or plain folder) must be
  | 'manifest-invalid' // not JSON, empty, or not the shape of a manifest
  | 'manifest-conflict' // git's conflict markers stand in it
  | 'manifest-too-large'
  | 'chunk-missing' // listed, but its file is not there
  | 'chunk-corrupt' // gzip, JSON or root shape does not check out
  | 'chunk-altered' // readable, but its hash is not its name
  | 'chunk-too-large' // packed, or unpacked, past the limit (decompression bomb)
  | 'chunk-collision' // another chunk of the same name holds other bytes
  | 'store-locked' // another window or program is writing the database
  | 'lock-lost' // somebody took the lock away while we held it; nothing was written after that
  | 'store-corrupt' // the database file is no database, or damaged
  | 'store-newer' // the database was made by a newer release
  | 'store-foreign' // of the Engram program (WAL header or FTS5 triggers) where no SQLite here can write beside it, or of another program: read-only
  | 'store-tracked' // git tracks the database file
  | 'store-in-data-directory' // it stands in Engram's own data directory
  | 'read-only' // the file system refuses writing
  | 'io-failed' // reading or writing failed for another reason: no permission to read, a failing disk, too many open files
  | 'disk-full'
  | 'not-found' // no such chunk, memory or session
  | 'invalid-input' // what a person typed cannot be saved
  | 'git-failed'
  | 'program-failed' // the Engram program could not be run, said no, or did something else than it was asked for
  | 'untrusted' // Restricted Mode
  | 'cloud-config' // no server, an address that cannot be used, a token that cannot be sent
  | 'cloud-unreachable' // no connection, no answer in time, or it broke off; a certificate that is not trusted
  | 'cloud-refused' // the server answered, and said no
  | 'cloud-answer' // what it answered is not what an Engram server answers: HTML, half a JSON, too long, a way to another server
  | 'cloud-unenrolled' // the project takes no part in the cloud
  | 'worker-lost' // the worker thread ended during the call
  | 'cancelled';

/** The only error type that leaves `engine/`. `subject` is safe to show and log: a chunk id or a workspace-relative path. */
export class EngramError extends Error {
  readonly code: EngramErrorCode;
  readonly subject: string | undefined;

  constructor(code: EngramErrorCode, message: string, detail: { subject?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: detail.cause });
    this.name = 'EngramError';
    this.code = code;
    this.subject = detail.subject;
  }

  static is(error: unknown, code?: EngramErrorCode): error is EngramError {
    return error instanceof EngramError && (code === undefined || error.code === code);
  }
}

/**
 * The chunk that a {@link Transport} was asked for is not there (Go `sync.ErrChunkNotFound`, in its words). A transport of one's own throws
 * it, too: an import then leaves the chunk pending instead of ending.
 */
export class ChunkNotFoundError extends EngramError {
  declare readonly code: 'chunk-missing';
  readonly chunkId: string;

  /** @param detail `subject`: what is safe to show, by default the id. */
  constructor(chunkId: string, detail: { subject?: string; cause?: unknown } = {}) {
    super('chunk-missing', 'sync: chunk not found', { subject: chunkId, ...detail });
    this.name = 'ChunkNotFoundError';
    this.chunkId = chunkId;
  }
}
