import assert from 'node:assert/strict';
import { engram, layOutTeam } from '../../scripts/demoTeam.ts';
import { commitAndPush, git } from '../../scripts/git.ts';
import type { Journey } from './journey.ts';

const bidi = '\u202e\u2066';
const hostile = {
  title: `$(flame) [run](command:workbench.action.closeWindow) ${bidi}<img src=x onerror=alert(1)>`,
  content: `![x](https://example.invalid/x.png) <script>document.title='owned'</script> [f](file:///etc/passwd) command:workbench.action.quit $(zap) ${bidi}\u0007`,
  author: `mallory $(bug) [c](command:workbench.action.quit)${bidi}`,
};

/** What others wrote is shown as text, and nothing in it does anything. */
export const hostileText: Journey = {
  name: 'Hostile text',
  run: async ({ folder, open, picture }) => {
    const team = await layOutTeam(folder);
    await engram(team.alice, 'init');
    await engram(team.alice, 'save', '--title', hostile.title, '--content', hostile.content, '--project', '$(x) command:y');
    await engram(team.alice, 'sync', '--created-by', hostile.author);
    await commitAndPush(team.alice, 'Share');
    await git(team.bob, 'pull', '--quiet');
    const bob = await open(team.bob);
    await bob.seesStatus(/synced/);
    await bob.openSidebar();
    await bob.seesRow('Chunks', /mallory/);
    const texts = [await bob.statusText(), ...(await bob.rowTexts('Chunks'))].join(' ');
    assert.doesNotMatch(texts, /\p{Bidi_Control}|\p{Cc}/u);
    assert.equal(await bob.view('Chunks').locator('.codicon-bug, .codicon-flame, img').count(), 0);
    await bob
      .rows('Chunks')
      .filter({ hasText: /\d{4},.*memor/ })
      .first()
      .dblclick();
    await bob.page.locator('.editor-instance .view-line').first().waitFor();
    assert.equal(await bob.page.locator('.editor-instance .detected-link', { hasText: /command:|file:/ }).count(), 0);
    await picture(bob, 'hostile-text');
  },
};
