import { Disposable, type LogOutputChannel, languages, type Memento, type Uri } from 'vscode';
import type { Sessions } from '../host/session.ts';
import { Arrivals } from './arrivals.ts';
import { ChunkView } from './chunkView.ts';
import { CloudView } from './cloudView.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { DatabaseQuestion } from './databaseQuestion.ts';
import { ContentEditor } from './documents/contentEditor.ts';
import { DocumentLinks } from './documents/documentLinks.ts';
import { LANGUAGE, ReadableDocuments, SCHEME } from './documents/readableDocuments.ts';
import { PendingView } from './pendingView.ts';
import { StatusItem } from './statusItem.ts';

/** What the editor lends to everything that draws. */
export interface UiHost {
  readonly extensionUri: Uri;
  readonly log: LogOutputChannel;
  readonly workspaceState: Memento;
}

/** Builds all that a person sees and connects it to the sessions. Whoever calls it disposes the result. */
export function registerUi(sessions: Sessions, host: UiHost): Disposable {
  const { log } = host;
  const documents = new ReadableDocuments(sessions, log);
  const editor = new ContentEditor(sessions);
  const chunks = new ChunkView(sessions, host);
  return Disposable.from(
    documents,
    editor,
    chunks,
    new PendingView(sessions, log),
    new CloudView(sessions, log),
    new StatusItem(sessions),
    new Arrivals(sessions, log),
    new DatabaseQuestion(sessions, log),
    languages.registerDocumentLinkProvider({ scheme: SCHEME, language: LANGUAGE }, new DocumentLinks(documents)),
    registerCommands({ sessions, documents, editor, chunks, log }),
  );
}
