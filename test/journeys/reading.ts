import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import { sharedTeam } from './clones.ts';
import type { Journey } from './journey.ts';

/** Finds a memory, reads it, goes to its session by the link, without touching the mouse. */
const search: Journey = {
  name: 'Searching and reading with the keyboard only',
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    const window = await open(team.carol);
    await window.seesStatus(/synced/);
    await window.command('Engram: Search Memories');
    const input = window.page.locator('.quick-input-widget input[placeholder^="Search memories"]').first();
    await input.waitFor();
    await window.page.keyboard.type('idempotency');
    await window.quickPickRows().filter({ hasText: 'Checkout retries must be idempotent' }).first().waitFor();
    await picture(window, 'search');
    await window.page.keyboard.press('Enter');
    await eventually('the memory as a document', async () => /idempotency key made from the cart id/.test(await window.editorText()));
    await window.page.keyboard.type('x');
    assert.doesNotMatch(await window.editorText(), /^x/, 'read-only');
    await picture(window, 'memory');
  },
};

/** A row is a thing, not a button: a click on a chunk opens it, and so does its context menu. */
const chunk: Journey = {
  name: 'Opening a chunk',
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    const window = await open(team.carol);
    await window.seesStatus(/synced/);
    await window.openSidebar();
    await window.seesRow('Chunks', /bob/);
    await window.command('View: Close All Editors');
    const row = window
      .rows('Chunks')
      .filter({ hasText: /\d{4},.*2 memories/ })
      .first();
    await window.contextMenu(row, 'Open Chunk');
    await eventually('both memories of the chunk', async () => /Prices are integers|Feature flags live/.test(await window.editorText()));
    await picture(window, 'chunk');
  },
};

/** What is there to be read can be found, opened and read. */
export const reading: readonly Journey[] = [search, chunk];
