import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashNormalized } from '../../src/engine/goText.ts';
import { putManifest } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { HOSTILE, LONG, observation, prompt, relation, session } from './everything.ts';
import type { History, Step } from './histories.ts';
import { OurMember } from './ourFolder.ts';
import { insert, type Row, type Rows, rowOf } from './rows.ts';

/** A row as the history has it. */
interface Thing {
  readonly table: keyof Rows;
  readonly id: string;
  /** The member who made it. */
  readonly owner: number;
  row: Row;
  isHidden: boolean;
  /** As it was when it was first shared; `undefined`: it never was. */
  first: Row | undefined;
}

/** A history played to its end. */
export interface Played {
  readonly root: string;
  /** What a member knows to whom edits and deletions come: by what the history says, read from no database. */
  readonly last: Rows;
  /** What a member knows to whom only new rows come: each as it was when it was first shared. */
  readonly first: Rows;
  /** What the two members of ours hold of it. */
  readonly ours: readonly Rows[];
}

const TABLES = { sessions: 'sessions', observations: 'observations', prompts: 'user_prompts', relations: 'memory_relations' } as const;
const TEXTS = [HOSTILE, 'plain', '', '👩‍👩‍👧‍👦 e\u0301', 'a\0b', '\u2028</b>', 'Ünïcode  and\ttabs\n', '\ufffd \ufeff'];
/** One text in so many is a long one. */
const LONG_EVERY = 40;

/**
 * Plays a history with two members of ours, who write to their databases as an agent would and pull each other's chunks. All ids begin
 * with `name`, so that many histories fit into one folder.
 *
 * @throws {Error} where the two do not come to rest
 */
export async function play(name: string, history: History): Promise<Played> {
  const members = history.team === 'alone' ? [new OurMember()] : [new OurMember(), new OurMember()];
  for (const member of members) await databaseFrom(member.root, []);
  const game = new Game(name, history, members);
  for (const [index, step] of history.steps.entries()) await game.play(step, index);
  await game.settle();
  const ours = members.map((member) => member.rows());
  for (const member of members) await member.folder.close();
  return { root: game.member(0).root, last: game.outcome(false), first: game.outcome(true), ours };
}

class Game {
  readonly #members: readonly OurMember[];
  readonly #name: string;
  readonly #history: History;
  readonly #things: Thing[] = [];
  #current = 0;
  #at = '';
  /** Whether the member at work has changed anything since the last share; only asked where one works at a time. */
  #isDirty = false;

  constructor(name: string, history: History, members: readonly OurMember[]) {
    this.#name = name;
    this.#history = history;
    this.#members = members;
  }

  member(number: number): OurMember {
    const member = this.#members[number];
    if (!member) throw new Error(`there is no member ${number}`);
    return member;
  }

  /** A minute passes with every step. */
  async play(step: Step, index: number): Promise<void> {
    this.#at = new Date(Date.UTC(2024, 0, 1, 0, index)).toISOString().slice(0, 19).replace('T', ' ');
    const member = step.member % this.#members.length;
    if (this.#current !== member && this.#history.team === 'in-turn') await this.#handOver(member);
    this.#current = member;
    if (step.kind === 'share') {
      await this.#share(member);
    } else {
      this.#actions(step)[step.kind]();
      this.#isDirty = true;
    }
  }

  /** All pull and share in turn, until nobody has shared anything since another did. */
  async settle(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; quiet < this.#members.length; turn += 1) {
      if (turn > 4) throw new Error(`${this.#name} does not come to rest`);
      const member = turn % this.#members.length;
      this.#pull(member);
      quiet = (await this.#share(member)).length === 0 ? quiet + 1 : 0;
    }
  }

  outcome(asFirstShared: boolean): Rows {
    const shared = this.#things.filter((thing) => thing.first !== undefined && (asFirstShared || !thing.isHidden));
    const rows = (table: keyof Rows): Row[] => {
      const things = shared.filter((thing) => thing.table === table).sort((a, b) => (a.id < b.id ? -1 : 1));
      return things.map((thing) => rowOf(table, (asFirstShared ? thing.first : thing.row) ?? {}));
    };
    return { sessions: rows('sessions'), observations: rows('observations'), prompts: rows('prompts'), relations: rows('relations') };
  }

  async #handOver(to: number): Promise<void> {
    if (this.#isDirty) await this.#share(this.#current);
    this.#pull(to);
    await this.member(to).folder.importChunks({});
  }

  /** New chunks and manifest entries of the other, as a merge in git unites them. */
  #pull(to: number): void {
    const [mine, theirs] = [this.member(to).root, this.member((to + 1) % this.#members.length).root];
    if (mine === theirs || !existsSync(join(theirs, 'manifest.json'))) return;
    copyMissing(join(theirs, 'chunks'), join(mine, 'chunks'));
    const [own, others] = [entriesOf(mine), entriesOf(theirs)];
    const known = new Set(own.map((entry) => entry.id));
    putManifest(mine, { version: 2, chunks: [...own, ...others.filter((entry) => !known.has(entry.id))] });
  }

  async #share(member: number): Promise<readonly string[]> {
    const written = await this.member(member).sync();
    this.#isDirty = false;
    const unshared = this.#things.filter((thing) => thing.owner === member && thing.first === undefined && this.#mayLeave(thing));
    for (const thing of unshared) thing.first = thing.row;
    return written;
  }

  #actions(step: Step): Readonly<Record<Exclude<Step['kind'], 'share'>, () => void>> {
    const at = this.#at;
    const [text, title] = [textOf(step.text), TEXTS[step.other % TEXTS.length] ?? ''];
    const live = this.#within('observations', (thing) => !thing.isHidden);
    const [one, other] = [pick(live, step.pick), pick(live, step.other)];
    const open = this.#within('sessions', (thing) => thing.row['ended_at'] === undefined);
    // A deleted one is brought back by whoever made it: another member may never have had its row.
    const hidden = this.#within('observations', (thing) => thing.isHidden && thing.owner === this.#current);
    const prompts = this.#within('prompts', (thing) => !thing.isHidden);
    const directory = [...text].slice(0, 9).join('') || 'demo';
    const revision = Number(one?.row['revision_count'] ?? 1) + 1;
    const edited = { title, content: text, normalized_hash: hashNormalized(text), updated_at: at, revision_count: revision };
    return {
      session: () => this.#add('sessions', session(this.#newId('s'), { started_at: at, directory })),
      end: () => this.#change(pick(open, step.pick), { ended_at: at, summary: text || null }),
      save: () => this.#add('observations', observation(this.#newId('o'), this.#session(step), { title, content: text, created_at: at })),
      edit: () => this.#change(one, edited),
      delete: () => this.#change(one, { deleted_at: at, updated_at: at }),
      revive: () => this.#change(pick(hidden, step.pick), { deleted_at: null, updated_at: at }),
      prompt: () => this.#add('prompts', prompt(this.#newId('p'), this.#session(step), { content: text, created_at: at })),
      unprompt: () => this.#deletePrompt(pick(prompts, step.pick)),
      relate: () => this.#relate(one, other),
    };
  }

  #relate(one: Thing | undefined, other: Thing | undefined): void {
    if (one && other && one !== other) this.#add('relations', { ...relation(this.#newId('r'), one.id, other.id), updated_at: this.#at });
  }

  /** Rows that the member at work has and may change: only the own ones where both work at once. */
  #within(table: keyof Rows, test: (thing: Thing) => boolean): Thing[] {
    const isMine = (thing: Thing): boolean =>
      thing.owner === this.#current || (this.#history.team === 'in-turn' && thing.first !== undefined);
    return this.#things.filter((thing) => thing.table === table && isMine(thing) && test(thing));
  }

  /** A session for a new row; the first one is made with it. */
  #session(step: Step): string {
    const sessions = (): Thing[] => this.#within('sessions', () => true);
    if (sessions().length === 0) this.#add('sessions', session(this.#newId('s'), { started_at: this.#at }));
    return pick(sessions(), step.pick)?.id ?? '';
  }

  #newId(kind: string): string {
    return `${this.#name}-${kind}${this.#things.length}`;
  }

  #add(table: keyof Rows, row: Row): void {
    this.member(this.#current).write((database) => insert(database, TABLES[table], row));
    const id = String(row['sync_id'] ?? row['id']);
    this.#things.push({ table, id, owner: this.#current, row, isHidden: false, first: undefined });
  }

  #change(thing: Thing | undefined, values: Row): void {
    if (!thing) return;
    const key = thing.table === 'sessions' ? 'id' : 'sync_id';
    const names = Object.keys(values);
    const sql = `UPDATE ${TABLES[thing.table]} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE ${key} = ?`;
    this.member(this.#current).write((database) => database.prepare(sql).run(...Object.values(values), thing.id));
    thing.row = { ...thing.row, ...values };
    thing.isHidden = typeof thing.row['deleted_at'] === 'string';
  }

  #deletePrompt(thing: Thing | undefined): void {
    if (!thing) return;
    thing.isHidden = true;
    this.member(this.#current).write((database) => {
      database.prepare('DELETE FROM user_prompts WHERE sync_id = ?').run(thing.id);
      insert(database, 'prompt_tombstones', { sync_id: thing.id, session_id: thing.row['session_id'] ?? '', deleted_at: this.#at });
    });
  }

  /** What was deleted before it was shared stays at home, a session with nothing else in it too, and a relation without both ends. */
  #mayLeave({ table, id, row, isHidden }: Thing): boolean {
    const isLive = (syncId: unknown): boolean => this.#things.some((thing) => thing.id === syncId && !thing.isHidden);
    if (table === 'relations') return isLive(row['source_id']) && isLive(row['target_id']);
    if (table !== 'sessions') return !isHidden;
    const inside = this.#things.filter((thing) => thing.row['session_id'] === id && thing.table !== 'relations');
    return inside.some((thing) => !thing.isHidden) || !inside.some((thing) => thing.table === 'observations');
  }
}

/** Copies the files of a folder that are not in the other one yet. */
export function copyMissing(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const there = new Set(readdirSync(to));
  for (const name of existsSync(from) ? readdirSync(from) : []) if (!there.has(name)) copyFileSync(join(from, name), join(to, name));
}

export function entriesOf(root: string): { readonly id: string }[] {
  return existsSync(join(root, 'manifest.json')) ? JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).chunks : [];
}

function pick(things: readonly Thing[], number: number): Thing | undefined {
  return things.length === 0 ? undefined : things[number % things.length];
}

function textOf(number: number): string {
  return number % LONG_EVERY === 0 ? LONG : (TEXTS[number % TEXTS.length] ?? '');
}
