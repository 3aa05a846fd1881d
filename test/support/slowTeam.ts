import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ChunkId } from '../../src/engine/manifest.ts';
import { emptyFolder, type ModelFolder } from '../models/chunkFolder.ts';
import { JournallingAgent } from './journallingAgent.ts';
import { type BlankDatabases, OurMember } from './ourMember.ts';

const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const ROWS = 2;
/** Rounds until nobody writes anything any more; one that never ends is found after so many. */
const MOST_ROUNDS = 6;

const KINDS = [
  'edit',
  'edit',
  'edit',
  'remove',
  'clock',
  'sync',
  'sync',
  'import',
  'export',
  'undo',
  'again',
  'loseIndex',
  'pull',
  'backfill',
] as const;

export interface SlowStep {
  readonly kind: (typeof KINDS)[number];
  readonly who: number;
  readonly row: number;
  /** Days that a clock is off, and what picks one of several things. */
  readonly number: number;
}

export const slowSteps: fc.Arbitrary<readonly SlowStep[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    who: fc.nat(2),
    row: fc.nat(ROWS - 1),
    number: fc.oneof(fc.integer({ min: -1500, max: 1500 }), fc.integer({ min: -3, max: 3 })),
  }),
  { minLength: 3, maxLength: 40, size: 'max' },
);

/** One change of an agent. */
interface Change {
  /** The content, or `gone`. */
  readonly text: string;
  readonly from: Change | undefined;
  /** It may be lost: the program itself has put something over it, or the index was deleted before it was noticed. */
  isOptional: boolean;
}

interface Version {
  readonly row: number;
  readonly content: string;
  readonly updatedAt: string;
  readonly revisionCount: number;
}

class Person {
  offset = 0;
  readonly member: OurMember;
  readonly agent: JournallingAgent;
  /** Changes of this database that no chunk has yet, by row. */
  readonly pending = new Map<string, Set<Change>>();
  /** The deletion that this agent made and that still holds. */
  readonly goneBy = new Map<string, Change>();
  /** What the program has pulled over its rows: it may be something that this database has no reason to keep. */
  readonly pulled = new Map<string, string>();
  /** Its index is new: what was merged is not known until the next sync. */
  isBlind = false;

  constructor(blank: BlankDatabases, name: string, folder: ModelFolder, now: () => number) {
    const clock = { now: () => now() + this.offset * DAY };
    this.member = new OurMember(blank, { name, clock, folder });
    this.agent = new JournallingAgent(() => this.member.database, clock);
  }

  content(row: string): string | undefined {
    const found = this.member.store.observation(row);
    return found && !found.deletedAt ? found.content : undefined;
  }
}

/**
 * Three agents whose clocks are years off, each beside one of ours, over one folder. What was made from a version must win over that version, in
 * whatever order things are done: a version that somebody has made another one from never comes back by an import or an export.
 */
class SlowTeam {
  readonly folder = emptyFolder();
  readonly people: readonly Person[];
  readonly #changes = new Map<string, Change>();
  readonly #versions: Version[] = [];
  #now = START;

  constructor(blank: BlankDatabases) {
    this.people = ['ann', 'bob', 'cleo'].map((name) => new Person(blank, name, this.folder, () => this.#now));
  }

  async begin(): Promise<void> {
    for (const [index, person] of this.people.slice(0, ROWS).entries()) {
      const content = `row ${index} as saved`;
      person.agent.save(`obs-${index}`, { sessionId: 's', title: `T${index}`, content });
      this.#changes.set(content, { text: content, from: undefined, isOptional: false });
      this.#remember(person, `obs-${index}`, index);
    }
    for (const person of [...this.people, ...this.people]) await this.#sync(person);
  }

  close(): void {
    for (const { member } of this.people) member.close();
  }

  async take({ kind, who, row, number }: SlowStep, index: number): Promise<void> {
    const person = this.people[who];
    if (!person) return;
    this.#now += 90_000;
    const key = `obs-${row}`;
    switch (kind) {
      case 'edit':
        this.#edit(person, key, `row ${row} change ${index}`, row);
        return;
      case 'remove':
        this.#remove(person, key, number > 0);
        return;
      case 'clock':
        person.offset = number;
        return;
      case 'sync':
        return this.#sync(person);
      case 'import':
        return this.#checked(person, async () => void (await person.member.importNew()));
      case 'export':
        return this.#export(person);
      case 'undo':
        return this.#undo(person, number);
      case 'again':
        return this.#importAgain(person);
      case 'loseIndex':
        for (const changes of person.pending.values()) for (const change of changes) change.isOptional = true;
        person.member.loseIndex();
        person.isBlind = true;
        return;
      case 'pull':
        return this.#pull(person, key, row, number);
      case 'backfill':
        person.agent.backfill();
    }
  }

  /** Everybody gets everything; then all must have the same, and nothing that somebody has made something from. */
  async end(): Promise<void> {
    for (const person of this.people) await this.#importAgain(person);
    for (let round = 0; ; round += 1) {
      const before = this.folder.chunks.size;
      for (const person of this.people) await this.#sync(person);
      if (this.folder.chunks.size === before) break;
      assert.ok(round < MOST_ROUNDS, 'somebody writes for ever');
    }
    for (const person of this.people.filter(({ pulled }) => pulled.size > 0)) {
      person.member.loseIndex();
      await this.#sync(person);
    }
    for (let row = 0; row < ROWS; row += 1) this.#compare(`obs-${row}`);
  }

  #compare(key: string): void {
    const [first, ...others] = this.people.map((person) => person.content(key));
    for (const other of others) assert.equal(other, first, `${key} differs`);
    const last = first === undefined ? undefined : this.#changes.get(first);
    const replaced = [...this.#changes.values()].filter((change) => !change.isOptional && last !== undefined && isMadeFrom(change, last));
    assert.deepEqual(
      replaced.map(({ text }) => text),
      [],
      `${key} ends as ${first}, from which these were made`,
    );
  }

  #edit(person: Person, key: string, text: string, row: number): void {
    const before = person.content(key);
    if (before === undefined) return;
    person.agent.edit(key, text);
    // Made from something that the program alone has pulled: when that was, no chunk of ours tells.
    const isOptional = person.isBlind || person.pulled.get(key) === before;
    this.#note(person, key, { text, from: this.#changes.get(before), isOptional });
    this.#remember(person, key, row);
  }

  #remove(person: Person, key: string, isHard: boolean): void {
    const before = person.content(key);
    if (before === undefined) return;
    person.agent.remove(key, isHard);
    const isOptional = person.isBlind || person.pulled.get(key) === before;
    const change = { text: `gone ${this.#changes.size}`, from: this.#changes.get(before), isOptional };
    this.#note(person, key, change);
    person.goneBy.set(key, change);
  }

  #note(person: Person, key: string, change: Change): void {
    this.#changes.set(change.text, change);
    const pending = person.pending.get(key) ?? new Set();
    person.pending.set(key, pending.add(change));
  }

  #remember(person: Person, key: string, row: number): void {
    const found = person.member.store.observation(key);
    if (!found) return;
    const { content, updatedAt, revisionCount } = found;
    this.#versions.push({ row, content, updatedAt, revisionCount: Number(revisionCount) });
  }

  /** The program gets an older version from its own cloud and puts it over whatever is there. */
  #pull(person: Person, key: string, row: number, number: number): void {
    const versions = this.#versions.filter((version) => version.row === row);
    const version = versions.at(Math.abs(number) % Math.max(versions.length, 1));
    if (!version || !person.member.store.observation(key)) return;
    for (const change of person.pending.get(key) ?? []) change.isOptional = true;
    person.goneBy.delete(key);
    person.agent.pull(key, version);
    person.pulled.set(key, version.content);
  }

  async #sync(person: Person): Promise<void> {
    await this.#checked(person, async () => void (await person.member.importNew()));
    await this.#export(person);
  }

  async #export(person: Person): Promise<void> {
    await this.#checked(person, async () => void (await person.member.exportNew()));
    person.pending.clear();
  }

  /** Nothing that is done may put a version in the place of one that was made from it. */
  async #checked(person: Person, work: () => Promise<void>): Promise<void> {
    const keys = Array.from({ length: ROWS }, (_, row) => `obs-${row}`);
    const before = keys.map((key) => [key, this.#changes.get(person.content(key) ?? '') ?? person.goneBy.get(key)] as const);
    await work();
    person.isBlind = false;
    for (const [key, was] of before) {
      const text = person.content(key);
      if (text !== undefined) person.goneBy.delete(key);
      const is = text === undefined ? undefined : this.#changes.get(text);
      const wasKept = was !== undefined && !was.isOptional && person.pulled.get(key) !== was.text;
      const isBack = wasKept && is !== undefined && isMadeFrom(was, is);
      assert.ok(!isBack, `${person.member.name}: ${is?.text} is back in the place of ${was?.text}`);
    }
  }

  /** What a person undoes they have seen: the changes made from it stay. */
  async #undo({ member }: Person, number: number): Promise<void> {
    const undone = member.store.undoneChunks();
    const recorded = member.store.importedChunks();
    const ids = [...member.index.chunks().values()].filter(
      (chunk) => !chunk.exportedHere && recorded.has(chunk.id) && !undone.has(chunk.id),
    );
    const chunk = ids.at(Math.abs(number) % Math.max(ids.length, 1));
    if (chunk) await member.undo(chunk.id);
  }

  async #importAgain(person: Person): Promise<void> {
    const ids = [...person.member.store.undoneChunks()] as ChunkId[];
    if (ids.length > 0) await person.member.importNew(ids);
  }
}

/** Whether `change` was made from `other`, at first or second hand. */
function isMadeFrom(change: Change, other: Change): boolean {
  for (let from = change.from; from !== undefined; from = from.from) if (from === other) return true;
  return false;
}

/** Agents with clocks that are years off, and everything else that happens to databases. */
export function slowClockProperty(blank: BlankDatabases): fc.IAsyncProperty<[readonly SlowStep[]]> {
  return fc.asyncProperty(slowSteps, async (steps) => {
    const team = new SlowTeam(blank);
    try {
      await team.begin();
      for (const [index, step] of steps.entries()) await team.take(step, index);
      await team.end();
    } finally {
      team.close();
    }
  });
}
