import { commands, type Disposable, type LogOutputChannel, l10n, window } from 'vscode';
import type { FolderSession, Sessions } from '../host/session.ts';
import { plain } from './plainText.ts';

/** The first time that a folder is open and the Engram program keeps memories on this machine, a person is asked which ones to use. Once. */
export class DatabaseQuestion implements Disposable {
  readonly #sessions: Sessions;
  readonly #log: LogOutputChannel;
  readonly #subscription: Disposable;
  readonly #asked = new Set<string>();

  constructor(sessions: Sessions, log: LogOutputChannel) {
    this.#sessions = sessions;
    this.#log = log;
    this.#subscription = sessions.onDidChange(() => this.#look());
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #look(): void {
    if (!this.#sessions.trusted) return;
    for (const session of this.#sessions.all) {
      const { state } = session.snapshot;
      const root = session.root.toString();
      if (state?.folder !== 'ok' || state.liveFound === undefined || this.#asked.has(root)) continue;
      if (this.#sessions.memoryChoice(session).isAsked) continue;
      this.#asked.add(root);
      void this.#ask(session);
    }
  }

  /** Closing the question is an answer, too: nothing changes, and nobody asks again. */
  async #ask(session: FolderSession): Promise<void> {
    try {
      const [live, own, more] = [l10n.t('Use the Program’s'), l10n.t('Keep the Folder’s'), l10n.t('Compare…')];
      const question = l10n.t(
        'The Engram program keeps memories on this machine. Shall {0} share those, so that agents find what your team shares? Nothing leaves before you have seen it.',
        plain(session.snapshot.name),
      );
      const answer = await window.showInformationMessage(question, live, own, more);
      if (answer === more) await commands.executeCommand('engram.chooseDatabase', { kind: 'folder', root: session.root.toString() });
      if (this.#sessions.memoryChoice(session).isAsked) return;
      await this.#sessions.chooseMemories(session, { database: answer === live ? 'live' : 'workspace' });
    } catch (error) {
      this.#log.error(error instanceof Error ? error : String(error), 'asking which memories to use');
    }
  }
}
