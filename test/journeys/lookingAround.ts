import assert from 'node:assert/strict';
import { layOutTeam, shareDemoMemories } from '../../scripts/demoTeam.ts';
import { git } from '../../scripts/git.ts';
import { accessibilityFindings } from './accessibility.ts';
import type { Journey, Stage } from './journey.ts';

/** Bob's window on the demo team, everything shared imported; a picture in the theme of the run. */
async function lookAround({ harness, folder, open, picture }: Stage, theme: string): Promise<void> {
  const team = await layOutTeam(folder);
  await shareDemoMemories(team);
  await git(team.bob, 'pull', '--quiet');
  const bob = await open(team.bob);
  await bob.seesStatus(/synced/);
  await bob.openSidebar();
  await bob.seesRow('Chunks', /alice/);
  await bob.seesRow('Chunks', /bob/);
  await picture(bob, `sidebar-${theme}`);
  assert.deepEqual(
    await accessibilityFindings(harness, bob.page, ['.part.sidebar .pane-body', '.statusbar-item[id$="engram.status"]']),
    [],
  );
  await bob.rows('Chunks').filter({ hasText: 'alice' }).first().click();
  await bob.page.keyboard.press('ArrowRight');
  await bob.statusItem.click();
  await bob.seesStatus(/synced/);
}

const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern', 'high-contrast': 'Default High Contrast' };

/** The side bar and a click on the status item, once per theme. */
export const lookingAround: readonly Journey[] = Object.entries(themes).map(([name, theme]) => ({
  name: `Looking around, ${name} theme`,
  server: { settings: { 'workbench.colorTheme': theme } },
  run: (stage: Stage) => lookAround(stage, name),
}));
