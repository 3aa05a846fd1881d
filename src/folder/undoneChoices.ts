import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../adapters/atomicFile.ts';
import { translateFsError } from '../adapters/fsErrors.ts';
import { readRegularFile } from '../adapters/regularFile.ts';
import type { MemoryStore } from '../engine/ports.ts';

const NAME = 'undone.json';
const MAX_BYTES = 1024 * 1024;

/**
 * Which imports a person has undone, kept in the extension's own storage beside the database's own record: where `git clean -fdx` or damage
 * took the database, building it anew must not bring back what somebody did not want.
 */
export class UndoneChoices {
  readonly #folder: string;
  readonly #store: MemoryStore;

  /** @param folder absolute path, `''`: nothing is kept beside the database */
  constructor(folder: string, store: MemoryStore) {
    this.#folder = folder;
    this.#store = store;
  }

  /** Tells a database that does not know the chunks at all. @param at time of the record, as the database writes it */
  async recall(at: string): Promise<void> {
    const imported = this.#store.importedChunks();
    for (const id of await this.#read()) if (!imported.has(id)) this.#store.recordUndone(id, at);
  }

  /** Writes down what the database says now. @throws {EngramError} disk-full, read-only */
  async remember(): Promise<void> {
    if (this.#folder === '') return;
    const now = [...this.#store.undoneChunks()].sort();
    if (now.join() === (await this.#read()).join()) return;
    try {
      if (now.length === 0) return await rm(this.#path, { force: true });
      await mkdir(this.#folder, { recursive: true });
    } catch (error) {
      throw translateFsError(error, NAME);
    }
    await writeFileAtomically(this.#path, new TextEncoder().encode(JSON.stringify({ chunks: now })), async () => undefined);
  }

  /** A file that is no list of ours says nothing. */
  async #read(): Promise<readonly string[]> {
    if (this.#folder === '') return [];
    const bytes = await readRegularFile(this.#path, { subject: NAME, maxBytes: MAX_BYTES, tooLarge: 'io-failed' });
    return bytes ? idsIn(new TextDecoder().decode(bytes)) : [];
  }

  get #path(): string {
    return join(this.#folder, NAME);
  }
}

function idsIn(text: string): string[] {
  try {
    const { chunks } = JSON.parse(text) as { readonly chunks?: unknown };
    return Array.isArray(chunks) ? chunks.filter((id) => typeof id === 'string').sort() : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return [];
    throw error;
  }
}
