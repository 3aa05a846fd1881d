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
  const members = [new OurMember(), new OurMember()] as const;
  for (const member of members) await databaseFrom(member.root, []);
  const game = new Game(name, history, members);
  for (const [index, step] of history.steps.entries()) await game.play(step, index);
  await game.settle();
  const ours = members.map((member) => member.rows());
  for (const member of members) await member.folder.close();
  return { root: members[0].root, last: game.outcome(false), first: game.outcome(true), ours };
}

class Game {
  readonly #members: readonly [OurMember, OurMember];
  readonly #name: string;
  readonly #history: History;
  readonly #things: Thing[] = [];
  #current: 0 | 1 = 0;
  #at = '';
  /** Whether the member at work has changed anything since the last share; only asked where one works at a time. */
  #isDirty = false;

  constructor(name: string, history: History, members: readonly [OurMember, OurMember]) {
    this.#name = name;
    this.#history = history;
    this.#members = members;
  }

  /** A minute passes with every step. */
  async play(step: Step, index: number): Promise<void> {
    this.#at = new Date(Date.UTC(2024, 0, 1, 0, index)).toISOString().slice(0, 19).replace('T', ' ');
    if (this.#current !== step.member && !this.#history.isConcurrent) await this.#handOver(step.member);
    this.#current = step.member;
    if (step.kind === 'share') await this.#share(step.member);
    else this.#do(step);
    if (step.kind !== 'share') this.#isDirty = true;
  }

  /** Both pull and share in turn, until each has shared nothing since the other did. */
  async settle(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; quiet < 2; turn += 1) {
      if (turn > 4) throw new Error(`${this.#name} does not come to rest`);
      const member = turn % 2 === 0 ? 0 : 1;
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

  async #handOver(to: 0 | 1): Promise<void> {
    if (this.#isDirty) await this.#share(this.#current);
    this.#pull(to);
    await this.#members[to].folder.importChunks({});
  }

  /** New chunks and manifest entries of the other, as a merge in git unites them. */
  #pull(to: 0 | 1): void {
    const [mine, theirs] = [this.#members[to].root, this.#members[to === 0 ? 1 : 0].root];
    if (!existsSync(join(theirs, 'manifest.json'))) return;
    copyMissing(join(theirs, 'chunks'), join(mine, 'chunks'));
    const [own, others] = [entriesOf(mine), entriesOf(theirs)];
    const known = new Set(own.map((entry) => entry.id));
    putManifest(mine, { version: 2, chunks: [...own, ...others.filter((entry) => !known.has(entry.id))] });
  }

  async #share(member: 0 | 1): Promise<readonly string[]> {
    const written = await this.#members[member].sync();
    this.#isDirty = false;
    const unshared = this.#things.filter((thing) => thing.owner === member && thing.first === undefined && this.#mayLeave(thing));
    for (const thing of unshared) thing.first = thing.row;
    return written;
  }

  #do(step: Step): void {
    const observations = this.#within('observations', (thing) => !thing.isHidden);
    const [text, title] = [textOf(step.text), TEXTS[step.other % TEXTS.length] ?? ''];
    const one = pick(observations, step.pick);
    const other = pick(observations, step.other);
    const sessions = this.#within('sessions', () => true);
    const at = this.#at;
    const edited = { title, content: text, normalized_hash: hashNormalized(text), updated_at: at };
    switch (step.kind) {
      case 'session':
        return this.#add('sessions', session(this.#newId('s'), { started_at: at, directory: [...text].slice(0, 9).join('') || 'demo' }));
      case 'save':
        return this.#add('observations', observation(this.#newId('o'), this.#session(step), { title, content: text, created_at: at }));
      case 'prompt':
        return this.#add('prompts', prompt(this.#newId('p'), this.#session(step), { content: text, created_at: at }));
      case 'relate':
        if (one && other && one !== other) this.#add('relations', { ...relation(this.#newId('r'), one.id, other.id), updated_at: at });
        return;
      case 'edit':
        return this.#change(one, { ...edited, revision_count: Number(one?.row['revision_count'] ?? 1) + 1 });
      case 'delete':
        return this.#change(one, { deleted_at: at, updated_at: at });
      case 'revive':
        return this.#change(
          pick(
            this.#within('observations', (thing) => thing.isHidden && thing.owner === step.member),
            step.pick,
          ),
          { deleted_at: null, updated_at: at },
        );
      case 'end':
        return this.#change(
          pick(
            sessions.filter((thing) => !thing.row['ended_at']),
            step.pick,
          ),
          { ended_at: at, summary: text || null },
        );
      case 'unprompt':
        return this.#deletePrompt(
          pick(
            this.#within('prompts', (thing) => !thing.isHidden),
            step.pick,
          ),
        );
      default:
    }
  }

  /** Rows that the member at work has and may change: only the own ones where both work at once. */
  #within(table: keyof Rows, test: (thing: Thing) => boolean): Thing[] {
    const isMine = (thing: Thing): boolean => thing.owner === this.#current || (!this.#history.isConcurrent && thing.first !== undefined);
    return this.#things.filter((thing) => thing.table === table && isMine(thing) && test(thing));
  }

  #session(step: Step): string {
    const sessions = this.#within('sessions', () => true);
    if (sessions.length === 0) this.#add('sessions', session(this.#newId('s'), { started_at: this.#at }));
    return (
      pick(
        this.#within('sessions', () => true),
        step.pick,
      )?.id ?? ''
    );
  }

  #newId(kind: string): string {
    return `${this.#name}-${kind}${this.#things.length}`;
  }

  #add(table: keyof Rows, row: Row): void {
    this.#members[this.#current].write((database) => insert(database, TABLES[table], row));
    const id = String(row['sync_id'] ?? row['id']);
    this.#things.push({ table, id, owner: this.#current, row, isHidden: false, first: undefined });
  }

  #change(thing: Thing | undefined, values: Row): void {
    if (!thing) return;
    const key = thing.table === 'sessions' ? 'id' : 'sync_id';
    const names = Object.keys(values);
    const sql = `UPDATE ${TABLES[thing.table]} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE ${key} = ?`;
    this.#members[this.#current].write((database) => database.prepare(sql).run(...Object.values(values), thing.id));
    thing.row = { ...thing.row, ...values };
    thing.isHidden = typeof thing.row['deleted_at'] === 'string';
  }

  #deletePrompt(thing: Thing | undefined): void {
    if (!thing) return;
    thing.isHidden = true;
    this.#members[this.#current].write((database) => {
      database.prepare('DELETE FROM user_prompts WHERE sync_id = ?').run(thing.id);
      insert(database, 'prompt_tombstones', { sync_id: thing.id, session_id: thing.row['session_id'] ?? '', deleted_at: this.#at });
    });
  }

  /** What was deleted before it was shared stays at home, a session with nothing else in it too, and a relation without both ends. */
  #mayLeave({ table, id, row, isHidden }: Thing): boolean {
    const inside = this.#things.filter((thing) => thing.row['session_id'] === id && thing.table !== 'relations');
    if (table === 'sessions') return inside.some((thing) => !thing.isHidden) || !inside.some((thing) => thing.table === 'observations');
    if (table === 'relations')
      return ['source_id', 'target_id'].every((end) => this.#things.some((thing) => thing.id === row[end] && !thing.isHidden));
    return !isHidden;
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
