import { Disposable, env, type LogOutputChannel, l10n, type TreeView, window } from 'vscode';
import type { Sessions } from '../host/session.ts';
import { pendingRows, waitingCount } from './pendingRows.ts';
import type { Row } from './rows.ts';
import { RowTree } from './rowTree.ts';
import { waitingText } from './statusText.ts';

/** The view *Pending imports*, with the number that waits as its badge. */
export class PendingView implements Disposable {
  readonly #sessions: Sessions;
  readonly #tree: RowTree;
  readonly #view: TreeView<Row>;
  readonly #subscriptions: Disposable;

  constructor(sessions: Sessions, log: LogOutputChannel) {
    this.#sessions = sessions;
    this.#tree = new RowTree(sessions, log);
    this.#view = window.createTreeView('engram.pending', { treeDataProvider: this.#tree, showCollapseAll: true });
    this.#subscriptions = Disposable.from(
      this.#view,
      this.#tree,
      sessions.onDidChange(() => this.#draw()),
    );
    this.#draw();
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  #draw(): void {
    const { all } = this.#sessions;
    const sources = all.map(({ root, snapshot }) => ({ root: root.toString(), snapshot }));
    this.#tree.show(pendingRows({ t: l10n.t, calendar: { locale: env.language } }, sources));
    const count = waitingCount(all.map(({ snapshot }) => snapshot));
    this.#view.badge = count === 0 ? undefined : { value: count, tooltip: waitingText(l10n.t, count) };
  }
}
