import { type Disposable, l10n, StatusBarAlignment, type StatusBarItem, ThemeColor, window } from 'vscode';
import type { Sessions } from '../host/session.ts';
import { statusText } from './statusText.ts';

/** Draws {@link statusText}. */
export class StatusItem implements Disposable {
  readonly #sessions: Sessions;
  readonly #item: StatusBarItem;
  readonly #subscription: Disposable;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
    this.#item = window.createStatusBarItem('engram.status', StatusBarAlignment.Left);
    this.#item.name = 'Engram';
    this.#subscription = sessions.onDidChange(() => this.#draw());
    this.#draw();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #draw(): void {
    const { all, kind } = this.#sessions;
    const status = statusText(
      l10n.t,
      all.map(({ snapshot }) => snapshot),
      kind,
    );
    if (!status) {
      this.#item.hide();
      return;
    }
    this.#item.text = status.text;
    this.#item.tooltip = status.tooltip;
    this.#item.accessibilityInformation = { label: status.spoken };
    this.#item.backgroundColor = status.isWarning ? new ThemeColor('statusBarItem.warningBackground') : undefined;
    // Its id only: a command with arguments is made anew with each drawing, and a click on the item as it was drawn before finds nothing.
    this.#item.command = status.command;
    this.#item.show();
  }
}
