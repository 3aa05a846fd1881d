import { ConfigurationTarget, commands, type Disposable, env, type LogOutputChannel, l10n, window, workspace } from 'vscode';
import type { Arrival, FolderSession, Sessions } from '../host/session.ts';
import { chunkCount } from './counts.ts';
import { plain } from './plainText.ts';
import { arrivalText, healedText } from './summaries.ts';

/** Tells once, quietly, what came by itself; asks once per folder and window where the person wants to be asked. */
export class Arrivals implements Disposable {
  readonly #log: LogOutputChannel;
  readonly #subscription: Disposable;
  readonly #asked = new Set<string>();

  constructor(sessions: Sessions, log: LogOutputChannel) {
    this.#log = log;
    this.#subscription = sessions.onDidArrive((arrival) => void this.#tell(arrival));
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #tell(arrival: Arrival): Promise<void> {
    if (arrival.kind === 'imported') {
      const text = arrivalText(l10n.t, env.language, arrival.summary);
      if (text !== '') window.setStatusBarMessage(`$(cloud-download) ${text}`, 5_000);
      return;
    }
    if (arrival.kind === 'healed') {
      window.setStatusBarMessage(healedText(l10n.t, arrival.summary), 5_000);
      return;
    }
    const root = arrival.session.root.toString();
    if (this.#asked.has(root)) return;
    this.#asked.add(root);
    try {
      await ask(arrival.session, arrival.chunks);
    } catch (error) {
      this.#log.error(error instanceof Error ? error : String(error), 'asking about an import');
    }
  }
}

/** Closing the toast is *Not Now*: the chunks stay in the view and in the status bar. */
async function ask(session: FolderSession, chunks: number): Promise<void> {
  const importThem = l10n.t('Import');
  const never = l10n.t('Don’t Ask Again');
  const question = l10n.t('{0} of your team can be imported into {1}.', chunkCount(l10n.t, chunks), plain(session.snapshot.name));
  const answer = await window.showInformationMessage(question, importThem, l10n.t('Not Now'), never);
  if (answer === importThem) await commands.executeCommand('engram.importPending', { kind: 'folder', root: session.root.toString() });
  if (answer === never) await stopAsking(session);
}

/** Where the setting stands now is where it is changed, else for the person everywhere. */
async function stopAsking({ parent }: FolderSession): Promise<void> {
  const settings = workspace.getConfiguration('engram', parent);
  const found = settings.inspect('autoImport');
  const target = found?.workspaceFolderValue
    ? ConfigurationTarget.WorkspaceFolder
    : found?.workspaceValue
      ? ConfigurationTarget.Workspace
      : ConfigurationTarget.Global;
  await settings.update('autoImport', 'off', target);
}
