import { type ScanInput, type ScannedChunk, scanChunks } from './chunkScan.ts';
import { EngramError } from './errors.ts';
import { EMPTY_MANIFEST, type Manifest } from './manifest.ts';
import type { ChunkFile, Transport } from './ports.ts';

/** What a transport has, and how it stands. */
export interface TransportScan {
  readonly manifest: Manifest;
  /** Why the manifest cannot be used; the chunks that are there are known all the same. */
  readonly manifestProblem: EngramError | undefined;
  readonly chunks: readonly ScannedChunk[];
}

/**
 * Looks at manifest and chunks. Where a transport cannot list its chunks, those of the manifest are taken to be there until reading one
 * says otherwise.
 *
 * @throws what the transport throws; a manifest that cannot be used only where chunks cannot be listed either.
 */
export async function scanTransport(transport: Transport, known: Omit<ScanInput, 'manifest' | 'files'>): Promise<TransportScan> {
  const { manifest, manifestProblem } = await readManifest(transport);
  const files = await listChunks(transport, manifest);
  return { manifest, manifestProblem, chunks: scanChunks({ manifest, files, ...known }) };
}

async function readManifest(transport: Transport): Promise<Pick<TransportScan, 'manifest' | 'manifestProblem'>> {
  try {
    return { manifest: await transport.readManifest(), manifestProblem: undefined };
  } catch (error) {
    if (!transport.listChunks || !EngramError.is(error) || !error.code.startsWith('manifest-')) throw error;
    return { manifest: EMPTY_MANIFEST, manifestProblem: error };
  }
}

async function listChunks(transport: Transport, manifest: Manifest): Promise<readonly ChunkFile[]> {
  if (transport.listChunks) return transport.listChunks();
  return manifest.chunks.map(({ id }) => ({ id, size: 0, mtimeMs: 0 }));
}
