import { createRequire } from 'node:module';
import util from 'node:util';
import type { Harness } from './install.ts';
import type { Browser, Page, Playwright } from './playwright.ts';
import type { Server } from './server.ts';

export interface WindowOptions {
  /** Absolute path of the folder, or of a `.code-workspace` file. */
  readonly folder: string;
  /** Mode A: what the window runs instead of a person. Absolute paths. */
  readonly inHost?: { readonly extension: string; readonly tests: string };
}

/** Headless, in the environment of the server's run, so that it leaves nothing behind elsewhere. */
export async function launchBrowser(harness: Harness, server: Server): Promise<Browser> {
  const playwright = createRequire(harness.manifest)('playwright-core') as Playwright;
  if (!harness.browser) throw new Error('No browser was found');
  const flags = [
    'no-sandbox',
    'disable-gpu',
    'disable-quic',
    'no-first-run',
    'disable-background-networking',
    'disable-component-update',
    'disable-sync',
  ];
  return playwright.chromium.launch({
    executablePath: harness.browser,
    headless: true,
    env: server.env,
    args: flags.map((flag) => `--${flag}`),
  });
}

/** Opens a VS Code window in a tab of its own. Closing the page ends its extension host. */
export async function openWindow(browser: Browser, server: Server, options: WindowOptions): Promise<Page> {
  const page = await blankPage(browser);
  await page.goto(addressOf(server, options));
  return page;
}

/**
 * Runs an in-host suite (mode A) and tells whether it passed. Only lines that start with `[suite]` are printed:
 * the log also carries the workbench's own noise. A dead host never answers, hence the time limit.
 */
export async function runInHost(
  browser: Browser,
  server: Server,
  options: WindowOptions & { readonly timeoutMs: number },
): Promise<boolean> {
  const page = await blankPage(browser);
  await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
    const text = util.format(...args);
    if (text.startsWith('[suite]')) console.log(text.slice('[suite]'.length));
  });
  let timer: NodeJS.Timeout | undefined;
  const exit = new Promise<number>((resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`The suite in the host did not end within ${options.timeoutMs / 1000} s`)),
      options.timeoutMs,
    );
    void page
      .exposeFunction('codeAutomationExit', (code: number) => resolve(code))
      .then(() => page.goto(addressOf(server, options)), reject);
  });
  try {
    return (await exit) === 0;
  } finally {
    clearTimeout(timer);
    await page.close();
  }
}

async function blankPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  return page;
}

/** Paths of extensions are URIs of the remote; the folder is a plain path. */
export function addressOf(server: Pick<Server, 'port'>, { folder, inHost }: WindowOptions): string {
  const remote = `vscode-remote://127.0.0.1:${server.port}`;
  const query = new URLSearchParams({ [folder.endsWith('.code-workspace') ? 'workspace' : 'folder']: folder });
  if (inHost) {
    const payload = { skipWelcome: 'true', extensionDevelopmentPath: remote + inHost.extension, extensionTestsPath: remote + inHost.tests };
    query.set('payload', JSON.stringify(Object.entries(payload)));
  }
  return `http://127.0.0.1:${server.port}/?${query}`;
}
