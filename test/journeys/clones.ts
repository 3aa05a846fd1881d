import { layOutTeam, shareDemoMemories, type Team } from '../../scripts/demoTeam.ts';
import { git } from '../../scripts/git.ts';

/** The team with everything shared and pulled by Carol, whose clone has no database yet. */
export async function sharedTeam(folder: string): Promise<Team> {
  const team = await layOutTeam(folder);
  await shareDemoMemories(team);
  await git(team.carol, 'pull', '--quiet');
  return team;
}
