import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { decodeChunk } from '../../src/engine/chunkCodec.ts';
import { DEFAULT_LIMITS, type FolderOptions } from '../../src/engine/folderRequests.ts';
import type { ChunkData } from '../../src/engine/records.ts';
import { type FolderEnvironment, type MemoryFolder, openMemoryFolder } from '../../src/openFolder.ts';
import { WASM_PATH } from './wasm.ts';

export { chunkNames } from './checkFolder.ts';
export { WASM_PATH };

/** A fresh temporary folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'engram-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A repository-like folder with an empty `.engram`; `openIn` opens it. */
export function engramFolder(copyOf?: string): string {
  const parent = temporaryFolder();
  if (copyOf) cpSync(copyOf, join(parent, '.engram'), { recursive: true });
  else mkdirSync(join(parent, '.engram'));
  return join(parent, '.engram');
}

export function openIn(
  root: string,
  options: Partial<FolderOptions> = {},
  wasmPath = WASM_PATH,
  environment: Partial<FolderEnvironment> = {},
): MemoryFolder {
  const folder = openMemoryFolder(
    {
      root,
      trusted: true,
      gitPath: '',
      limits: DEFAULT_LIMITS,
      author: 'alice',
      includePersonal: false,
      sessionId: 'vscode-test',
      keepFolder: '',
      ...options,
    },
    { wasmPath, log: () => undefined, onReading: () => undefined, quarantined: () => false, ...environment },
  );
  onTestFinished(() => folder.close());
  return folder;
}

/** JSON text of a chunk file. */
export function chunkText(root: string, id: string): string {
  return gunzipSync(readFileSync(join(root, 'chunks', `${id}.jsonl.gz`))).toString('utf8');
}

/** A chunk file, decoded. */
export function readChunk(root: string, id: string): Promise<ChunkData> {
  return decodeChunk(Buffer.from(chunkText(root, id), 'utf8'), async () => undefined);
}

/** Writes raw bytes as a chunk file; JSON is packed. */
export function putChunk(root: string, id: string, content: string | Uint8Array): void {
  mkdirSync(join(root, 'chunks'), { recursive: true });
  const bytes = typeof content === 'string' ? gzipSync(content) : content;
  writeFileSync(join(root, 'chunks', `${id}.jsonl.gz`), bytes);
}

export function putManifest(root: string, manifest: unknown): void {
  writeFileSync(join(root, 'manifest.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
}

export function entry(id: string, more: object = {}): object {
  return { id, created_by: 'bob', created_at: '2025-01-02T03:04:05Z', sessions: 0, memories: 0, prompts: 0, ...more };
}
