import { difference, missingFrom, sharedRows } from './checks.ts';
import { shortName } from './folderActions.ts';
import type { Member } from './member.ts';
import type { Random } from './random.ts';
import { resolverOf } from './resolutions.ts';
import type { Team } from './team.ts';

/** Pushes are refused while somebody else was faster; in the end nobody is. */
const MOST_TRIES = 3;

/** Everything that was on branches goes to `main`, everybody goes there, and the branches go away. */
export async function comeTogether(team: Team, random: Random): Promise<void> {
  for (const member of team.members) {
    await member.sync();
    member.clone.commit('all');
    for (const branch of member.clone.branches()) await gather(member, branch, random);
  }
  for (const { clone } of team.members) {
    for (const branch of clone.branches()) if (branch !== 'main') clone.deleteBranch(branch);
    clone.fetch();
  }
}

/** Merges one branch of a member, and the remote's of that name, into `main`, and pushes. */
async function gather(member: Member, branch: string, random: Random): Promise<void> {
  const { clone } = member;
  clone.fetch();
  if (clone.head() !== 'main') clone.switchTo('main');
  const resolve = resolverOf(clone, 'extension', random, () => member.sync());
  for (const ref of ['origin/main', ...clone.remoteBranches(), branch]) {
    if (shortName(ref) !== 'main' || ref !== clone.head()) await clone.merge(ref, resolve);
  }
  clone.push();
}

/** Everybody pulls, syncs, commits and pushes once, one after another. @returns how many chunks were written. */
export async function round(team: Team, random: Random): Promise<number> {
  let written = 0;
  for (const member of random.shuffled(team.members)) {
    const { clone } = member;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      clone.fetch();
      await clone.merge('origin/main', resolverOf(clone, 'extension', random, () => member.sync()));
      written += (await member.sync()) ?? 0;
      clone.commit('all');
      if (clone.push()) break;
    }
  }
  return written;
}

/** What must hold at the end; each finding in words. */
export async function verdict(team: Team, random: Random): Promise<string[]> {
  await comeTogether(team, random);
  const first = await round(team, random);
  const second = await round(team, random);
  team.trace.push(`two rounds wrote ${first} and ${second} chunks`);
  const findings = compareAll(team);
  const third = await round(team, random);
  if (third > 0) findings.push(`a third round exported ${third} chunks`);
  const newcomer = team.join('newcomer');
  await newcomer.importChunks();
  findings.push(...compareAll(team).map((finding) => `fresh clone: ${finding}`));
  if ((await newcomer.sync()) !== 0) findings.push('a fresh clone exports something');
  return findings;
}

function compareAll(team: Team): string[] {
  const [first, ...others] = team.members;
  if (!first) return [];
  const shared = sharedRows(first);
  const findings = others
    .map((member) => ({ name: member.name, text: difference(shared, sharedRows(member)) }))
    .filter(({ text }) => text !== '')
    .map(({ name, text }) => `${first.name} and ${name} differ:\n  ${text}`);
  for (const member of team.members) findings.push(...missingFrom(member, team.ledger, true).map((lack) => `${member.name}: ${lack}`));
  return findings.slice(0, 5);
}
