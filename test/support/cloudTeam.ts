import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AutosyncManager } from '../../src/engine/cloud/autosync.ts';
import type { DatabaseKit } from '../simulation/memberDatabases.ts';
import { CloudMember } from './cloudMember.ts';
import { CloudModel } from './cloudModel.ts';
import { EchoMember } from './echoMember.ts';

export interface CloudStep {
  readonly kind:
    | 'save'
    | 'edit'
    | 'remove'
    | 'prompt'
    | 'removePrompt'
    | 'endSession'
    | 'sync'
    | 'cycle'
    | 'export'
    | 'import'
    | 'loseIndex'
    | 'echoPull'
    | 'echo';
  readonly member: number;
  readonly row: number;
}

/** Three members of ours over both channels of one server, and one of v1.14 who pushes back what it has pulled. One clock for all. */
export class CloudTeam {
  readonly server: CloudModel;
  readonly #members: readonly CloudMember[];
  readonly #managers: readonly AutosyncManager[];
  readonly #echo: EchoMember;
  #now = Date.UTC(2026, 0, 31);
  /** What was last done to a memory or prompt, by whomever: its title, or that it is gone. */
  readonly #last = new Map<string, string | undefined>();

  constructor(kit: DatabaseKit, isNewer: boolean) {
    this.server = new CloudModel(isNewer);
    this.#members = ['ann', 'bob', 'cleo'].map((name) => new CloudMember(kit, name, this.server.transport('demo')));
    this.#managers = this.#members.map((member) => member.autosync({ transport: this.server.channel() }));
    this.#echo = new EchoMember(this.server, () => this.#now);
  }

  async take({ kind, member: place, row }: CloudStep): Promise<void> {
    const member = this.#members[place];
    const manager = this.#managers[place];
    if (!member || !manager) return;
    this.#now += 60_000;
    member.now = this.#now;
    const id = `obs-${row}`;
    const prompt = `prompt-${row}`;
    const title = `${kind} ${this.#now}`;
    const { store } = member.databases;
    switch (kind) {
      case 'save':
        if (this.#last.has(id)) return;
        member.save(id, { title });
        this.#last.set(id, title);
        return;
      case 'edit':
        if (member.edit(id, { title })) this.#last.set(id, title);
        return;
      case 'remove':
        if (store.observation(id) && !store.observation(id)?.deletedAt) this.#last.set(id, undefined);
        member.remove(id);
        return;
      case 'prompt':
        if (this.#last.has(prompt)) return;
        member.prompt(prompt, { content: title });
        this.#last.set(prompt, title);
        return;
      case 'removePrompt':
        if (store.prompt(prompt)) this.#last.set(prompt, undefined);
        member.removePrompt(prompt);
        return;
      case 'endSession': {
        const session = store.session(`session-${['ann', 'bob', 'cleo'][row % 3]}`);
        if (session) store.writeSession({ ...session, endedAt: member.at, summary: title });
        return;
      }
      case 'sync':
        await member.sync();
        return;
      case 'cycle':
        await manager.runOnce();
        return;
      case 'export':
        await member.syncer.export({ createdBy: 'x' });
        return;
      case 'import':
        await member.syncer.import();
        return;
      case 'loseIndex':
        // What went as single mutations alone can only be asked for again where the channel is.
        member.databases.loseIndex();
        await manager.runOnce();
        return;
      case 'echoPull':
        await this.#echo.pull();
        return;
      case 'echo':
        this.#echo.echo();
    }
  }

  /** Everybody hears of everything over both channels. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      for (const place of this.#members.keys()) {
        await this.take({ kind: 'cycle', member: place, row: 0 });
        await this.take({ kind: 'sync', member: place, row: 0 });
      }
    }
    for (const place of this.#members.keys()) {
      await this.take({ kind: 'cycle', member: place, row: 0 });
      await this.take({ kind: 'sync', member: place, row: 0 });
    }
  }

  check(): void {
    const [first, ...others] = this.#members.map((member) => member.live());
    for (const other of others) assert.deepEqual(other, first, 'two members differ');
    for (const member of this.#members) {
      assert.deepEqual(member.pending(), []);
      const { store } = member.databases;
      for (const [id, title] of this.#last) {
        const row = store.observation(id);
        const found = id.startsWith('obs') ? (row?.deletedAt ? undefined : row?.title) : store.prompt(id)?.content;
        assert.deepEqual([id, found], [id, title], 'not what was last done to it');
      }
    }
  }

  /** Nobody of ours has anything to tell. */
  async checkQuiet(): Promise<void> {
    const [pushes, mutations] = [this.server.pushes.length, this.server.mutations.length];
    await this.settle();
    assert.deepEqual([this.server.pushes.length, this.server.mutations.length], [pushes, mutations], 'something was pushed back');
  }

  close(): void {
    for (const member of this.#members) member.close();
  }
}

const member = fc.nat(2);
const row = fc.nat(5);
const step: fc.Arbitrary<CloudStep> = fc.oneof(
  fc.record({ kind: fc.constantFrom<CloudStep['kind']>('save', 'edit', 'remove', 'prompt', 'removePrompt'), member, row }),
  fc.record({ kind: fc.constantFrom<CloudStep['kind']>('sync', 'cycle', 'export', 'import', 'loseIndex', 'endSession'), member, row }),
  fc.record({ kind: fc.constantFrom<CloudStep['kind']>('sync', 'cycle', 'echoPull', 'echo'), member, row }),
);

/** Whatever is done in whatever order: all end the same, with what was last done to each thing; nothing deleted returns, nothing is pushed back. */
export function cloudTeamProperty(kit: DatabaseKit, isNewer: boolean): fc.IAsyncProperty<[CloudStep[]]> {
  return fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const team = new CloudTeam(kit, isNewer);
    try {
      for (const each of steps) await team.take(each);
      await team.settle();
      team.check();
      await team.checkQuiet();
    } finally {
      team.close();
    }
  });
}
