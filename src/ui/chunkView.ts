import { commands, Disposable, env, type LogOutputChannel, l10n, type Memento, type TreeView, window } from 'vscode';
import type { Sessions } from '../host/session.ts';
import { chunkRows, type Grouping, isGrouping } from './chunkRows.ts';
import { databaseLabel } from './databaseTexts.ts';
import type { Row } from './rows.ts';
import { RowTree } from './rowTree.ts';

/** Kept per workspace, and a context key, so that menus show which arrangement is on. */
const GROUPING_KEY = 'engram.grouping';

/** The view *Chunks*. */
export class ChunkView implements Disposable {
  readonly #sessions: Sessions;
  readonly #memory: Memento;
  readonly #tree: RowTree;
  readonly #view: TreeView<Row>;
  readonly #subscriptions: Disposable;

  constructor(sessions: Sessions, { log, workspaceState }: { readonly log: LogOutputChannel; readonly workspaceState: Memento }) {
    this.#sessions = sessions;
    this.#memory = workspaceState;
    this.#tree = new RowTree(sessions, log);
    const view = window.createTreeView('engram.chunks', { treeDataProvider: this.#tree, showCollapseAll: true });
    this.#view = view;
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
    const [state, ...others] = this.#sessions.all.map(({ snapshot }) => snapshot.state).filter((each) => each !== undefined);
    this.#view.description = state && others.length === 0 ? databaseLabel(l10n.t, state) : '';
    const sources = this.#sessions.all.map(({ root, snapshot }) => ({ root: root.toString(), snapshot }));
    this.#tree.show(chunkRows({ t: l10n.t, calendar: { locale: env.language } }, sources, this.#grouping));
  }
}
