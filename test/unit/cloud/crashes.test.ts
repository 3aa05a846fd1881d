import { beforeAll, describe, expect, it } from 'vitest';
import type { AutosyncManager } from '../../../src/engine/cloud/autosync.ts';
import type { AutosyncContext } from '../../../src/engine/cloud/autosyncContext.ts';
import type { CloudParts } from '../../../src/engine/cloud/cloudParts.ts';
import { Killed } from '../../simulation/fuse.ts';
import { type DatabaseKit, loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { CloudMember } from '../../support/cloudMember.ts';
import { CloudModel } from '../../support/cloudModel.ts';
import { WASM_PATH } from '../../support/wasm.ts';

let kit: DatabaseKit;
beforeAll(async () => {
  kit = await loadDatabaseKit(WASM_PATH);
});

/** Ends the process at the call with the given number: instead of it, or after it has done its work and before anybody hears of it. */
class Killer {
  calls = 0;
  readonly #at: number;
  readonly #after: boolean;

  constructor(at: number, after: boolean) {
    this.#at = at;
    this.#after = after;
  }

  readonly tap = (parts: CloudParts): CloudParts => {
    const { transport, store, cloud, index } = parts;
    const save = (): Promise<void> => this.#call(parts.save);
    // A call that nothing leaves the process by is as good as not made.
    if (this.#after) return { ...parts, save, transport: this.#on(transport) };
    return { ...parts, save, transport: this.#on(transport), store: this.#on(store), cloud: this.#on(cloud), index: this.#on(index) };
  };

  /** Counts the calls of each part. */
  watch<T extends Readonly<Record<string, object>>>(parts: T): T {
    return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, this.#on(part)])) as T;
  }

  #on<T extends object>(part: T): T {
    return new Proxy(part, {
      get: (target, name) => {
        const own: unknown = Reflect.get(target, name);
        if (typeof own !== 'function') return own;
        return (...given: readonly unknown[]) => this.#call(() => own.apply(target, given));
      },
    });
  }

  #call<T>(work: () => T): T {
    this.calls += 1;
    if (this.calls !== this.#at) return work();
    if (!this.#after) throw new Killed();
    const done: unknown = work();
    if (!(done instanceof Promise)) throw new Killed();
    return done.then(() => {
      throw new Killed();
    }) as T;
  }
}

interface Team {
  readonly server: CloudModel;
  readonly ann: CloudMember;
  readonly bob: CloudMember;
}

/** Ann has three new things, an edit and a deletion to tell, and something of bob's to import. */
async function beforeTheSync(): Promise<Team> {
  const server = new CloudModel();
  const [ann, bob] = ['ann', 'bob'].map((name) => new CloudMember(kit, name, server.transport('demo')));
  if (!ann || !bob) throw new Error('no team');
  ann.save('obs-1');
  ann.save('obs-2');
  await ann.sync();
  await bob.sync();
  bob.save('obs-bob');
  bob.edit('obs-2', { title: 'From bob' });
  await bob.sync();
  ann.save('obs-3');
  ann.prompt('prompt-1');
  ann.edit('obs-1', { title: 'Edited' });
  ann.remove('obs-2');
  ann.databases.beginDanger();
  return { server, ann, bob };
}

/** What every identity in the server's chunks was ever said to be: one mutation with two meanings would show. */
function meanings({ server }: Team): Map<string, Set<string>> {
  const said = new Map<string, Set<string>>();
  for (const { id, by } of server.pushes) {
    for (const mutation of (server.chunk('demo', id)['mutations'] ?? []) as { seq: number; entity_key: string; payload: string }[]) {
      const name = `${by} ${mutation.seq} ${mutation.entity_key}`;
      said.set(name, (said.get(name) ?? new Set()).add(mutation.payload));
    }
  }
  return said;
}

/** As {@link Killer.tap}, for the automatic sync: what it does to the databases in one go counts once. */
function cycleOf({ server, ann }: Team, killer: Killer): AutosyncManager {
  const { store, index } = ann.databases;
  const open: AutosyncContext['open'] = async (work) => {
    const result = await work({ store, index, cloud: ann.cloud, turn: async () => undefined });
    await ann.databases.save();
    return result;
  };
  const { transport, open: watched } = killer.watch({ transport: server.channel(), open: { run: open } });
  return ann.autosync({ transport, open: (work) => watched.run(work) });
}

describe.each([
  ['before', false],
  ['after', true],
] as const)('an automatic sync that ends %s any one of its steps', (name, after) => {
  it('loses nothing, and the next cycle mends it', async () => {
    let killed = 0;
    for (let at = 1; ; at += 1) {
      const team = await beforeTheSync();
      const { ann, bob, server } = team;
      await cycleOf(team, new Killer(0, false)).runOnce();
      ann.edit('obs-1', { title: 'Edited again' });
      ann.save('obs-4');
      const manager = cycleOf(team, new Killer(at, after));
      ann.now += 120_000;
      await manager.runOnce();
      const isKilled = manager.status.lastError.includes('killed');
      if (isKilled) ann.databases.reopen();
      ann.now += 3_600_000;
      await cycleOf(team, new Killer(0, false)).runOnce();
      await bob.autosync({ transport: server.channel() }).runOnce();
      for (const each of [ann, bob]) await each.sync();
      expect(ann.pending(), `at ${at}`).toEqual([]);
      expect(ann.titles(), `at ${at}`).toEqual(['Edited again', 'Title of obs-3', 'Title of obs-4', 'Title of obs-bob']);
      expect(bob.live(), `at ${at}`).toEqual(ann.live());
      const count = server.mutations.length;
      ann.now += 3_600_000;
      await cycleOf(team, new Killer(0, false)).runOnce();
      expect(server.mutations.length, `at ${at}`).toBe(count);
      for (const each of [ann, bob]) each.close();
      if (!isKilled) break;
      killed += 1;
    }
    expect(killed).toBeGreaterThan(6);
    console.log(`an automatic sync killed ${name} any one step: ${killed} of them`);
  });
});

describe.each([
  ['before any one call', false, 100],
  ['after any one call that leaves it', true, 7],
] as const)('a process that ends %s', (name, after, atLeast) => {
  it('loses nothing, tells nothing twice with another meaning, and the next run mends it', async () => {
    let killed = 0;
    for (let at = 1; ; at += 1) {
      const team = await beforeTheSync();
      const { ann, bob, server } = team;
      const killer = new Killer(at, after);
      ann.tap = killer.tap;
      const run = await ann.sync().then(
        () => 'done',
        (error: unknown) => (error instanceof Killed ? 'killed' : Promise.reject(error)),
      );
      ann.tap = (parts) => parts;
      if (run === 'killed') ann.databases.reopen();
      await ann.sync();
      ann.databases.endDanger();
      await bob.sync();
      expect(ann.pending(), `at ${at}`).toEqual([]);
      expect(ann.titles(), `at ${at}`).toEqual(['Edited', 'Title of obs-3', 'Title of obs-bob']);
      expect(bob.live(), `at ${at}`).toEqual(ann.live());
      for (const each of [ann, bob]) expect((await each.sync()).exported.chunkIds, `at ${at}`).toEqual([]);
      expect(
        server.pushes.map(({ by }) => by),
        `at ${at}`,
      ).toEqual(['ann', 'bob', 'ann']);
      for (const texts of meanings(team).values()) expect(texts.size).toBeLessThanOrEqual(1);
      for (const each of [ann, bob]) each.close();
      if (run === 'done') break;
      killed += 1;
    }
    expect(killed).toBeGreaterThan(atLeast);
    console.log(`a sync killed ${name}: ${killed} of them`);
  });
});
