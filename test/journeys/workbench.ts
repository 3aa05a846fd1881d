import type { Locator, Page } from '../../scripts/harness/playwright.ts';
import { eventually } from '../eventually.ts';

/** A VS Code window as a person meets it. All selectors of VS Code's own parts stand here and nowhere else. */
export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Waits for the first paint of status bar and activity bar. */
  async ready(): Promise<void> {
    await this.page.locator('.statusbar').waitFor({ timeout: 40_000 });
    await this.page.locator('.activitybar .action-item').first().waitFor({ timeout: 40_000 });
  }

  /** The one item of ours, by the id that VS Code gives it. */
  get statusItem(): Locator {
    return this.page.locator('.statusbar-item[id$="engram.status"]');
  }

  async statusText(): Promise<string> {
    return ((await this.statusItem.textContent()) ?? '').replaceAll('\u00a0', ' ').trim();
  }

  /** `''` where the item is hidden, as it is without an `.engram`. */
  async statusTextOrNone(): Promise<string> {
    return (await this.statusItem.count()) === 0 ? '' : this.statusText();
  }

  /** Waits until the status item reads as wanted, and says what it read instead where it never does. */
  async seesStatus(wanted: RegExp, limitMs = 20_000): Promise<void> {
    await eventually(`status item ${wanted}`, async () => mustMatch(await this.statusText(), wanted), limitMs);
  }

  /** The activity bar's badge covers the label, so the list item takes the click. A second click would hide the side bar. */
  async openSidebar(): Promise<void> {
    const item = this.page.locator('.activitybar .action-item', { has: this.page.locator('.action-label[aria-label^="Engram"]') });
    if ((await item.getAttribute('class'))?.includes('checked')) return;
    await item.click();
    await this.page.locator('.pane').first().waitFor();
  }

  view(title: string): Locator {
    return this.page.locator('.pane', { has: this.page.locator(`.pane-header[aria-label^="${title}"]`) });
  }

  rows(view: string): Locator {
    return this.view(view).locator('.monaco-list-row');
  }

  /** Every row of a view from top to bottom; a list has only the rows on screen in the page, so it is scrolled through. */
  async rowTexts(view: string): Promise<string[]> {
    const list = this.view(view).locator('.monaco-list').first();
    await list.hover({ force: true });
    await this.page.mouse.wheel(0, -100_000);
    const seen = new Set<string>();
    for (let screens = 0, still = 0; screens < 40 && still < 3; screens++) {
      await this.page.waitForTimeout(60); // the list draws its new rows a frame later
      const before = seen.size;
      for (const text of await this.rows(view).allInnerTexts()) seen.add(text.replaceAll(/\s+/g, ' ').trim());
      still = seen.size === before ? still + 1 : 0;
      await this.page.mouse.wheel(0, 60);
    }
    return [...seen];
  }

  async seesRow(view: string, wanted: RegExp, limitMs = 10_000): Promise<void> {
    await eventually(`row ${wanted} in ${view}`, async () => mustMatch((await this.rowTexts(view)).join('\n'), wanted), limitMs);
  }

  /**
   * Waits for a notice above the chunks, reads it as a screen reader would and as the hover shows it, and leaves the hover open for a
   * picture: what happened, what is safe, and exactly one thing to do next.
   */
  async seesNotice(headline: string, words: RegExp, next: string, limitMs = 10_000): Promise<void> {
    const row = this.view('Chunks').locator(`.monaco-list-row[aria-label^="${headline}. "]`).first();
    await eventually(
      `the notice ${headline}`,
      async () => {
        const spoken = (await row.count()) === 0 ? '' : ((await row.getAttribute('aria-label')) ?? '');
        mustMatch(spoken, words);
        if ((spoken.match(/Click to/g) ?? []).length !== 1 || !spoken.includes(`. ${next}`)) throw new Error(`read: ${spoken}`);
        return true;
      },
      limitMs,
    );
    const hover = this.page.locator('.monaco-hover:visible', { hasText: next }).first();
    await eventually('the hover of the notice', async () => {
      await this.page.mouse.move(700, 120);
      await row.hover();
      await hover.waitFor({ timeout: 3000 });
      return true;
    });
  }

  /** What a screen reader says of the status item: its words, and what a click does. */
  async statusSpoken(): Promise<string> {
    return (await this.statusItem.locator('[aria-label]').first().getAttribute('aria-label')) ?? '';
  }

  /** Runs a command by its title, as typed into the palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    // A window that has just opened gains commands for some seconds; the list is made anew with each typing.
    await eventually(`the command ${title}`, async () => {
      await input.fill('>');
      await input.fill(`>${title}`);
      await this.quickPickRows().filter({ hasText: title }).first().waitFor({ timeout: 2000 });
    });
    await input.press('Enter');
  }

  /** Answers one step of a quick input, told from the step before by its placeholder; without text what is offered is taken. */
  async answer(placeholder: string, text?: string): Promise<void> {
    const input = this.page.locator(`.quick-input-widget input[placeholder^="${placeholder}"]`).first();
    await input.waitFor();
    if (text !== undefined) await input.fill(text);
    await input.press('Enter');
  }

  /** Types into a quick pick and takes the row, once the answer to what was typed is there. */
  async pick(placeholder: string, text: string, row: string | RegExp): Promise<void> {
    const input = this.page.locator(`.quick-input-widget input[placeholder^="${placeholder}"]`).first();
    await input.waitFor();
    if (text !== '') await input.fill(text);
    await this.quickPickRows().filter({ hasText: row }).first().click();
  }

  quickPickRows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  /** Right click, then the entry. A menu ignores the mouse for a moment after it opened, so the click is repeated until it closes. */
  async contextMenu(row: Locator, entry: string): Promise<void> {
    await row.click({ button: 'right' });
    const item = this.page.locator('.monaco-menu .action-menu-item', { hasText: entry }).first();
    await item.waitFor();
    await eventually(`the menu closes after ${entry}`, async () => {
      if (await item.isVisible()) await item.click({ timeout: 1000 });
      return !(await item.isVisible());
    });
  }

  /** Lines of the active editor as they are on screen; VS Code renders blanks as no-break spaces. */
  async editorText(): Promise<string> {
    const lines = await this.page.locator('.editor-instance .view-line').allInnerTexts();
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** The links that are drawn in the active editor. */
  async links(): Promise<string[]> {
    const texts = await this.page.locator('.editor-instance .view-line .detected-link').allInnerTexts();
    return texts.map((text) => text.replaceAll('\u00a0', ' '));
  }

  /** Follows a link in the active editor as a person does: Ctrl and a click. */
  async followLink(text: string): Promise<void> {
    const link = this.page.locator('.editor-instance .view-line .detected-link', { hasText: text }).first();
    await link.waitFor();
    // A line is drawn anew while the editor settles; `force`, because its text lies below the layer that takes the mouse.
    await eventually(`the link ${text}`, async () => {
      await link.click({ modifiers: ['Control'], force: true, timeout: 2000 });
      return true;
    });
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator('.tab', { hasText: name });
  }

  /** A question that nothing else goes on beside. */
  get modal(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  modalButton(text: string): Locator {
    return this.page.locator('.monaco-dialog-box .monaco-button', { hasText: text });
  }

  toasts(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /** Status item, notices and dialog in one line, for the report of a failure. Never rejects. */
  async whatItSays(): Promise<string> {
    const parts = [
      this.statusItem,
      this.toasts(),
      this.page.locator('.monaco-dialog-box'),
      this.page.locator('.quick-input-widget:visible'),
    ];
    const texts = await Promise.all(parts.map((part) => part.allInnerTexts().catch(() => ['(gone)'])));
    return texts.flat().join(' | ').replaceAll(/\s+/g, ' ');
  }

  /** Types a line into a terminal of this window, opening one if there is none. */
  async terminal(line: string): Promise<void> {
    if ((await this.page.locator('.xterm-rows').count()) === 0) {
      await this.command('Terminal: Create New Terminal');
      await eventually('a shell prompt', async () => mustMatch(await this.terminalText(), /[$#%>]/), 20_000);
    }
    await this.command('Terminal: Focus Terminal');
    // Typed too early, the first letters go to whatever had the focus before.
    await this.page.locator('.xterm-helper-textarea:focus').waitFor({ state: 'attached' });
    await this.page.keyboard.type(line);
    await this.page.keyboard.press('Enter');
  }

  async terminalText(): Promise<string> {
    return (await this.page.locator('.xterm-rows > div').allTextContents()).join('\n');
  }
}

function mustMatch(text: string, wanted: RegExp): true {
  if (!wanted.test(text)) throw new Error(`read: ${JSON.stringify(text)}`);
  return true;
}
