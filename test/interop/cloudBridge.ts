import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeHttp } from '../../src/adapters/nodeHttp.ts';
import type { MemoryFolder } from '../../src/openFolder.ts';
import { chunkNames, engramFolder, openIn, temporaryFolder, WASM_PATH } from '../support/folder.ts';
import { CloudGopher } from './cloudGopher.ts';
import { type Player, theirPlayer } from './cloudPlayers.ts';
import type { CloudServer } from './cloudServer.ts';
import type { EngramProgram } from './programs.ts';
import { live, type Rows, readRows } from './rows.ts';
import { Teammate } from './teammate.ts';

/** One of ours shares a folder through git with one member, and its project through the cloud with another. */
export function cloudBridge(program: EngramProgram, server: () => CloudServer): void {
  it('is in touch with a member who has only git, through one of ours', async () => {
    const project = `bridge-${program.generation}`;
    const root = engramFolder();
    const ours = await openBoth(root, project, server());
    const inGit = new Teammate(program, 'git-gopher');
    const inCloud = await theirPlayer(new CloudGopher(program, server(), 'cloud-gopher'), project);
    const carry = async (): Promise<void> => {
      await ours.sync({ createdBy: 'alice' });
      await ours.cloudSync({ createdBy: 'alice' });
      await ours.sync({ createdBy: 'alice' });
    };
    const folder = dirname(root);
    for (const title of ['From git', 'From git, deleted']) await inGit.run(folder, ['save', title, `Says ${title}`, '--project', project]);
    await inGit.exportTo(folder);
    await carry();
    await inCloud.pull();
    expect(titlesOf(inCloud.rows())).toEqual(['From git', 'From git, deleted']);

    await inCloud.session('s-cloud');
    await inCloud.save('s-cloud', 'From the cloud');
    await inCloud.edit(idOf(inCloud, 'From git'), 'From git, edited');
    await inCloud.remove(idOf(inCloud, 'From git, deleted'), false);
    await inCloud.push();
    await carry();
    await inGit.importFrom(folder);
    // v1.14 sees what is new in git, and neither edits nor deletions.
    const seesEdits = program.generation === 'applies';
    expect(titlesOf(inGit.rows())).toEqual(
      seesEdits ? ['From git, edited', 'From the cloud'] : ['From git', 'From git, deleted', 'From the cloud'],
    );

    await expectQuiet(carry, root, { server: server(), project });
    const rows = readRows(join(root, 'engram.db'));
    for (const cloud of [false, true])
      expect(liveIn(await newcomer(root, project, cloud ? server() : undefined)), `${cloud}`).toEqual(liveIn(rows));
  });
}

/** Nothing that came on one way goes back on it. */
async function expectQuiet(carry: () => Promise<void>, root: string, of: { server: CloudServer; project: string }): Promise<void> {
  const before = [chunkNames(root), await of.server.chunks(of.project)];
  await carry();
  expect([chunkNames(root), await of.server.chunks(of.project)]).toEqual(before);
}

/** Resolves to the rows of somebody who joins late, with the folder alone or with the cloud alone. */
async function newcomer(root: string, project: string, server: CloudServer | undefined): Promise<Rows> {
  const place = server ? engramFolder() : engramFolder(root);
  const member = await openBoth(place, project, server);
  if (server) await member.cloudSync({ createdBy: 'carol' });
  else await member.importChunks({});
  return readRows(join(place, 'engram.db'));
}

/** @param server `undefined`: git alone */
async function openBoth(root: string, project: string, server: CloudServer | undefined): Promise<MemoryFolder> {
  const data = temporaryFolder();
  const http = server && nodeHttp({ server: server.url, token: async () => server.token });
  const cloud = { server: server?.url ?? '', project, autosync: false };
  const folder = openIn(root, { cloud }, WASM_PATH, { dataDirectory: () => data, ...(http && { http }) });
  if (server) await folder.cloudEnroll(project);
  return folder;
}

function titlesOf(rows: Rows): readonly string[] {
  return live(rows.observations)
    .map((row) => String(row['title']))
    .sort();
}

function liveIn(rows: Rows): unknown {
  return { observations: live(rows.observations), prompts: rows.prompts };
}

function idOf(player: Player, title: string): string {
  return String(player.rows().observations.find((row) => row['title'] === title)?.['sync_id']);
}
