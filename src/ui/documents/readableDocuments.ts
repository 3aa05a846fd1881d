import {
  type CancellationToken,
  Disposable,
  EventEmitter,
  type LogOutputChannel,
  l10n,
  languages,
  type TextDocument,
  type TextDocumentContentProvider,
  Uri,
  window,
  workspace,
} from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import type { ReadableDocument } from '../../engine/folderRequests.ts';
import type { FolderSession, Sessions } from '../../host/session.ts';
import { signalOf } from '../signals.ts';
import { type Address, inertText, parsePath, pathOf } from './addresses.ts';
import { HealthReports } from './healthReports.ts';

export const SCHEME = 'engram';
/** Markdown's colours without Markdown's links: VS Code runs `command:` links in Markdown. */
export const LANGUAGE = 'engram-memory';

/** Chunks, memories and sessions as read-only documents. The text comes from the engine; an open document follows its folder. */
export class ReadableDocuments implements TextDocumentContentProvider, Disposable {
  readonly #sessions: Sessions;
  readonly #log: LogOutputChannel;
  readonly #changed = new EventEmitter<Uri>();
  readonly #subscriptions: Disposable;
  readonly health = new HealthReports();
  readonly #drawn = new Map<string, unknown>();
  readonly onDidChange = this.#changed.event;

  constructor(sessions: Sessions, log: LogOutputChannel) {
    this.#sessions = sessions;
    this.#log = log;
    this.#subscriptions = Disposable.from(
      workspace.registerTextDocumentContentProvider(SCHEME, this),
      workspace.onDidOpenTextDocument((document) => this.#setLanguage(document)),
      sessions.onDidChange(() => this.#refresh()),
    );
  }

  /** Never rejects for a reason of ours: what went wrong is the text. */
  async provideTextDocumentContent(uri: Uri, token: CancellationToken): Promise<string> {
    const signal = signalOf(token);
    try {
      const place = this.locate(uri);
      if (!place) return l10n.t('This document is no longer here. Its folder was closed.');
      const { text } = await this.#read(place.session, place.address, signal.signal);
      return inertText(text);
    } catch (error) {
      if (EngramError.is(error)) return error.message;
      this.#log.error(error instanceof Error ? error : String(error), 'reading a document');
      return l10n.t('Engram could not finish. The log has details.');
    } finally {
      signal.dispose();
    }
  }

  /** Which folder and what in it a document's URI means. */
  locate(uri: Uri): { readonly session: FolderSession; readonly address: Address } | undefined {
    const address = uri.scheme === SCHEME ? parsePath(uri.path) : undefined;
    const session = this.#sessions.all.find(({ root }) => root.toString() === uri.query);
    return address && session && { session, address };
  }

  /** The URI of a document, its title in it. @throws {EngramError} not-found, untrusted, chunk-… */
  async uriOf(session: FolderSession, address: Address, signal?: AbortSignal): Promise<Uri> {
    const { title } = address.kind === 'chunk' ? { title: l10n.t('Chunk {0}', address.id) } : await this.#read(session, address, signal);
    return Uri.from({ scheme: SCHEME, path: pathOf(address, title), query: session.root.toString() });
  }

  /** Shows a document in a preview tab. @throws {EngramError} not-found, untrusted, chunk-… */
  async open(session: FolderSession, address: Address): Promise<void> {
    const document = await workspace.openTextDocument(await this.uriOf(session, address));
    await window.showTextDocument(await asMemory(document), { preview: true });
  }

  /** Shows the report that was made last, in a tab that stays. */
  async openHealth(session: FolderSession): Promise<void> {
    const uri = await this.uriOf(session, { kind: 'health', id: 'report' });
    this.#changed.fire(uri);
    await window.showTextDocument(await asMemory(await workspace.openTextDocument(uri)), { preview: false });
  }

  dispose(): void {
    this.#subscriptions.dispose();
    this.#changed.dispose();
  }

  async #read(session: FolderSession, { kind, id }: Address, signal?: AbortSignal): Promise<ReadableDocument> {
    const { requests } = session;
    const context = signal ? { signal } : {};
    switch (kind) {
      case 'chunk':
        return requests.readChunk(id, context);
      case 'memory':
        return requests.readMemory(id, context);
      case 'session':
        return requests.readSession(id, context);
      case 'health':
        return { title: l10n.t('Memory Health'), text: (await this.health.lastOrFirst(session, context)).document.text };
    }
  }

  async #setLanguage(document: TextDocument): Promise<void> {
    try {
      if (document.uri.scheme === SCHEME) await asMemory(document);
    } catch (error) {
      this.#log.debug('A document was closed before its language was set', String(error));
    }
  }

  /** Progress changes nothing in a document, a new state may. */
  #refresh(): void {
    const changed = new Set<string>();
    for (const { root, snapshot } of this.#sessions.all) {
      const key = root.toString();
      if (this.#drawn.get(key) !== snapshot.state) changed.add(key);
      this.#drawn.set(key, snapshot.state);
    }
    for (const { uri } of workspace.textDocuments) if (uri.scheme === SCHEME && changed.has(uri.query)) this.#changed.fire(uri);
  }
}

async function asMemory(document: TextDocument): Promise<TextDocument> {
  return document.languageId === LANGUAGE ? document : languages.setTextDocumentLanguage(document, LANGUAGE);
}
