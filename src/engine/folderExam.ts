import type { ScannedChunk } from './chunkScan.ts';
import type { ChunkExam } from './examineChunk.ts';
import type { FolderProblem } from './folderState.ts';
import type { Manifest } from './manifest.ts';

/** A chunk of the folder, and what is in it where it can be read. */
export interface ExaminedChunk {
  readonly chunk: ScannedChunk;
  readonly exam: ChunkExam | undefined;
}

/** The folder as the rules see it: pure data, gathered once. */
export interface FolderExam {
  /** `undefined` where it cannot be read. */
  readonly manifest: Manifest | undefined;
  /** Sentences about manifest and chunks that the state of the folder has too. */
  readonly problems: readonly FolderProblem[];
  /** In manifest order, then those that no entry names. */
  readonly chunks: readonly ExaminedChunk[];
  readonly nowMs: number;
}

/** What older programs go through: listed, and readable here. */
export function listedChunks(folder: FolderExam): readonly { readonly chunk: ScannedChunk; readonly exam: ChunkExam }[] {
  return folder.chunks.flatMap(({ chunk, exam }) => (chunk.entry && exam ? [{ chunk, exam }] : []));
}
