import type { LogOutputChannel } from 'vscode';
import type { Sessions } from '../../host/session.ts';
import type { ChunkView } from '../chunkView.ts';
import type { ContentEditor } from '../documents/contentEditor.ts';
import type { ReadableDocuments } from '../documents/readableDocuments.ts';

/** What commands work with. A command asks the sessions and never draws a view. */
export interface CommandContext {
  readonly sessions: Sessions;
  readonly documents: ReadableDocuments;
  readonly editor: ContentEditor;
  readonly chunks: ChunkView;
  readonly log: LogOutputChannel;
}
