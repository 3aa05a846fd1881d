import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeText } from '../../simulation/mergeText.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** Entries as a manifest has them: some lines are the same in all of them, and only the last has no comma. */
function manifestOf(ids: readonly number[]): string {
  const entries = ids.map((id) => `    {\n      "id": "${id}",\n      "created_by": "${id % 2 ? 'ana' : 'bob'}"\n    }`);
  return `{\n  "version": 2,\n  "chunks": [${entries.length > 0 ? `\n${entries.join(',\n')}\n  ` : ''}]\n}`;
}

const base = fc.uniqueArray(fc.nat(20), { maxLength: 5 });
/**
 * One side's edit, as exports and mistakes do it: some entries go, or others come at the end, on each side others. (Where one side does both,
 * git at times finds another way to say what changed, and one merge of a thousand comes out otherwise.)
 */
function sideFrom(least: number): fc.Arbitrary<{ dropped: number[]; added: number[] }> {
  const added = fc.uniqueArray(fc.integer({ min: least, max: least + 20 }), { maxLength: 3 });
  const dropped = fc.uniqueArray(fc.nat(20), { maxLength: 2 });
  return fc.oneof(fc.record({ dropped: fc.constant<number[]>([]), added }), fc.record({ dropped, added: fc.constant<number[]>([]) }));
}

function edited(ids: readonly number[], { dropped, added }: { dropped: number[]; added: number[] }): string {
  const kept = ids.filter((id) => !dropped.includes(id));
  return manifestOf([...kept, ...added]);
}

function gitMerge(folder: string, texts: readonly [string, string, string]): { text: string; conflicted: boolean } {
  const files = texts.map((text, index) => {
    const file = join(folder, `${index}`);
    writeFileSync(file, text);
    return file;
  });
  const { stdout, status } = spawnSync('git', ['merge-file', '-p', '-L', 'HEAD', '-L', 'base', '-L', 'theirs', ...files], {
    encoding: 'utf8',
  });
  return { text: stdout, conflicted: status !== 0 };
}

/** What stands on one side of the markers and outside of them. */
function sideOf(text: string, wanted: 'ours' | 'theirs'): string {
  let at: 'both' | 'ours' | 'theirs' = 'both';
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('<<<<<<<')) at = 'ours';
    else if (line.startsWith('=======')) at = 'theirs';
    else if (line.startsWith('>>>>>>>')) at = 'both';
    else if (at === 'both' || at === wanted) lines.push(line);
  }
  return lines.join('\n').trimEnd();
}

it('merges and conflicts as git does', () => {
  expect(execFileSync('git', ['--version'], { encoding: 'utf8' })).toMatch(/^git version/);
  const folder = temporaryFolder();
  fc.assert(
    fc.property(base, sideFrom(30), sideFrom(60), (ids, left, right) => {
      const [ours, before, theirs] = [edited(ids, left), manifestOf(ids), edited(ids, right)];
      const expected = gitMerge(folder, [ours, before, theirs]);
      const merged = mergeText(before, ours, theirs, 'theirs');
      expect(merged.conflicted).toBe(expected.conflicted);
      for (const which of ['ours', 'theirs'] as const) expect(sideOf(merged.text, which)).toBe(sideOf(expected.text, which));
    }),
    { numRuns: 200 },
  );
});
