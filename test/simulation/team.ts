import type { Clone } from './clone.ts';
import { Ledger } from './ledger.ts';
import { Member } from './member.ts';
import type { DatabaseKit } from './memberDatabases.ts';
import { Random } from './random.ts';
import type { Scenario, Step } from './scenario.ts';
import { FOLDER_ACTIONS, MEMORY_ACTIONS } from './scenario.ts';
import { sayWhat } from './trace.ts';

const START = Date.UTC(2025, 0, 6, 9);
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

/** Time as everybody agrees on it; each member's clock is off by something of its own. */
export class World {
  now = START;

  clockOf(offset: { ms: number }): { now(): number } {
    return { now: () => this.now + offset.ms };
  }
}

/** Makes clones of one remote. */
export interface Hosting {
  clone(name: string, now: () => number): Clone;
  dispose(): void;
}

/** The people of one scenario and their remote. */
export class Team {
  readonly members: Member[] = [];
  readonly ledger = new Ledger();
  readonly trace: string[] = [];
  readonly #world = new World();
  readonly #offsets: { ms: number }[] = [];
  readonly #hosting: Hosting;
  readonly #kit: DatabaseKit;
  readonly #random: Random;

  constructor(scenario: Scenario, kit: DatabaseKit, hosting: (now: () => number) => Hosting) {
    this.#kit = kit;
    this.#random = new Random(scenario.seed ^ 0x5eed);
    this.#hosting = hosting(() => this.#world.now);
    for (let index = 0; index < scenario.people; index += 1) this.join(`member${index + 1}`);
  }

  /** Somebody new, with a fresh clone and empty databases. */
  join(name: string): Member {
    const offset = { ms: 0 };
    const clock = this.#world.clockOf(offset);
    const clone = this.#hosting.clone(name, clock.now);
    const member = new Member({ name, clone, clock, kit: this.#kit, random: new Random(this.#random.int(0, 2 ** 31)) });
    this.#offsets.push(offset);
    this.members.push(member);
    return member;
  }

  leave(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    member.databases.close();
  }

  async take(step: Step): Promise<void> {
    const member = this.members[step.who];
    if (!member) return;
    const random = new Random(step.seed);
    this.#world.now += random.oneOf(1_000, 20_000, 10 * 60_000, HOUR, 5 * HOUR);
    this.trace.push(`${member.name} ${step.name}`);
    if (step.name === 'clockJump') this.#jump(step.who, random);
    else if (step.name in MEMORY_ACTIONS) MEMORY_ACTIONS[step.name as keyof typeof MEMORY_ACTIONS](member, random, this.ledger);
    else await FOLDER_ACTIONS[step.name as keyof typeof FOLDER_ACTIONS](member, random);
    this.trace.push(...(await sayWhat(member)));
  }

  dispose(): void {
    for (const member of this.members) member.databases.close();
    this.#hosting.dispose();
  }

  /** One clock is set wrong, or right again, or days pass for all. */
  #jump(who: number, random: Random): void {
    const offset = this.#offsets[who];
    const days = random.int(-45, 45) * DAY;
    if (random.chance(0.3)) this.#world.now += Math.abs(days);
    else if (offset) offset.ms = random.chance(0.3) ? 0 : days;
  }
}
