import { EngramError } from '../errors.ts';
import { problemFrom } from '../folderProblem.ts';
import type { FolderProblem } from '../folderState.ts';
import type { ChunkId } from '../manifest.ts';
import type { HeldBack } from './cloudPlan.ts';

/** What is wrong with one chunk of the cloud, in one sentence for a person. */
export function cloudChunkFault(id: ChunkId, error: EngramError): EngramError {
  const detail = { subject: id, cause: error };
  const reason = error.message.replace(/\.$/, '');
  if (error.code === 'chunk-missing') {
    const message = `Chunk ${id} is listed by the server, but it is not there. Everything else is imported; it is asked for again with each sync.`;
    return new EngramError('chunk-missing', message, detail);
  }
  const message = `Chunk ${id} of the server cannot be used (${reason}). Nothing of it was imported, everything else is; ask the server's administrator.`;
  return new EngramError(error.code === 'chunk-too-large' ? 'chunk-too-large' : 'chunk-corrupt', message, detail);
}

/** @param count records of the chunk that were left out */
export function leftOutRecords(id: ChunkId, count: number): FolderProblem {
  const message = `${count} of the records of chunk ${id} cannot be used and were left out; the rest is imported. A newer release may know them.`;
  return problemFrom(new EngramError('chunk-corrupt', message, { subject: id }), 'info');
}

/** A server that stores chunks in a form of its own gives no reason to doubt what is in them. */
export function otherForm(id: ChunkId): FolderProblem {
  const message = `Chunk ${id} of the server is not, byte for byte, what its name says; it is imported all the same. Newer servers keep chunks in a form of their own.`;
  return problemFrom(new EngramError('chunk-altered', message, { subject: id }), 'info');
}

/** What stays here, and what a person can do about it. */
export function heldBackProblems(project: string, { inOtherProject, unsendable }: HeldBack): FolderProblem[] {
  const problems: string[] = [];
  if (inOtherProject > 0) {
    problems.push(
      `Not sent: ${inOtherProject} of project “${project}” in sessions of another project, because the cloud would move those sessions. They are safe here; save them again in a session of this project to share them.`,
    );
  }
  if (unsendable > 0) {
    problems.push(
      `Not sent: ${unsendable} that no server takes, without a title, content or type, or with a NUL character. They are safe here; edit them to share them.`,
    );
  }
  return problems.map((message) => problemFrom(new EngramError('invalid-input', message), 'info'));
}

/** @param error why the server refused it */
export function refusedChange(entity: string, error: EngramError): FolderProblem {
  const message = `The server refused one ${entity} (${error.message}). It stays here and is tried again with each sync; everything else was sent. Edit it, or ask the server's administrator.`;
  return problemFrom(new EngramError('cloud-refused', message, { cause: error }));
}

/** Rows of the journal that cannot be read. */
export function unusableRows(count: number): FolderProblem[] {
  if (count === 0) return [];
  const message = `${count} entries of the journal cannot be read, so they are not sent; no memory is lost. Diagnose the cloud upgrade to repair them.`;
  return [problemFrom(new EngramError('store-corrupt', message))];
}

/** @param count mutations that were pulled and say nothing that this release understands */
export function uselessMutations(count: number): FolderProblem[] {
  if (count === 0) return [];
  const message = `${count} changes from the cloud cannot be used and were passed over; everything else was merged. A newer release may know them.`;
  return [problemFrom(new EngramError('cloud-answer', message), 'info')];
}
