import { commands, Disposable, env, type LogOutputChannel, l10n, type Memento, window } from 'vscode';
import type { Sessions } from '../host/session.ts';
import { chunkRows, type Grouping, isGrouping } from './chunkRows.ts';
import { RowTree } from './rowTree.ts';

/** Kept per workspace, and a context key, so that menus show which arrangement is on. */
const GROUPING_KEY = 'engram.grouping';

/** The view *Chunks*. */
export class ChunkView implements Disposable {
  readonly #sessions: Sessions;
  readonly #memory: Memento;
  readonly #tree: RowTree;
  readonly #subscriptions: Disposable;

  constructor(sessions: Sessions, { log, workspaceState }: { readonly log: LogOutputChannel; readonly workspaceState: Memento }) {
    this.#sessions = sessions;
    this.#memory = workspaceState;
    this.#tree = new RowTree(sessions, log);
    const view = window.createTreeView('engram.chunks', { treeDataProvider: this.#tree, showCollapseAll: true });
    this.#subscriptions = Disposable.from(
      view,
      this.#tree,
      sessions.onDidChange(() => this.#draw()),
      view.onDidChangeVisibility(({ visible }) => visible && sessions.lookAround()),
    );
    if (view.visible) sessions.lookAround();
    void commands.executeCommand('setContext', GROUPING_KEY, this.#grouping);
    this.#draw();
  }

  async arrange(grouping: Grouping): Promise<void> {
    await this.#memory.update(GROUPING_KEY, grouping);
    await commands.executeCommand('setContext', GROUPING_KEY, grouping);
    this.#draw();
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  get #grouping(): Grouping {
    const kept = this.#memory.get<unknown>(GROUPING_KEY);
    return isGrouping(kept) ? kept : 'author';
  }

  #draw(): void {
    const sources = this.#sessions.all.map(({ root, snapshot }) => ({ root: root.toString(), snapshot }));
    this.#tree.show(chunkRows({ t: l10n.t, calendar: { locale: env.language } }, sources, this.#grouping));
  }
}
