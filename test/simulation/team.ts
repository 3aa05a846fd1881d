import { actAsAgent, isAgentAction } from './agentActions.ts';
import type { Clone } from './clone.ts';
import { GO_ACTIONS } from './goActions.ts';
import { GoMember } from './goMember.ts';
import { Ledger } from './ledger.ts';
import { Member } from './member.ts';
import type { DatabaseKit } from './memberDatabases.ts';
import { MEMORY_ACTIONS, type MemoryActionName } from './memoryActions.ts';
import { Random } from './random.ts';
import type { Scenario, Step, StepName } from './scenario.ts';
import { FOLDER_ACTIONS } from './scenario.ts';
import type { Program, Teammate } from './teammate.ts';
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

export interface TeamOptions {
  readonly kit: DatabaseKit;
  readonly hosting: (now: () => number) => Hosting;
  readonly isTraced: boolean;
}

/** The people of one scenario and their remote. */
export class Team {
  readonly everybody: Teammate[] = [];
  readonly ledger = new Ledger();
  readonly trace: string[] = [];
  readonly #world = new World();
  readonly #offsets: { ms: number }[] = [];
  readonly #hosting: Hosting;
  readonly #kit: DatabaseKit;
  readonly #random: Random;
  readonly #isTraced: boolean;

  /** @param isTraced whether the trace tells how each folder stands, which takes time. */
  constructor(scenario: Scenario, { kit, hosting, isTraced }: TeamOptions) {
    this.#isTraced = isTraced;
    this.#kit = kit;
    this.#random = new Random(scenario.seed ^ 0x5eed);
    this.#hosting = hosting(() => this.#world.now);
    for (const [index, program] of scenario.people.entries()) this.join(`member${index + 1}`, program);
  }

  get ours(): readonly Member[] {
    return this.everybody.filter((teammate) => teammate instanceof Member);
  }

  get others(): readonly GoMember[] {
    return this.everybody.filter((teammate) => teammate instanceof GoMember);
  }

  /** Somebody new, with a fresh clone and empty databases. */
  join(name: string, program: Program): Teammate {
    const offset = { ms: 0 };
    const clock = this.#world.clockOf(offset);
    const clone = this.#hosting.clone(name, clock.now);
    const random = new Random(this.#random.int(0, 2 ** 31));
    const common = { name, clone, clock, random };
    const isInPlace = this.#random.chance(0.4);
    const teammate = program === 'ours' ? new Member({ ...common, kit: this.#kit, isInPlace }) : new GoMember({ ...common, program });
    this.#offsets.push(offset);
    this.everybody.push(teammate);
    return teammate;
  }

  async take(step: Step): Promise<void> {
    const member = this.everybody[step.who];
    if (!member) return;
    const random = new Random(step.seed);
    this.#world.now += random.oneOf(1_000, 20_000, 10 * 60_000, HOUR, 5 * HOUR);
    this.trace.push(`${member.name} (${member.program}) ${step.name}`);
    if (step.name === 'clockJump') this.#jump(step.who, random);
    else if (isAgentAction(step.name)) {
      if (member instanceof Member) actAsAgent(step.name, member, random, this.ledger);
    } else if (!isMemoryAction(step.name)) await FOLDER_ACTIONS[step.name](member, random);
    else if (member instanceof GoMember) GO_ACTIONS[step.name](member, random);
    else if (member instanceof Member) {
      await member.stampSlowChanges();
      MEMORY_ACTIONS[step.name](member, random, this.ledger);
    }
    if (this.#isTraced) this.trace.push(...(await sayWhat(member)));
  }

  dispose(): void {
    for (const member of this.everybody) member.close();
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

function isMemoryAction(name: Exclude<StepName, 'clockJump'>): name is MemoryActionName {
  return name in MEMORY_ACTIONS;
}
