import type { RejectedRecord } from './records.ts';

/** More than a person reads, and nothing beside a chunk; a hostile one can hold millions of records that are none. */
const MAX_NAMED = 1_000;

/** The records of a chunk that could not be used: the first thousand by name, the rest as a number in the last of them. */
export class Rejections {
  readonly #list: RejectedRecord[] = [];

  get list(): readonly RejectedRecord[] {
    return this.#list;
  }

  add(path: string, reason: string): void {
    const last = this.#list.length < MAX_NAMED ? undefined : this.#list.pop();
    this.#list.push(last ? { ...last, andMore: (last.andMore ?? 0) + 1 } : { path, reason });
  }
}

/** How many records a list of {@link Rejections} stands for. */
export function countRejected(list: readonly RejectedRecord[] = []): number {
  return list.reduce((sum, { andMore = 0 }) => sum + 1 + andMore, 0);
}
