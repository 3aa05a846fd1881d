import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Harness } from '../../scripts/harness/install.ts';
import type { Page } from '../../scripts/harness/playwright.ts';

/** Rules that every tree of VS Code itself breaks. */
const ofTheWorkbench = new Set(['label-content-name-mismatch']);

/** What axe finds in our part of the page, as `rule: element`. Empty is good. The page's CSP forbids a script tag, hence `evaluate`. */
export async function accessibilityFindings(harness: Harness, page: Page, selectors: readonly string[]): Promise<string[]> {
  await page.evaluate(readFileSync(createRequire(harness.manifest).resolve('axe-core/axe.min.js'), 'utf8'));
  const include = JSON.stringify(selectors.map((selector) => [selector]));
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
    `axe.run({ include: ${include} })`,
  );
  return violations
    .filter(({ id }) => !ofTheWorkbench.has(id))
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
