import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { WASM_PATH } from '../../support/wasm.ts';

const kit = await loadDatabaseKit(WASM_PATH);

type Step = readonly [who: 'ann' | 'bob', what: 'save' | 'prompt' | 'remove' | 'edit' | 'sync' | 'by itself'];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom('ann' as const, 'bob' as const),
    fc.constantFrom('save' as const, 'prompt' as const, 'remove' as const, 'edit' as const, 'sync' as const, 'by itself' as const),
  ),
  { maxLength: 25 },
);

function setUp(isNewer: boolean) {
  const server = new CloudModel(isNewer);
  const [ann, bob] = ['ann', 'bob'].map((name) => new CloudMember(kit, name, server.transport('demo'))) as [CloudMember, CloudMember];
  const includePrompts = false;
  ann.tap = (parts) => ({ ...parts, includePrompts });
  const managers = {
    ann: ann.autosync({ transport: server.channel(), includePrompts }),
    bob: bob.autosync({ transport: server.channel() }),
  };
  const said = (): string => JSON.stringify([server.ids('demo').map((id) => server.chunk('demo', id)), server.mutations]);
  return { server, members: { ann, bob }, managers, said };
}

async function play({ members, managers }: ReturnType<typeof setUp>, all: readonly Step[]): Promise<void> {
  for (const [number, [who, what]] of all.entries()) {
    const member = members[who];
    const id = `${who}-${number}`;
    // One clock: what a slow one does is not the question here.
    member.now = Math.max(members.ann.now, members.bob.now);
    const last = [...member.databases.store.observations()].at(-1)?.syncId ?? '';
    if (what === 'save') member.save(id);
    else if (what === 'prompt') member.prompt(id);
    else if (what === 'remove') member.removePrompt([...member.databases.store.prompts()].at(-1)?.syncId ?? '');
    else if (what === 'edit') member.edit(last, { title: `Edited by ${id}` });
    else if (what === 'sync') await member.sync();
    else await managers[who].runOnce();
  }
}

it.each([false, true])(
  'prompts that shall stay never reach a server on either way, and nothing else is kept from it (newer server: %s)',
  async (isNewer) => {
    const property = fc.asyncProperty(steps, async (all) => {
      const world = setUp(isNewer);
      const { ann, bob } = world.members;
      await play(world, all);
      // What went as single changes comes as single changes: the older servers keep the two apart.
      for (const who of ['ann', 'bob', 'ann', 'bob'] as const)
        await play(world, [
          [who, 'sync'],
          [who, 'by itself'],
        ]);
      expect(world.said()).not.toContain('Prompt ann-');
      expect(bob.titles()).toEqual(ann.titles());
      const promptsOf = (member: CloudMember, by: string): string[] =>
        [...member.databases.store.prompts()].map(({ syncId }) => syncId).filter((id) => id.startsWith(by));
      expect(promptsOf(ann, 'bob-').sort()).toEqual(promptsOf(bob, 'bob-').sort());
      expect((await ann.syncer.status()).promptsHere).toBe(promptsOf(ann, 'ann-').length);
      // Once a person says so, they go.
      ann.tap = (parts) => parts;
      await ann.sync();
      await bob.sync();
      expect(promptsOf(bob, 'ann-').sort()).toEqual(promptsOf(ann, 'ann-').sort());
    });
    const details = await fc.check(property, { numRuns: 12 });
    expect(fc.defaultReportMessage(details)).toBeUndefined();
  },
);
