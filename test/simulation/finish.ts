import { difference, missingFrom, sharedRows } from './checks.ts';
import { shortName } from './folderActions.ts';
import type { Random } from './random.ts';
import { resolverOf } from './resolutions.ts';
import type { Team } from './team.ts';
import type { Teammate } from './teammate.ts';

/** Pushes are refused while somebody else was faster; in the end nobody is. */
const MOST_TRIES = 3;

/** Everything that was on branches goes to `main`, everybody goes there, and the branches go away. */
export async function comeTogether(team: Team, random: Random): Promise<void> {
  for (const member of team.everybody) {
    await member.repair();
    await member.sync();
    member.clone.commit('all');
    for (const branch of member.clone.branches()) await gather(member, branch, random);
  }
  for (const { clone } of team.everybody) {
    for (const branch of clone.branches()) if (branch !== 'main') clone.deleteBranch(branch);
    clone.fetch();
  }
}

/** Merges one branch of a member, and the remote's of that name, into `main`, and pushes. */
async function gather(member: Teammate, branch: string, random: Random): Promise<void> {
  const { clone } = member;
  clone.fetch();
  if (clone.head() !== 'main') clone.switchTo('main');
  const resolve = resolverOf(member, 'extension', random);
  for (const ref of ['origin/main', ...clone.remoteBranches(), branch]) {
    if (shortName(ref) !== 'main' || ref !== clone.head()) await clone.merge(ref, resolve);
  }
  clone.push();
}

/** Everybody pulls, syncs, commits and pushes once, one after another. @returns how many chunks ours wrote. */
export async function round(team: Team, random: Random): Promise<number> {
  let written = 0;
  for (const member of random.shuffled(team.everybody)) {
    const { clone } = member;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      clone.fetch();
      await clone.merge('origin/main', resolverOf(member, 'extension', random));
      await member.repair();
      const chunks = (await member.sync()) ?? 0;
      if (member.program === 'ours') written += chunks;
      clone.commit('all');
      if (clone.push()) break;
    }
  }
  return written;
}

/** What must hold at the end; each finding in words. */
export async function verdict(team: Team, random: Random): Promise<string[]> {
  await comeTogether(team, random);
  for (const member of team.ours) await member.shareAgain();
  const first = await round(team, random);
  const second = await round(team, random);
  team.trace.push(`two rounds: ours wrote ${first} and ${second} chunks`);
  const findings = await compareAll(team);
  const third = await round(team, random);
  if (third > 0) findings.push(`in a third round ours exported ${third} chunks`);
  const newcomer = team.join('newcomer', 'ours');
  await newcomer.importChunks();
  findings.push(...(await compareAll(team)).map((finding) => `with a fresh clone: ${finding}`));
  if ((await newcomer.sync()) !== 0) findings.push('a fresh clone exports something');
  return [...findings, ...(await unsoundFolder(team)), ...(await blockedByOurs(team))];
}

async function compareAll(team: Team): Promise<string[]> {
  const [first, ...others] = team.ours;
  if (!first) return [];
  const shared = await sharedRows(first);
  const findings: string[] = [];
  for (const member of others) {
    const text = difference(shared, await sharedRows(member));
    if (text !== '') findings.push(`${first.name} and ${member.name} differ:\n  ${text}`);
  }
  const rules = { exactly: team.others.length === 0, team: sessionsOfTeam(team) };
  for (const member of team.ours) findings.push(...missingFrom(member, team.ledger, rules).map((lack) => `${member.name}: ${lack}`));
  return findings.slice(0, 5);
}

/** Sessions that somebody's index has from a chunk. */
function sessionsOfTeam(team: Team): Set<string> {
  const holdings = team.ours.flatMap(({ databases }) => [...databases.index.allHoldings()]);
  return new Set(holdings.filter(({ entity }) => entity === 'session').map(({ key }) => key));
}

/** Older programs read what the manifest lists, and nothing where it cannot be read. */
async function unsoundFolder(team: Team): Promise<string[]> {
  const [first] = team.ours;
  if (!first) return [];
  const { clone } = first;
  const listed = new Set((await clone.transport.readManifest()).chunks.map(({ id }) => id));
  const unlisted = clone.chunkFiles().filter((id) => !listed.has(id));
  return unlisted.length > 0 ? [`in the end nothing lists ${unlisted.join(' ')}`] : [];
}

/** An older program may stop at what another older program wrote; never at a chunk of ours. */
async function blockedByOurs(team: Team): Promise<string[]> {
  const [first] = team.ours;
  const ours = new Set(team.ours.map(({ name }) => name));
  const { chunks } = first ? await first.clone.transport.readManifest() : { chunks: [] };
  return team.others.flatMap(({ name, program, stopped }) => {
    const culprit = chunks.find(({ id, createdBy }) => ours.has(createdBy) && stopped?.includes(id));
    return culprit ? [`${name} (${program}) stops at a chunk of ours: ${stopped}`] : [];
  });
}
