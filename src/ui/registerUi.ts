import { Disposable, type LogOutputChannel, type Memento, type Uri } from 'vscode';
import type { Sessions } from '../host/session.ts';

/** What the editor lends to everything that draws. */
export interface UiHost {
  readonly extensionUri: Uri;
  readonly log: LogOutputChannel;
  readonly workspaceState: Memento;
}

/** Builds all that a person sees and connects it to the sessions. Whoever calls it disposes the result. */
export function registerUi(sessions: Sessions, host: UiHost): Disposable {
  return Disposable.from();
}
