import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mustExec } from './exec.ts';
import { clone, commitAndPush, git } from './git.ts';
import { dist } from './paths.ts';

/** A bare remote and a clone for each member, in one temporary folder. Absolute paths. */
export interface Team {
  readonly remote: string;
  readonly alice: string;
  readonly bob: string;
  /** Cloned like the others, but stays as it was before the first `.engram`. */
  readonly carol: string;
}

interface Memory {
  readonly title: string;
  readonly type: string;
  readonly content: string;
}

/** What a small team might have written down. Invented. */
const byAlice: readonly Memory[] = [
  {
    title: 'Checkout retries must be idempotent',
    type: 'decision',
    content:
      'Every payment request carries an idempotency key made from the cart id and the attempt.\nWhy: the gateway answered 504 twice and charged twice.\nWhere: src/checkout/pay.ts',
  },
  {
    title: 'Prices are integers in cents',
    type: 'pattern',
    content: 'No floating point anywhere between the database and the invoice. `Money` is the only type that may format.',
  },
  {
    title: 'Search index lagged behind after a deploy',
    type: 'bugfix',
    content:
      'The consumer acknowledged before it wrote. Now it writes, then acknowledges.\nLearned: test the queue with a consumer that dies between the two.',
  },
];

const byBob: readonly Memory[] = [
  {
    title: 'Feature flags live in config/flags.yml',
    type: 'architecture',
    content: 'A flag has an owner and a date on which it goes. The build fails when that date has passed.',
  },
  {
    title: 'Local tests need TZ=UTC',
    type: 'discovery',
    content: 'Two invoice tests compare dates as text and fail east of Greenwich in the evening.',
  },
];

const readme = '# Lantern Shop\n\nA small shop, invented for this demo.\n';

/** Lays the team out: three clones of a project that has never seen an `.engram`. */
export async function layOutTeam(folder: string): Promise<Team> {
  const team = {
    remote: path.join(folder, 'lantern-shop.git'),
    alice: path.join(folder, 'alice/lantern-shop'),
    bob: path.join(folder, 'bob/lantern-shop'),
    carol: path.join(folder, 'carol/lantern-shop'),
  };
  mkdirSync(folder, { recursive: true });
  await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', team.remote);
  await clone(team.remote, team.alice, 'alice');
  writeFileSync(path.join(team.alice, 'README.md'), readme);
  await commitAndPush(team.alice, 'Start the shop');
  await clone(team.remote, team.bob, 'bob');
  await clone(team.remote, team.carol, 'carol');
  return team;
}

/** How many memories {@link shareDemoMemories} brings into the team. */
export const demoMemories = byAlice.length + byBob.length;

/** Alice and Bob have each shared a chunk; Alice's second chunk waits on the remote for Bob's next pull. */
export async function shareDemoMemories(team: Team): Promise<void> {
  await engram(team.alice, 'init');
  await saveAll(team.alice, 'alice', byAlice.slice(0, 2));
  await commitAndPush(team.alice, 'Share what we decided about payments');
  await git(team.bob, 'pull', '--quiet');
  await saveAll(team.bob, 'bob', byBob);
  await commitAndPush(team.bob, 'Share flags and time zones');
  await git(team.alice, 'pull', '--quiet');
  await saveAll(team.alice, 'alice', byAlice.slice(2));
  await commitAndPush(team.alice, 'Share the search index lesson');
}

async function saveAll(folder: string, author: string, memories: readonly Memory[]): Promise<void> {
  for (const { title, type, content } of memories)
    await engram(folder, 'save', '--title', title, '--type', type, '--content', content, '--project', 'lantern-shop');
  await engram(folder, 'sync', '--created-by', author);
}

/** Our own command line on one folder. Returns what it printed. */
export function engram(folder: string, command: string, ...options: string[]): Promise<string> {
  return mustExec(process.execPath, [path.join(dist, 'cli.js'), command, '--dir', folder, ...options], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
}
