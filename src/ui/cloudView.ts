import { Disposable, env, type LogOutputChannel, l10n, type TreeView, window } from 'vscode';
import type { Sessions } from '../host/session.ts';
import { type CloudDrawing, cloudMessage, cloudRows } from './cloudRows.ts';
import type { Row } from './rows.ts';
import { RowTree } from './rowTree.ts';

/** So often the server is asked at most because somebody looks. */
const ASK_EVERY_MS = 60_000;

/** The view *Cloud*: how the folders stand with the team's server, and what to do next. Without a server the welcome of package.json. */
export class CloudView implements Disposable {
  readonly #sessions: Sessions;
  readonly #tree: RowTree;
  readonly #view: TreeView<Row>;
  readonly #subscriptions: Disposable;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(sessions: Sessions, log: LogOutputChannel) {
    this.#sessions = sessions;
    this.#tree = new RowTree(sessions, log);
    const view = window.createTreeView('engram.cloud', { treeDataProvider: this.#tree });
    this.#view = view;
    this.#subscriptions = Disposable.from(
      view,
      this.#tree,
      sessions.onDidChange(() => {
        this.#draw();
        if (view.visible) this.#ask();
      }),
      view.onDidChangeVisibility(({ visible }) => visible && this.#ask()),
    );
    this.#draw();
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  /** What the server has changes without an event here. */
  #ask(): void {
    const { cloud, all } = this.#sessions;
    if (!cloud.isConnected || !all.some(({ snapshot }) => snapshot.cloud?.enrolled)) return;
    if (performance.now() - this.#askedAt < ASK_EVERY_MS) return;
    this.#askedAt = performance.now();
    void this.#sessions.askCloud();
  }

  #draw(): void {
    const { all, cloud, trusted } = this.#sessions;
    const sources = trusted ? all.map(({ root, snapshot }) => ({ root: root.toString(), snapshot })) : [];
    const drawing: CloudDrawing = { t: l10n.t, calendar: { locale: env.language }, place: cloud, nowMs: Date.now() };
    this.#tree.show(cloudRows(drawing, sources));
    const message = cloudMessage(drawing, sources);
    if ((this.#view.message ?? '') !== message) this.#view.message = message;
  }
}
