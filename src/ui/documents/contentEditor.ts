import {
  Disposable,
  EventEmitter,
  type FileChangeEvent,
  type FileStat,
  FileSystemError,
  type FileSystemProvider,
  FileType,
  languages,
  Uri,
  window,
  workspace,
} from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import type { MemoryDetail } from '../../engine/folderRequests.ts';
import type { FolderSession, Sessions } from '../../host/session.ts';
import { instantIn } from '../moments.ts';
import { parsePath, pathOf } from './addresses.ts';
import { LANGUAGE } from './readableDocuments.ts';

const SCHEME = 'engram-edit';

/** The content of a memory in an ordinary editor: saving the file saves the memory. Nothing else can be done in this file system. */
export class ContentEditor implements FileSystemProvider, Disposable {
  readonly #sessions: Sessions;
  readonly #changed = new EventEmitter<FileChangeEvent[]>();
  readonly #subscription: Disposable;
  readonly onDidChangeFile = this.#changed.event;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
    this.#subscription = workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true });
  }

  async open(session: FolderSession, { syncId, title }: MemoryDetail): Promise<void> {
    const path = pathOf({ kind: 'memory', id: syncId }, title);
    const document = await workspace.openTextDocument(Uri.from({ scheme: SCHEME, path, query: session.root.toString() }));
    await languages.setTextDocumentLanguage(document, LANGUAGE);
    await window.showTextDocument(document, { preview: false });
  }

  /** The time of the last change is the version: VS Code asks before it overwrites what a teammate's edit brought meanwhile. */
  async stat(uri: Uri): Promise<FileStat> {
    const { content, createdAt, updatedAt } = await this.#memory(uri);
    const ctime = instantIn(createdAt) ?? 0;
    return { type: FileType.File, ctime, mtime: instantIn(updatedAt) ?? ctime, size: new TextEncoder().encode(content).length };
  }

  async readFile(uri: Uri): Promise<Uint8Array> {
    return new TextEncoder().encode((await this.#memory(uri)).content);
  }

  async writeFile(uri: Uri, bytes: Uint8Array): Promise<void> {
    const { session, syncId } = this.#locate(uri);
    try {
      await session.requests.edit(syncId, { content: new TextDecoder().decode(bytes) });
    } catch (error) {
      throw EngramError.is(error) ? FileSystemError.Unavailable(error.message) : error;
    }
  }

  watch(): Disposable {
    return new Disposable(() => undefined);
  }

  readDirectory(): [string, FileType][] {
    return [];
  }

  createDirectory(uri: Uri): void {
    throw FileSystemError.NoPermissions(uri);
  }

  delete(uri: Uri): void {
    throw FileSystemError.NoPermissions(uri);
  }

  rename(uri: Uri): void {
    throw FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  #locate(uri: Uri): { readonly session: FolderSession; readonly syncId: string } {
    const address = parsePath(uri.path);
    const session = this.#sessions.all.find(({ root }) => root.toString() === uri.query);
    if (!session || address?.kind !== 'memory') throw FileSystemError.FileNotFound(uri);
    return { session, syncId: address.id };
  }

  async #memory(uri: Uri): Promise<MemoryDetail> {
    const { session, syncId } = this.#locate(uri);
    try {
      const memory = await session.requests.memory(syncId);
      if (memory.deleted) throw FileSystemError.FileNotFound(uri);
      return memory;
    } catch (error) {
      throw EngramError.is(error, 'not-found') ? FileSystemError.FileNotFound(uri) : error;
    }
  }
}
