import { versionKey } from './chunkVersions.ts';
import { instantOf } from './goTime.ts';
import type { Holding } from './held.ts';
import type { ChunkEntry, ChunkId } from './manifest.ts';

/** For a chunk those that have to stand before it. */
export type Precedence = ReadonlyMap<ChunkId, ReadonlySet<ChunkId>>;

/**
 * Which chunks have to stand before which: one whose arrays hold a row before every one whose mutations name that row. Engram v1.16.1
 * applies chunks in the order of the manifest, and a row of an array that comes after its edit undoes the edit.
 * Sessions do not count: of a session that it has already that program ignores what an array says.
 */
export function precedenceOf(holdings: Iterable<Holding>): Precedence {
  const inArrays = new Map<string, ChunkId[]>();
  const inMutations: { readonly row: string; readonly chunk: ChunkId }[] = [];
  for (const { entity, key, inArray, chunkId } of holdings) {
    if (entity === 'session' || entity === 'relation') continue;
    const row = versionKey(entity, key);
    if (!inArray) inMutations.push({ row, chunk: chunkId });
    else inArrays.set(row, [...(inArrays.get(row) ?? []), chunkId]);
  }
  const precedence = new Map<ChunkId, Set<ChunkId>>();
  for (const { row, chunk } of inMutations) {
    const before = precedence.get(chunk) ?? new Set();
    for (const holder of inArrays.get(row) ?? []) if (holder !== chunk) before.add(holder);
    if (before.size > 0) precedence.set(chunk, before);
  }
  return precedence;
}

/** Puts entries into a list by their time, then their id; those without a usable time at the end. What is in the list stays in its order. */
export function insertByTime(list: readonly ChunkEntry[], additions: readonly ChunkEntry[]): readonly ChunkEntry[] {
  if (additions.length === 0) return list;
  const timed = additions.map((entry) => ({ entry, time: instantOf(entry.createdAt) }));
  const sorted = timed.toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
  const slots: ChunkEntry[][] = Array.from({ length: list.length + 1 }, () => []);
  const there = list.map((entry) => ({ entry, time: instantOf(entry.createdAt) }));
  for (const addition of sorted) {
    const slot = addition.time === '' ? list.length : there.findLastIndex((one) => one.time !== '' && isBefore(one, addition)) + 1;
    slots[slot]?.push(addition.entry);
  }
  return slots.flatMap((slot, at) => [...slot, ...(list[at] ? [list[at]] : [])]);
}

interface Timed {
  readonly entry: ChunkEntry;
  /** An instant; `''` where there is none. */
  readonly time: string;
}

function isBefore(a: Timed, b: Timed): boolean {
  if (a.time !== b.time) return a.time !== '' && (b.time === '' || a.time < b.time);
  return a.entry.id < b.entry.id;
}

/**
 * Moves every entry behind those that have to stand before it, and no other: an order that is consistent stays as it is. Where chunks
 * each demand to stand before the other their order stays, too. Idempotent.
 */
export function inOrder(entries: readonly ChunkEntry[], precedence: Precedence): readonly ChunkEntry[] {
  return new Ordering(entries, precedence).run();
}

/** Of those that wait for no other always takes the first; where all wait for each other the first of all. */
class Ordering {
  readonly #entries: readonly ChunkEntry[];
  /** By place: how many others it waits for, and who waits for it. */
  readonly #waitsFor: number[];
  readonly #followers: number[][];
  readonly #isTaken: boolean[];
  readonly #result: ChunkEntry[] = [];

  constructor(entries: readonly ChunkEntry[], precedence: Precedence) {
    this.#entries = entries;
    this.#waitsFor = entries.map(() => 0);
    this.#followers = entries.map(() => []);
    this.#isTaken = entries.map(() => false);
    const places = new Map(entries.map(({ id }, place) => [id, place]));
    for (const [place, { id }] of entries.entries()) {
      for (const need of precedence.get(id) ?? []) this.#demand(place, places.get(need));
    }
  }

  run(): readonly ChunkEntry[] {
    for (const place of this.#entries.keys()) if (this.#waitsFor[place] === 0) this.#take(place, place);
    for (const place of this.#entries.keys()) this.#take(place, this.#entries.length);
    return this.#result;
  }

  #demand(place: number, need: number | undefined): void {
    if (need === undefined || need === place) return;
    this.#waitsFor[place] = (this.#waitsFor[place] ?? 0) + 1;
    this.#followers[need]?.push(place);
  }

  /** Takes one, and at once those before `limit` in the list that waited for it last. */
  #take(first: number, limit: number): void {
    const free = [first];
    for (let place = free.shift(); place !== undefined; place = free.shift()) {
      const entry = this.#entries[place];
      if (this.#isTaken[place] || !entry) continue;
      this.#isTaken[place] = true;
      this.#result.push(entry);
      for (const follower of this.#followers[place] ?? []) {
        const left = (this.#waitsFor[follower] ?? 0) - 1;
        this.#waitsFor[follower] = left;
        if (left === 0 && follower < limit) free.push(follower);
      }
      free.sort((a, b) => a - b);
    }
  }
}
