import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type GoldenCase, goldenCases, type Outcome, type Release } from './goldenCase.ts';
import { comparable, type Difference, Expected, type RowsOf } from './goldenExpected.ts';
import { runCase } from './goldenRun.ts';

/** How the cases of one golden file are judged. A case that is in neither list must be answered as v1.14.0 answers it. */
export interface GoldenTable<Reason extends string> {
  readonly file: Parameters<typeof goldenCases>[0];
  /** The closed list: why ours may answer otherwise. */
  readonly reasons: Readonly<Record<Reason, string>>;
  readonly differences: Readonly<Record<string, Difference<Reason>>>;
  /** Cases that v1.16.1 answers better than v1.14.0, and ours like it. */
  readonly asNewer?: readonly string[];
  /** What ours writes on purpose everywhere, applied to the answers of the Go program. */
  readonly asOurs?: (outcome: Outcome) => Outcome;
}

/**
 * Runs every case of the file as a test and prints how many are equal and how many differ on purpose, and why.
 *
 * @returns the cases; none where the golden data is absent
 */
export function testGoldenTable<Reason extends string>(table: GoldenTable<Reason>): readonly GoldenCase[] {
  const cases = goldenCases(table.file);
  if (cases.length > 0) console.log(summary(table, cases));
  describe.skipIf(cases.length === 0)(`golden/local/${table.file}`, () => {
    it('names no case that is not there, and no reason in vain', () => {
      const names = cases.map((one) => one.name);
      const listed = [...Object.keys(table.differences), ...(table.asNewer ?? [])];
      expect(listed.filter((name) => !names.includes(name))).toEqual([]);
      expect(new Set(listed).size).toBe(listed.length);
      const given = new Set(Object.values<Difference<Reason>>(table.differences).map((difference) => difference.reason));
      expect([...given].sort()).toEqual(Object.keys(table.reasons).sort());
    });

    it.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      judge(table, cases, one, comparable(await runCase(one)));
    });
  });
  return cases;
}

function judge<Reason extends string>(table: GoldenTable<Reason>, cases: readonly GoldenCase[], one: GoldenCase, ours: Outcome): void {
  const [older, newer] = [answerOf(table, one, 'v1.14.0'), answerOf(table, one, 'v1.16.1')];
  const difference = table.differences[one.name];
  const asNewer = table.asNewer?.includes(one.name) ?? false;
  if (asNewer) expect(newer, 'listed as better in v1.16.1').not.toEqual(older);
  expect(ours, difference && table.reasons[difference.reason]).toEqual(expectedOf(table, cases, one));
  if (difference)
    expect(
      [older, newer].some((golden) => isDeepStrictEqual(golden, ours)),
      'a difference that is none any more',
    ).toBe(false);
}

/** What ours must answer to a case: the answer of the Go program, or the listed difference to it. */
export function expectedOf<Reason extends string>(table: GoldenTable<Reason>, cases: readonly GoldenCase[], one: GoldenCase): Outcome {
  const difference = table.differences[one.name];
  if (!difference) return answerOf(table, one, table.asNewer?.includes(one.name) ? 'v1.16.1' : 'v1.14.0');
  const expected = new Expected(answerOf(table, one, difference.release ?? 'v1.14.0'));
  difference.change(expected, (name, release = 'v1.14.0') => rowsOfCase(cases, name, release));
  return comparable(expected.outcome);
}

function answerOf<Reason extends string>(table: GoldenTable<Reason>, one: GoldenCase, release: Release): Outcome {
  return comparable(table.asOurs?.(one.outcomes[release]) ?? one.outcomes[release]);
}

function rowsOfCase(cases: readonly GoldenCase[], name: string, release: Release): ReturnType<RowsOf> {
  const [tables] = Object.values(cases.find((one) => one.name === name)?.outcomes[release].databases ?? {});
  if (!tables) throw new Error(`no golden case ${name} with rows`);
  return tables;
}

function summary<Reason extends string>(table: GoldenTable<Reason>, cases: readonly GoldenCase[]): string {
  const differences = Object.values<Difference<Reason>>(table.differences);
  const counts = Object.keys(table.reasons).map((reason) => `${differences.filter((one) => one.reason === reason).length} ${reason}`);
  const equal = cases.length - differences.length;
  return `golden/local/${table.file}: ${cases.length} cases, ${equal} equal (${table.asNewer?.length ?? 0} to v1.16.1), ${differences.length} different on purpose (${counts.join(', ')})`;
}
