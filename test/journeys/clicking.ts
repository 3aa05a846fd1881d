import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import { sharedTeam } from './clones.ts';
import type { Journey } from './journey.ts';

/** Each look at the folder draws the status item anew; a click must reach its command however often that happens. */
export const clicking: Journey = {
  name: 'Clicking while the folder changes',
  run: async ({ folder, open }) => {
    const { carol } = await sharedTeam(folder);
    const window = await open(carol);
    await window.seesStatus(/synced/);
    const manifest = path.join(carol, '.engram/manifest.json');
    for (let click = 0; click < 60; click++) {
      const now = new Date();
      utimesSync(manifest, now, now);
      await window.page.waitForTimeout(40 * (click % 10));
      await window.statusItem.click();
    }
    await window.seesStatus(/synced/);
    assert.deepEqual(await window.toasts().allInnerTexts(), [], 'no click failed');
  },
};
