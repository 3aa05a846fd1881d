import { EngramError } from '../errors.ts';

/**
 * A chunk, or one mutation of it, that the cloud's server would refuse, in the words of Go's `chunkcodec.CanonicalizeForProject`. They may name
 * an entity, an operation and a memory's key, and no other text of the chunk.
 */
export class CanonicalError extends EngramError {
  declare readonly code: 'chunk-corrupt';

  constructor(message: string, detail: { cause?: unknown } = {}) {
    super('chunk-corrupt', message, detail);
    this.name = 'CanonicalError';
  }
}

/** Runs `work`, and puts `where: ` in front of what it fails with. */
export function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (EngramError.is(error)) throw new CanonicalError(`${where}: ${error.message}`, { cause: error });
    throw error;
  }
}
