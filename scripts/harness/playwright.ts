/**
 * The parts of `playwright-core` that are used, typed here because the package lives in `.harness`, which is not
 * there when types are checked.
 */
export interface Playwright {
  readonly chromium: {
    launch(options: { executablePath: string; headless: boolean; env: NodeJS.ProcessEnv; args: string[] }): Promise<Browser>;
  };
}

export interface Browser {
  newContext(options: { viewport: { width: number; height: number }; permissions: string[] }): Promise<{ newPage(): Promise<Page> }>;
  close(): Promise<void>;
}

export interface Page {
  readonly keyboard: { press(keys: string): Promise<void>; type(text: string): Promise<void>; insertText(text: string): Promise<void> };
  readonly mouse: { wheel(deltaX: number, deltaY: number): Promise<void>; move(x: number, y: number): Promise<void> };
  goto(address: string): Promise<unknown>;
  reload(): Promise<unknown>;
  close(): Promise<void>;
  isClosed(): boolean;
  setDefaultTimeout(ms: number): void;
  exposeFunction(name: string, body: (...args: never[]) => unknown): Promise<void>;
  evaluate<T>(script: string): Promise<T>;
  locator(selector: string, options?: LocatorOptions): Locator;
  screenshot(options: { path: string; clip?: { x: number; y: number; width: number; height: number } }): Promise<unknown>;
  waitForTimeout(ms: number): Promise<void>;
  bringToFront(): Promise<void>;
}

export interface LocatorOptions {
  readonly hasText?: string | RegExp;
  readonly has?: Locator;
}

export interface Locator {
  locator(selector: string, options?: LocatorOptions): Locator;
  filter(options: LocatorOptions): Locator;
  first(): Locator;
  last(): Locator;
  nth(index: number): Locator;
  count(): Promise<number>;
  click(options?: { button?: 'left' | 'right'; modifiers?: readonly 'Control'[]; force?: boolean; timeout?: number }): Promise<void>;
  dblclick(): Promise<void>;
  hover(options?: { force?: boolean }): Promise<void>;
  fill(text: string): Promise<void>;
  press(key: string): Promise<void>;
  isVisible(): Promise<boolean>;
  textContent(): Promise<string | null>;
  innerText(): Promise<string>;
  allTextContents(): Promise<string[]>;
  allInnerTexts(): Promise<string[]>;
  getAttribute(name: string): Promise<string | null>;
  waitFor(options?: { state?: 'attached' | 'detached' | 'visible' | 'hidden'; timeout?: number }): Promise<void>;
  boundingBox(): Promise<{ x: number; y: number; width: number; height: number } | null>;
}
