import { afterAll, beforeAll, describe } from 'vitest';
import { canonicalForms } from './canonicalForms.ts';
import { cloudCrowd } from './cloudCrowd.ts';
import { cloudExchange } from './cloudExchange.ts';
import { cloudFailures } from './cloudFailures.ts';
import { cloudRounds } from './cloudRounds.ts';
import { CloudServer } from './cloudServer.ts';
import { transports } from './cloudTransports.ts';
import { cloudUpgrade } from './cloudUpgrade.ts';
import { findPostgres, Postgres } from './postgres.ts';
import { type EngramProgram, findPrograms } from './programs.ts';

const programs = findPrograms().filter((program) => program.generation !== 'newer');
const programsOfPostgres = programs.length === 0 ? 'no engram program found' : findPostgres();
const reason = typeof programsOfPostgres === 'string' ? programsOfPostgres : undefined;
if (reason !== undefined) console.log(`interop, cloud: ${reason}, skipped`);
/** v1.14 lets nobody write to a project that its list does not name. */
const PROJECTS = ['demo', 'other', 'lost', 'refused', 'large', 'crowd'].concat(
  ['rounds', 'ours', 'theirs', 'echo'].flatMap((kind) => programs.map(({ generation }) => `${kind}-${generation}`)),
);
/** Stands for the programs where there is none, so that its tests are counted as skipped. */
const nobody: EngramProgram = { path: '', name: 'no program', generation: 'newer' };

describe.skipIf(reason !== undefined)('the cloud', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    if (typeof programsOfPostgres !== 'string') postgres = await Postgres.start(programsOfPostgres);
  }, 60_000);
  afterAll(() => postgres?.stop());

  describe.each(programs.length > 0 ? programs : [nobody])('the server of $name', (program) => {
    let server: CloudServer;
    beforeAll(async () => {
      server = await CloudServer.start(program, postgres, PROJECTS);
    }, 60_000);
    afterAll(() => server?.stop());

    canonicalForms(() => server);
    transports(() => server);
    cloudFailures(() => server);
    cloudUpgrade(() => server);
    cloudCrowd(programs, () => server);

    describe.each(programs)('and a member with $name', (client) => {
      cloudExchange(client, () => server);
      cloudRounds(client, () => server);
    });
  });
});
