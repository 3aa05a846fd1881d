import { FileTransport } from '../../src/adapters/chunkFolder.ts';
import { LockFile } from '../../src/adapters/lock.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import { type ChunkId, EMPTY_MANIFEST } from '../../src/engine/manifest.ts';

/** A process, perhaps of an account with fewer rights, that tries every way of writing: `node writeFolder.ts <root> <bytes>`. Prints the error codes. */
const [root = '', bytes = '0'] = process.argv.slice(2);
const transport = new FileTransport(root, { limits: DEFAULT_LIMITS, guard: () => undefined });
const entry = { id: 'bbbbbbbb' as ChunkId, createdBy: '', createdAt: '', sessions: 0, memories: 0, prompts: 0 };
const noise = Buffer.alloc(Number(bytes)).map(() => Math.random() * 256);

async function outcome(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
    return 'ok';
  } catch (error) {
    return EngramError.is(error) ? error.code : String(error);
  }
}

const outcomes = {
  read: await outcome(() => transport.readManifest()),
  lock: await outcome(() => new LockFile(root).hold(async () => undefined, 0)),
  chunk: await outcome(() => transport.writeChunk('bbbbbbbb', noise, entry)),
  manifest: await outcome(() => transport.writeManifest({ ...EMPTY_MANIFEST, chunks: [entry] })),
};
process.stdout.write(JSON.stringify(outcomes));
