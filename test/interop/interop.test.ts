import { describe } from 'vitest';
import { liveMemories } from './liveMemories.ts';
import { memoriesFile } from './memoriesFile.ts';
import { mixedTeam } from './mixedTeam.ts';
import { oddRows } from './oddRows.ts';
import { oursToTheirs } from './oursToTheirs.ts';
import { type EngramProgram, findPrograms } from './programs.ts';
import { randomHistories } from './randomHistories.ts';
import { sameBytes } from './sameBytes.ts';
import { sameProject } from './sameProject.ts';
import { slowAgents } from './slowAgents.ts';
import { theirsToOurs } from './theirsToOurs.ts';
import { throughProgram } from './throughProgram.ts';
import { upgradeStates } from './upgradeStates.ts';

const found = findPrograms();
for (const { path, name } of found.filter((program) => program.generation === 'newer')) {
  console.log(`interop: ${name} at ${path} is a release of which these tests know nothing, skipped`);
}
const known = found.filter((program) => program.generation !== 'newer');
if (found.length === 0) console.log('interop: no engram program found, skipped');
for (const { path, name } of known) console.log(`interop: ${name} at ${path}`);
/** Stands for the programs where there is none, so that its tests are counted as skipped. */
const nobody: EngramProgram = { path: '', name: 'no program', generation: 'newer' };

describe.skipIf(known.length === 0).each(known.length > 0 ? known : [nobody])('$name', (program) => {
  sameBytes(program);
  sameProject(program);
  oursToTheirs(program);
  theirsToOurs(program);
  memoriesFile(program);
  liveMemories(program);
  throughProgram(program);
  slowAgents(program);
  oddRows(program);
  upgradeStates(program);
});

describe.skipIf(known.length === 0)('a team of ours and every program that is here', () => {
  mixedTeam(known);
});

describe.skipIf(known.length === 0)('random histories', () => {
  randomHistories(known);
});
