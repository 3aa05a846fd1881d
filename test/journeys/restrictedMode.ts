import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { demoMemories } from '../../scripts/demoTeam.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { sharedTeam } from './clones.ts';
import type { Journey } from './journey.ts';

/** A folder that nobody has trusted yet: its files can be read, nothing is opened or written; then it is trusted. */
export const restrictedMode: Journey = {
  name: 'Restricted Mode',
  trusted: false,
  run: async ({ folder, open, picture }) => {
    const team = await sharedTeam(folder);
    const database = path.join(team.carol, '.engram/engram.db');
    const carol = await open(team.carol);
    await carol.seesStatus(/restricted/i);
    await carol.openSidebar();
    await carol.seesRow('Chunks', /alice/);
    await picture(carol, 'restricted-mode');
    assert.ok(!existsSync(database), 'no database in Restricted Mode');

    await carol.command('Workspaces: Manage Workspace Trust');
    await carol.page.locator('.workspace-trust-editor .monaco-button', { hasText: 'Trust' }).first().click();
    await eventually('everything is imported once the folder is trusted', () => memoriesIn(team.carol).length === demoMemories, 15_000);
  },
};
