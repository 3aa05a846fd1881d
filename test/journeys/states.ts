import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { demoMemories, engram, type Team } from '../../scripts/demoTeam.ts';
import { git } from '../../scripts/git.ts';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { sharedTeam } from './clones.ts';
import type { Journey, Stage } from './journey.ts';

/** A state that a person meets and must understand at once. */
interface Situation {
  readonly name: string;
  /** Makes it out of Carol's clone, which has pulled everything and has no database yet; gives the folder to open if it is another. */
  prepare(team: Team): Promise<string | undefined> | string | undefined;
  /** In the side bar or in the status item. */
  readonly says: RegExp;
  /** Everything that the chunks hold is in the database all the same. */
  readonly imports: boolean;
}

const inEngram = (team: Team, name: string) => path.join(team.carol, '.engram', name);

const situations: readonly Situation[] = [
  {
    name: 'not initialised',
    prepare: ({ carol }) => {
      const plain = path.join(carol, '../plain');
      mkdirSync(plain);
      return plain;
    },
    says: /Initialize/,
    imports: false,
  },
  {
    name: 'a branch without .engram',
    prepare: async ({ carol }) => {
      const first = (await git(carol, 'rev-list', '--max-parents=0', 'HEAD')).trim();
      await git(carol, 'checkout', '--quiet', '-b', 'old', first);
      return undefined;
    },
    says: /branch/i,
    imports: false,
  },
  {
    name: 'nothing yet',
    prepare: async ({ carol }) => {
      const fresh = path.join(carol, '../fresh');
      await git(path.dirname(fresh), 'init', '--quiet', fresh);
      await engram(fresh, 'init');
      return fresh;
    },
    says: /no memories|nothing yet/i,
    imports: false,
  },
  {
    name: 'deleted chunks',
    prepare: ({ carol }) => {
      rmSync(path.join(carol, '.engram'), { recursive: true });
      mkdirSync(path.join(carol, '.engram'));
      return undefined;
    },
    says: /deleted here/i,
    imports: false,
  },
  {
    name: 'written but not committed',
    prepare: async ({ carol }) => {
      await engram(carol, 'save', '--title', 'Not committed', '--content', 'Content', '--project', 'lantern-shop');
      await engram(carol, 'sync', '--created-by', 'carol');
      return undefined;
    },
    says: /commit/i,
    imports: true,
  },
  {
    name: 'a folder that git ignores',
    prepare: async ({ carol }) => {
      await git(carol, 'rm', '-r', '--quiet', '--cached', '.engram');
      writeFileSync(path.join(carol, '.gitignore'), '.engram/\n');
      return undefined;
    },
    says: /ignore/i,
    imports: true,
  },
  {
    name: 'chunks without a manifest',
    prepare: (team) => {
      rmSync(inEngram(team, 'manifest.json'));
      return undefined;
    },
    says: /manifest|listed/i,
    imports: true,
  },
  {
    name: 'no git repository',
    prepare: ({ carol }) => {
      rmSync(path.join(carol, '.git'), { recursive: true });
      return undefined;
    },
    says: /alice/,
    imports: true,
  },
  {
    name: 'a manifest of a newer release',
    prepare: (team) => {
      const file = inEngram(team, 'manifest.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": *\d+/, '"version": 99'));
      return undefined;
    },
    says: /newer/i,
    imports: true,
  },
  {
    name: 'a damaged database',
    prepare: (team) => {
      writeFileSync(inEngram(team, 'engram.db'), 'this is no database '.repeat(1000));
      return undefined;
    },
    says: /rebuilt|damaged|aside/i,
    imports: true,
  },
  {
    name: 'a database that git tracks',
    prepare: async ({ carol }) => {
      await engram(carol, 'import');
      await git(carol, 'add', '--force', '.engram/engram.db');
      return undefined;
    },
    says: /track/i,
    imports: true,
  },
  {
    name: "another tool's .engram",
    prepare: ({ carol }) => {
      rmSync(path.join(carol, '.engram'), { recursive: true });
      mkdirSync(path.join(carol, '.engram'));
      writeFileSync(path.join(carol, '.engram/model.bin'), 'weights');
      return undefined;
    },
    says: /another tool/i,
    imports: false,
  },
];

async function understand({ folder, open, picture }: Stage, situation: Situation): Promise<void> {
  const team = await sharedTeam(folder);
  const target = (await situation.prepare(team)) ?? team.carol;
  const window = await open(target);
  await window.openSidebar();
  await eventually(
    `the window says ${situation.says}`,
    async () => {
      const text = `${(await window.page.locator('.part.sidebar').allInnerTexts()).join()}\n${await window.statusTextOrNone()}`;
      if (!situation.says.test(text)) throw new Error(`read: ${JSON.stringify(text)}`);
      return true;
    },
    20_000,
  );
  await picture(window, `state-${situation.name.replaceAll(/[^a-z]+/g, '-')}`);
  if (situation.imports) await eventually('what the chunks hold is imported', () => memoriesIn(target).length >= demoMemories);
}

export const states: readonly Journey[] = situations.map((situation) => ({
  name: `A window on ${situation.name}`,
  run: (stage: Stage) => understand(stage, situation),
}));
